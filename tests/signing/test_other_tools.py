"""What the clients' own tools say: jarsigner (strict), openssl cms.

Two of these tests hold down what jarsigner does not notice. They fail on the day it does, which is when
the comments in the verifier want another look.
"""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.packages.archive import open_archive
from registry.signing import sign, verify
from support.archives import build_zip
from support.signatures import (
    FILES,
    IDENTITY,
    Forgery,
    Issuer,
    changed,
    contents,
    end_entity,
    make_issuer,
    signed_package,
)

needs_jarsigner = pytest.mark.skipif(not shutil.which("jarsigner"), reason="jarsigner (a JDK) is not here")
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here")

PASSWORD = "changeit"
# Exit codes of jarsigner -strict, from its manual page: a sum of bits, or 1 for a file it cannot verify.
VERIFIED, BROKEN = 0, 1
EXPIRED_OR_NOT_TRUSTED, USAGE_WRONG, UNSIGNED_ENTRY = 4, 8, 16

ODD_NAMES = {
    **FILES,
    "naïve/日本語/" + "ä" * 90 + ".txt": b"wrapped within the name",
    "x" * 250: b"wrapped more than once",
    "manifest.mf": b"not the manifest",
    "lib/META-INF/x.rsa": b"not a signature here",
}


def jarsigner(path: Path, issuer: Issuer) -> int:
    store = path.with_suffix(".p12")
    certificates = [issuer.root.certificate, issuer.certificate]
    trusted = [PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(certificates)]
    store.write_bytes(serialize_java_truststore(trusted, BestAvailableEncryption(PASSWORD.encode())))
    command = ["jarsigner", "-verify", "-strict", "-keystore", store, "-storepass", PASSWORD, path]
    environment = {**os.environ, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -Xshare:auto"}
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode


@needs_jarsigner
def test_jarsigner_verifies_our_packages_strictly(tmp_path: Path, issuer: Issuer):
    assert jarsigner(signed_package(tmp_path, issuer, ODD_NAMES), issuer) == VERIFIED


@needs_jarsigner
def test_jarsigner_verifies_a_package_that_was_signed_before(tmp_path: Path, issuer: Issuer):
    first = signed_package(tmp_path, make_issuer(), FILES)
    files = contents(first) | {
        "META-INF/OLD.SF": b"old",
        "META-INF/OLD.DSA": b"old",
        "META-INF/SIG-OLD": b"old",
    }
    upload, target = tmp_path / "again.zip", tmp_path / "again.xpi"
    upload.write_bytes(build_zip(files))
    with open_archive(upload) as archive:
        sign(archive, IDENTITY, issuer, target)
    assert jarsigner(target, issuer) == VERIFIED


@needs_jarsigner
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda files: files.update({"js/main.js": b"evil()"}), BROKEN),
        (lambda files: files.update({"js/more.js": b""}), UNSIGNED_ENTRY),
        (lambda files: files.update({"META-INF/more.txt": b""}), UNSIGNED_ENTRY),
        # What jarsigner does not notice, and our verifier and Firefox do:
        (lambda files: files.pop("js/main.js"), VERIFIED),
        (lambda files: files.update({"META-INF/B.RSA": b"junk", "META-INF/B.SF": b"junk"}), VERIFIED),
    ],
    ids=["changed", "added", "added in META-INF", "removed (blind spot)", "second signature (blind spot)"],
)
def test_what_jarsigner_makes_of_changes(
    signed: Path, issuer: Issuer, tmp_path: Path, change: Callable, expected: int
):
    copy = tmp_path / "signed.xpi"
    copy.write_bytes(signed.read_bytes())
    path = changed(copy, change)
    found = jarsigner(path, issuer)
    assert found & expected if expected else found == VERIFIED
    with pytest.raises(Exception, match=r"^(ENTRY|SIGNATURE)_"):
        verify(path, issuer.roots)


@needs_jarsigner
def test_jarsigner_refuses_a_signer_certified_for_something_else(tmp_path: Path, issuer: Issuer):
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    path = Forgery(issuer, end_entity(issuer, usage=usage)).write(tmp_path / "x.xpi")
    assert jarsigner(path, issuer) & USAGE_WRONG


@needs_jarsigner
def test_jarsigner_refuses_an_expired_intermediate(tmp_path: Path):
    issuer = make_issuer(now=datetime.now(UTC) - timedelta(days=100), life=timedelta(days=30))
    signer = end_entity(issuer, now=datetime.now(UTC) - timedelta(days=90))
    path = Forgery(issuer, signer).write(tmp_path / "x.xpi")
    assert jarsigner(path, issuer) & EXPIRED_OR_NOT_TRUSTED


def openssl(path: Path, issuer: Issuer, tmp_path: Path) -> subprocess.CompletedProcess:
    with zipfile.ZipFile(path) as archive:
        for name in ("mozilla.rsa", "mozilla.sf"):
            (tmp_path / name).write_bytes(archive.read(f"META-INF/{name}"))
    (tmp_path / "root.pem").write_bytes(issuer.root.certificate.public_bytes(Encoding.PEM))
    command = "openssl cms -verify -binary -inform DER -in mozilla.rsa -content mozilla.sf -CAfile root.pem"
    return subprocess.run(
        [*command.split(), "-purpose", "any"], cwd=tmp_path, check=False, capture_output=True
    )


@needs_openssl
def test_openssl_verifies_the_pkcs7_signature_up_to_the_root(signed: Path, issuer: Issuer, tmp_path: Path):
    done = openssl(signed, issuer, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == contents(signed)["META-INF/mozilla.sf"]


@needs_openssl
def test_openssl_refuses_another_root_and_another_text(signed: Path, issuer: Issuer, tmp_path: Path):
    assert openssl(signed, make_issuer(), tmp_path).returncode != 0
    copy = tmp_path / "signed.xpi"
    copy.write_bytes(signed.read_bytes())
    other = changed(
        copy, lambda files: files.update({"META-INF/mozilla.sf": b"Signature-Version: 1.0\r\n\r\n"})
    )
    assert openssl(other, issuer, tmp_path).returncode != 0


@needs_openssl
def test_openssl_s_own_signature_is_read_by_our_verifier(tmp_path: Path, issuer: Issuer):
    """Its attributes are others, in another order, and among them one of many values."""
    signer = end_entity(issuer)
    key = signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ee.key").write_bytes(key)
    (tmp_path / "ee.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "chain.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    command = (
        "openssl cms -sign -binary -md sha256 -outform DER -signer ee.pem -inkey ee.key -certfile chain.pem"
    )
    made: dict[str, bytes] = {}

    def by_openssl(name: str, data: bytes) -> bytes:
        made[name] = data
        if name != "mozilla.rsa":
            return data
        sf = made["mozilla.sf"]
        return subprocess.run(command.split(), input=sf, cwd=tmp_path, check=True, capture_output=True).stdout

    path = Forgery(issuer, signer, edit=by_openssl).write(tmp_path / "x.xpi")
    assert verify(path, issuer.roots, IDENTITY).signed_at is not None
