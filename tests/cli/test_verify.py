"""`registry verify`: exit code 0 when a signature holds, 1 when it does not, 2 when that cannot be told."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from support.signatures import FILES, IDENTITY, changed, make_issuer, signed_package


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Path:
    """A signed package; its root is beside it."""
    folder = tmp_path_factory.mktemp("signed")
    issuer = make_issuer()
    (folder / "root.pem").write_bytes(issuer.root.certificate.public_bytes(Encoding.PEM))
    return signed_package(folder, issuer)


@pytest.fixture
def root(signed) -> Path:
    return signed.parent / "root.pem"


@pytest.fixture
def tampered(signed, tmp_path) -> Path:
    copy = tmp_path / "tampered.xpi"
    copy.write_bytes(signed.read_bytes())
    return changed(copy, lambda files: files.update({"js/main.js": b"alert()"}))


def test_a_signature_that_holds(cli, signed, root):
    answer = cli("verify", signed, "--root", root, "--id", IDENTITY)

    assert answer.exit_code == 0
    assert answer.output.startswith(f"{signed}: valid.\n")
    assert f"All {len(FILES)} files are as they were signed" in answer.output
    assert f"It is the extension {IDENTITY} (as asked for)." in answer.output


def test_without_an_id_it_says_that_nothing_was_compared(cli, signed, root):
    assert f"It is the extension {IDENTITY} (not compared" in cli("verify", signed, "--root", root).output


def test_as_json(cli, signed, root):
    answer = json.loads(cli("verify", signed, "--root", root, "--json").output)

    assert (answer["valid"], answer["identity"], answer["entries"]) == (True, IDENTITY, len(FILES))


def test_a_file_that_was_changed(cli, tampered, root):
    answer = cli("verify", tampered, "--root", root)

    assert answer.exit_code == 1
    assert answer.output.startswith(f"{tampered}: NOT valid. ENTRY_CHANGED: ")


def test_a_file_that_was_changed_as_json(cli, tampered, root):
    answer = cli("verify", tampered, "--root", root, "--json")

    assert answer.exit_code == 1
    assert (
        json.loads(answer.output).items()
        >= {"valid": False, "code": "ENTRY_CHANGED", "path": "js/main.js"}.items()
    )


def test_another_extension(cli, signed, root):
    answer = cli("verify", signed, "--root", root, "--id", "other@example.org")

    assert (answer.exit_code, "IDENTITY_WRONG" in answer.output) == (1, True)


def test_a_root_of_somebody_else(cli, signed, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(make_issuer().root.certificate.public_bytes(Encoding.PEM))

    assert cli("verify", signed, "--root", other).exit_code == 1


@pytest.mark.parametrize(("package", "trusted"), [("no.xpi", "root.pem"), (".", "root.pem"), ("", "no.pem")])
def test_a_file_that_cannot_be_read(cli, signed, package, trusted):
    path = signed.parent / package if package else signed
    answer = cli("verify", path, "--root", signed.parent / trusted)

    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)


def test_a_root_that_is_none(cli, signed):
    answer = cli("verify", signed, "--root", signed)

    assert (answer.exit_code, answer.output) == (2, f"registry: {signed}: no certificate in PEM form.\n")


def test_no_root(cli, signed):
    assert cli("verify", signed).exit_code == 2
