"""What our own verifier lets through, and by which code it refuses everything else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry.packages.archive import Archive, Entry, Limits, PackageRefused, open_archive
from registry.signing import CannotSign, SignatureInvalid, sign, verify
from registry.signing.certificates import Credential, make_intermediate, make_root
from registry.signing.verify import _verify
from support.archives import Part, assemble, build_zip
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


def refusal(path: Path, issuer: Issuer, identity: str | None = IDENTITY, **how) -> SignatureInvalid:
    with pytest.raises(SignatureInvalid) as caught:
        verify(path, issuer.roots, identity, **how)
    return caught.value


def test_a_signed_package_is_verified(tmp_path: Path, issuer: Issuer):
    upload, target = tmp_path / "upload.zip", tmp_path / "signed.xpi"
    upload.write_bytes(build_zip(FILES))
    with open_archive(upload) as archive:
        signed = sign(archive, IDENTITY, issuer, target)
    verified = verify(target, issuer.roots, IDENTITY)
    assert verified.identity == IDENTITY
    assert verified.key_id == signed.key_id == issuer.key_id
    assert verified.serial == signed.serial
    assert verified.content_digest == signed.content_digest
    assert verified.entries == len(FILES)
    assert verified.signed_at is not None
    assert abs(datetime.now(UTC) - verified.signed_at) < timedelta(minutes=5)


def test_without_an_identity_it_says_whose_the_package_is(signed: Path, issuer: Issuer):
    assert verify(signed, issuer.roots).identity == IDENTITY


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (lambda files: files.update({"js/main.js": b"evil()"}), "ENTRY_CHANGED", "js/main.js"),
        (lambda files: files.update({"js/more.js": b""}), "ENTRY_NOT_SIGNED", "js/more.js"),
        (lambda files: files.update({"META-INF/more.txt": b""}), "ENTRY_NOT_SIGNED", "META-INF/more.txt"),
        (lambda files: files.pop("js/main.js"), "ENTRY_MISSING", "js/main.js"),
        (lambda files: files.update({"Js/Main.js": b""}), "ARCHIVE_REFUSED", "Js/Main.js"),
        (
            lambda files: files.update({"META-INF/b.rsa": b"junk", "META-INF/b.sf": b"junk"}),
            "SIGNATURE_AMBIGUOUS",
            "META-INF/b.rsa",
        ),
        (
            lambda files: files.update({"META-INF/MOZILLA.EC": b"junk"}),
            "SIGNATURE_AMBIGUOUS",
            "META-INF/MOZILLA.EC",
        ),
        (
            lambda files: files.update({"META-INF/SIG-X": b"junk"}),
            "SIGNATURE_AMBIGUOUS",
            "META-INF/SIG-X",
        ),
        (
            lambda files: files.update({"META-INF/sub/x.rsa": b"junk"}),
            "ARCHIVE_REFUSED",
            "META-INF/sub/x.rsa",
        ),
        (
            lambda files: files.update({"META-INF/other.rsa": files.pop("META-INF/mozilla.rsa")}),
            "SIGNATURE_AMBIGUOUS",
            "META-INF/other.rsa",
        ),
        (
            lambda files: edit(files, "META-INF/manifest.mf", b"js/main.js", b"js/niam.js"),
            "MANIFEST_CHANGED",
            "META-INF/manifest.mf",
        ),
        (
            lambda files: edit(
                files, "META-INF/mozilla.sf", b"SHA256-Digest-Manifest: ", b"SHA256-Digest-Manifest: A"
            ),
            "PKCS7_WRONG",
            "META-INF/mozilla.rsa",
        ),
        (
            lambda files: edit(files, "META-INF/cose.manifest", b"js/main.js", b"js/niam.js"),
            "COSE_WRONG",
            "META-INF/cose.sig",
        ),
        (
            lambda files: files.update({"META-INF/cose.sig": files["META-INF/cose.sig"][:-1] + b"!"}),
            "COSE_WRONG",
            "META-INF/cose.sig",
        ),
        (
            lambda files: files.update({"META-INF/cose.sig": files["META-INF/cose.sig"] + b"!"}),
            "COSE_MALFORMED",
            "META-INF/cose.sig",
        ),
        (
            lambda files: files.update({"META-INF/mozilla.rsa": files["META-INF/mozilla.rsa"] + b"!"}),
            "PKCS7_MALFORMED",
            "META-INF/mozilla.rsa",
        ),
        (
            lambda files: files.update({"META-INF/mozilla.rsa": bytes(100_000)}),
            "SIGNATURE_TOO_LARGE",
            "META-INF/mozilla.rsa",
        ),
    ],
)
def test_whatever_is_changed_is_noticed(signed: Path, issuer: Issuer, tmp_path: Path, change, code, path):
    copy = tmp_path / "signed.xpi"
    copy.write_bytes(signed.read_bytes())
    found = refusal(changed(copy, change), issuer)
    assert (found.code, found.path) == (code, path)
    assert found.message


def edit(files: dict[str, bytes], name: str, old: bytes, new: bytes) -> None:
    assert old in files[name]
    files[name] = files[name].replace(old, new)


@pytest.mark.parametrize("name", ["manifest.mf", "mozilla.sf", "mozilla.rsa", "cose.manifest", "cose.sig"])
def test_no_part_of_the_signature_may_be_missing(signed: Path, issuer: Issuer, tmp_path: Path, name: str):
    copy = tmp_path / "signed.xpi"
    copy.write_bytes(signed.read_bytes())
    found = refusal(changed(copy, lambda files: files.pop(f"META-INF/{name}")), issuer)
    assert found.code == "SIGNATURE_INCOMPLETE"


def test_a_package_without_a_signature_is_called_that(tmp_path: Path, issuer: Issuer):
    upload = tmp_path / "upload.zip"
    upload.write_bytes(build_zip(FILES))
    assert refusal(upload, issuer).code == "NOT_SIGNED"


def test_bytes_outside_of_the_entries_are_noticed(signed: Path, issuer: Issuer, tmp_path: Path):
    for odd in (b"#!/bin/sh\n" + signed.read_bytes(), signed.read_bytes() + b"tail"):
        path = tmp_path / "odd.xpi"
        path.write_bytes(odd)
        assert refusal(path, issuer).code == "ARCHIVE_REFUSED"


def test_signatures_of_another_package_do_not_fit(signed: Path, issuer: Issuer, tmp_path: Path):
    other = contents(signed_package(tmp_path, issuer, {"other.js": b"other"}))
    for name, code in (("mozilla.rsa", "PKCS7_WRONG"), ("cose.sig", "COSE_WRONG")):
        copy = tmp_path / "copy.xpi"
        copy.write_bytes(signed.read_bytes())
        path = changed(
            copy, lambda files, name=name: files.update({f"META-INF/{name}": other[f"META-INF/{name}"]})
        )
        assert refusal(path, issuer).code == code


def test_the_identity_must_be_the_one_asked_for(signed: Path, issuer: Issuer):
    assert refusal(signed, issuer, "someone@else.org").code == "IDENTITY_WRONG"
    assert refusal(signed, issuer, "hello@example.org\n").code == "IDENTITY_WRONG"


def test_a_long_identity_is_known_by_its_hash(tmp_path: Path, issuer: Issuer):
    identity = "ä" * 32 + "@"
    path = signed_package(tmp_path, issuer, identity=identity)
    verified = verify(path, issuer.roots, identity)
    assert len(verified.identity) == 64
    assert set(verified.identity) <= set("0123456789abcdef")
    assert refusal(path, issuer, "ä" * 33 + "@").code == "IDENTITY_WRONG"


def test_sixty_four_bytes_are_not_yet_long(tmp_path: Path, issuer: Issuer):
    assert verify(signed_package(tmp_path, issuer, identity="ä" * 32), issuer.roots).identity == "ä" * 32


@pytest.mark.parametrize("identity", ["", "a\nb", "a\0b", "\ud800"])
def test_some_texts_are_nobody_s_identity(tmp_path: Path, issuer: Issuer, identity: str):
    with pytest.raises(CannotSign):
        signed_package(tmp_path, issuer, identity=identity)
    assert not (tmp_path / "signed.xpi").exists()


def test_only_the_given_roots_are_trusted(signed: Path, issuer: Issuer):
    assert refusal(signed, make_issuer()).code == "CHAIN_UNTRUSTED"
    with pytest.raises(SignatureInvalid, match="CHAIN_UNTRUSTED"):
        verify(signed, [])
    assert verify(signed, [*make_issuer().roots, *issuer.roots]).identity == IDENTITY


def test_two_intermediates_are_trusted_side_by_side(tmp_path: Path, issuer: Issuer):
    """So that a new key can be taken into use while packages of the old one are about."""
    second = Issuer(issuer.root, make_intermediate(issuer.root, "Second issuer", "Test"))
    paths = [signed_package(tmp_path / name, one) for name, one in (("first", issuer), ("second", second))]
    assert [verify(path, issuer.roots).key_id for path in paths] == [issuer.key_id, second.key_id]


def test_an_expired_intermediate_is_refused_and_an_expired_signer_is_not(tmp_path: Path):
    """A clock that is moved on shows both: the signer lives ten years, the authorities forty."""
    issuer = make_issuer()
    path = signed_package(tmp_path, issuer)
    now = datetime.now(UTC)
    assert verify(path, issuer.roots, at=now + timedelta(days=30 * 365)).not_valid_after < now + timedelta(
        days=11 * 365
    )
    assert refusal(path, issuer, at=now + timedelta(days=41 * 365)).code == "ISSUER_EXPIRED"
    assert refusal(path, issuer, at=now - timedelta(days=2)).code == "ISSUER_EXPIRED"


def test_a_back_dated_intermediate_is_refused_today(tmp_path: Path):
    issuer = make_issuer(now=datetime.now(UTC) - timedelta(days=100), life=timedelta(days=30))
    signer = end_entity(issuer, now=datetime.now(UTC) - timedelta(days=90))
    assert refusal(Forgery(issuer, signer).write(tmp_path / "x.xpi"), issuer).code == "ISSUER_EXPIRED"


def test_a_signer_from_long_ago_or_from_the_future_is_accepted(tmp_path: Path):
    issuer = make_issuer(now=datetime.now(UTC) - timedelta(days=9000))
    for days in (-8000, +300):
        signer = end_entity(issuer, now=datetime.now(UTC) + timedelta(days=days))
        path = Forgery(issuer, signer).write(tmp_path / "x.xpi")
        assert verify(path, issuer.roots, IDENTITY).not_valid_after == signer.certificate.not_valid_after_utc


def test_a_signer_certified_for_something_else_is_refused(tmp_path: Path, issuer: Issuer):
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    path = Forgery(issuer, end_entity(issuer, usage=usage)).write(tmp_path / "x.xpi")
    assert refusal(path, issuer).code == "CERTIFICATE_UNSUITABLE"


@pytest.mark.parametrize("names", [[], [IDENTITY, IDENTITY], ["someone@else.org", IDENTITY]])
def test_a_signer_without_exactly_one_name_is_refused(tmp_path: Path, issuer: Issuer, names: list[str]):
    proper = end_entity(issuer)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(proper.certificate.public_key())
        .serial_number(5)
        .not_valid_before(proper.certificate.not_valid_before_utc)
        .not_valid_after(proper.certificate.not_valid_after_utc)
    )
    for extension in proper.certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signer = Credential(builder.sign(issuer.private_key, SHA256()), proper.private_key)
    found = refusal(Forgery(issuer, signer).write(tmp_path / "x.xpi"), issuer)
    assert (found.code, found.path) == ("CERTIFICATE_UNSUITABLE", "META-INF/mozilla.rsa")


def test_an_authority_may_not_sign_packages_itself(tmp_path: Path, issuer: Issuer):
    path = Forgery(issuer, issuer.intermediate).write(tmp_path / "x.xpi")
    assert refusal(path, issuer).code == "CERTIFICATE_UNSUITABLE"


def test_an_end_entity_may_not_certify_another(tmp_path: Path, issuer: Issuer):
    first = end_entity(issuer)
    below = Issuer(issuer.root, first, more=(issuer.certificate,))
    path = Forgery(below, end_entity(below)).write(tmp_path / "x.xpi")
    assert refusal(path, issuer).code == "ISSUER_UNSUITABLE"


def test_an_intermediate_may_not_certify_another(tmp_path: Path, issuer: Issuer):
    lower = make_intermediate(issuer.intermediate, "Lower", "Test")
    below = Issuer(issuer.root, lower, more=(issuer.certificate,))
    path = Forgery(below, end_entity(below)).write(tmp_path / "x.xpi")
    found = refusal(path, issuer)
    assert found.code == "ISSUER_UNSUITABLE"
    assert "below" in found.message


def test_a_root_of_the_same_name_is_not_the_root(tmp_path: Path, issuer: Issuer):
    impostor = make_root("Test root", "Test")
    path = signed_package(tmp_path, issuer)
    assert refusal(path, Issuer(impostor, issuer.intermediate)).code == "CHAIN_UNTRUSTED"


def test_both_signatures_must_be_by_the_same_certificate(tmp_path: Path, issuer: Issuer):
    forgery = Forgery(issuer, end_entity(issuer), cose_signer=end_entity(issuer))
    assert refusal(forgery.write(tmp_path / "x.xpi"), issuer).code == "SIGNERS_DIFFER"


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("mozilla.sf", b"Name: js/main.js", b"Name: js/niam.js", "SECTION_WRONG"),
        ("mozilla.sf", b"SHA256-Digest: ", b"SHA256-Digest: A", "SECTION_WRONG"),
        ("mozilla.sf", b"SHA-256-Digest: ", b"SHA-256-Digest: A", "SECTION_WRONG"),
        ("mozilla.sf", b"SHA-256-Digest-Manifest: ", b"SHA-256-Digest-Manifest: A", "MANIFEST_CHANGED"),
        ("mozilla.sf", b"Signature-Version: 1.0", b"Signature-Version: 2.0", "MANIFEST_MALFORMED"),
        ("manifest.mf", b"SHA256-Digest: ", b"SHA1-Digest: ", "SECTION_WRONG"),
        ("cose.manifest", b"SHA256-Digest: ", b"SHA256-Digest: A", "ENTRY_CHANGED"),
        ("cose.manifest", b"Name: js/main.js", b"Name: js/niam.js", "ENTRY_NOT_SIGNED"),
        ("cose.manifest", b"Manifest-Version", b"Manifest-Fashion", "MANIFEST_MALFORMED"),
        ("cose.manifest", b"\r\n\r\nName: js", b"\r\nName: js", "MANIFEST_MALFORMED"),
    ],
)
def test_a_signer_who_signs_nonsense_is_refused(
    tmp_path: Path, issuer: Issuer, name: str, old: bytes, new: bytes, code: str
):
    """Both signatures hold here; what they cover contradicts itself or the package."""

    def wrong(made: str, data: bytes) -> bytes:
        assert made != name or old in data
        return data.replace(old, new, 1) if made == name else data

    path = Forgery(issuer, end_entity(issuer), edit=wrong).write(tmp_path / "x.xpi")
    assert refusal(path, issuer).code == code


def test_the_forger_of_these_tests_can_also_do_it_right(tmp_path: Path, issuer: Issuer):
    path = Forgery(issuer, end_entity(issuer)).write(tmp_path / "x.xpi")
    assert verify(path, issuer.roots, IDENTITY).entries == len(FILES)


def test_the_verifier_does_not_rely_on_the_gate_for_stray_signatures(signed: Path, issuer: Issuer):
    with open_archive(signed) as archive:
        stray = Entry("META-INF/sub/x.rsa", 0, 0, 0, 0, 0, (0, 0))
        own, others = archive.signature_entries, archive.entries
        for signature, entries in ((own, (*others, stray)), ((*own[:2], *own[3:], stray), others)):
            seen = Archive(archive.file, entries, archive.limits, signature)
            with pytest.raises(SignatureInvalid, match=r"SIGNATURE_AMBIGUOUS.*sub/x\.rsa"):
                _verify(seen, issuer.roots, IDENTITY, datetime.now(UTC))


def test_the_limits_of_the_upload_leave_room_for_the_signature(tmp_path: Path, issuer: Issuer):
    files = {f"{number}.txt": b"x" for number in range(20)}
    path = signed_package(tmp_path, issuer, files)
    limits = Limits(entries=20, wire_bytes=(tmp_path / "upload.zip").stat().st_size, unpacked_bytes=20)
    assert verify(path, issuer.roots, limits=limits).entries == 20
    assert refusal(path, issuer, limits=Limits(entries=14)).code == "ARCHIVE_REFUSED"


def test_a_lie_about_an_entry_s_size_stops_signer_and_verifier(tmp_path: Path, issuer: Issuer):
    upload = tmp_path / "upload.zip"
    upload.write_bytes(assemble([Part("a.js", b"x" * 1000, size=10)]))
    with open_archive(upload) as archive, pytest.raises(PackageRefused):
        sign(archive, IDENTITY, issuer, tmp_path / "signed.xpi")
    assert not (tmp_path / "signed.xpi").exists()


def test_a_file_that_is_not_there_is_no_question_of_signatures(tmp_path: Path, issuer: Issuer):
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "none.xpi", issuer.roots)
