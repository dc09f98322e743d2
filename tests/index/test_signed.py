"""The signed index: good offline, with openssl too; refused when tampered with, mistaken, old or expired."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.signing import SignatureInvalid, sign_index, verify_index
from registry.signing.certificates import make_end_entity
from registry.signing.cms import sign
from support.signatures import make_issuer, signed_package

NOW = datetime.now(UTC).replace(microsecond=0)
EXPIRES = NOW + timedelta(days=7)


@pytest.fixture(scope="module")
def issuer():
    return make_issuer()


def index(serial=7, **fields):
    whole = {
        "serial": serial,
        "seq": 40,
        "issued": NOW.isoformat(),
        "expires": EXPIRES.isoformat(),
        "extensions": [],
    }
    return json.dumps(whole | fields).encode()


def check(issuer, data, signature, **wanted):
    return verify_index(data, signature, [issuer.root.certificate], **{"at": NOW} | wanted)


def code(issuer, data, signature, **wanted):
    with pytest.raises(SignatureInvalid) as raised:
        check(issuer, data, signature, **wanted)
    return raised.value.code


def test_an_index_that_holds(issuer):
    found = check(issuer, index(), sign_index(index(), "listing", issuer), kind="listing", newer_than=6)
    assert (found.kind, found.serial, found.seq, found.key_id) == ("listing", 7, 40, issuer.key_id)
    assert (found.issued, found.expires) == (NOW, EXPIRES)


def test_what_does_not_hold(issuer):
    data, signature = index(), sign_index(index(), "listing", issuer)
    assert code(issuer, data.replace(b"40", b"41"), signature) == "PKCS7_WRONG"
    assert code(issuer, data, signature[:-1]) == "PKCS7_MALFORMED"
    assert code(issuer, data, b"") == "PKCS7_MALFORMED"
    assert code(issuer, data, signature, kind="blocklist") == "IDENTITY_WRONG"
    assert code(make_issuer(), data, signature) == "CHAIN_UNTRUSTED"
    assert code(issuer, data, signature, newer_than=7) == "INDEX_ROLLED_BACK"
    assert code(issuer, data, signature, newer_than=8) == "INDEX_ROLLED_BACK"
    for late in (timedelta(days=7), timedelta(days=800)):
        assert code(issuer, data, signature, at=NOW + late) == "INDEX_EXPIRED"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        index(serial="7"),
        index(serial=True),
        index(expires="soon"),
        index(expires="2026-06-08T00:00:00"),
        index(seq=None),
    ],
    ids=range(8),
)
def test_signed_bytes_that_are_no_index(issuer, data):
    assert code(issuer, data, sign_index(data, "listing", issuer)) == "INDEX_MALFORMED"


@pytest.mark.parametrize("name", ["word-tally", "listing", "registry-index", "{1234}"])
def test_a_package_s_certificate_signs_no_index(issuer, name):
    signer = make_end_entity(issuer.certificate, issuer.private_key, name)
    signature = sign(index(), signer.private_key, signer.certificate, issuer.chain)
    assert code(issuer, index(), signature) == "IDENTITY_WRONG"


@pytest.fixture
def files(issuer, tmp_path):
    def write(**fields):
        data = index(**fields)
        (tmp_path / "listing").write_bytes(data)
        (tmp_path / "listing.sig").write_bytes(sign_index(data, "listing", issuer))
        return tmp_path

    (tmp_path / "root.pem").write_bytes(issuer.root.certificate.public_bytes(Encoding.PEM))
    return write


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_agrees(files):
    folder = files()
    command = "openssl cms -verify -binary -inform DER -in listing.sig -content listing -CAfile root.pem -purpose any"

    def verify():
        return subprocess.run(command.split(), cwd=folder, capture_output=True, timeout=60).returncode

    assert verify() == 0
    (folder / "listing").write_bytes(index(serial=8))
    assert verify() != 0


def run(cli, folder, *more):
    return cli(
        "verify",
        "--index",
        folder / "listing",
        "--signature",
        folder / "listing.sig",
        "--root",
        folder / "root.pem",
        *more,
    )


def test_the_command(cli, files):
    answer = run(cli, files(), "--newer-than", "6", "--id", "listing")
    assert answer.exit_code == 0
    assert "valid.\n  It is the registry's listing, serial 7, as of event 40.\n" in answer.output
    found = json.loads(run(cli, files(), "--json").output)
    assert (found["valid"], found["serial"], found["kind"]) == (True, 7, "listing")


@pytest.mark.parametrize(
    ("fields", "more", "said"),
    [
        (
            {},
            ("--newer-than", "7"),
            "INDEX_ROLLED_BACK: Its serial is 7; one with the serial 7 was known already.",
        ),
        ({}, ("--id", "blocklist"), "IDENTITY_WRONG: This is the registry's listing, not its blocklist."),
        ({"expires": "2026-01-01T00:00:00Z"}, (), "INDEX_EXPIRED: It was good until 2026-01-01 00:00:00 UTC"),
    ],
)
def test_the_command_refuses(cli, files, fields, more, said):
    answer = run(cli, files(**fields), *more)
    assert answer.exit_code == 1
    assert f"NOT valid. {said}" in answer.output
    failed = run(cli, files(**fields), "--json", *more)
    assert json.loads(failed.output)["code"] == said.partition(":")[0]


def test_the_command_needs_to_know_what_to_check(cli, files, issuer):
    folder = files()
    package = signed_package(folder, issuer)
    root = ("--root", folder / "root.pem")
    for arguments in (
        (),
        (package, "--index", folder / "listing"),
        ("--index", folder / "listing"),
        (package, "--newer-than", "1"),
        ("--index", folder / "no", "--signature", folder / "listing.sig"),
    ):
        assert cli("verify", *arguments, *root).exit_code == 2
