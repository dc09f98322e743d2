"""Checks a signed package from its bytes and the roots alone.

It shares no code with the signer but the names of files and the shapes of the formats, and it is stricter
than any one client: jarsigner does not notice that an entry was removed, nor a second, broken signature;
Firefox does not look into the sections of the .SF file.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from registry.packages.archive import Archive, Entry, Limits, PackageRefused, open_archive
from registry.signing import chain, cms, cose, jar
from registry.signing.certificates import common_name, key_id
from registry.signing.errors import CannotSign, Malformed, SignatureInvalid
from registry.signing.files import is_signature_file

# The kinds of files a signature is made of. Manifests grow with the package, signatures do not.
_MANIFESTS = ("manifest.mf", "sf", "cose.manifest")
_SIGNATURES = ("rsa", "cose.sig")
_SIGNATURE_BYTES = 64 * 1024
_SECTION_BYTES = 512  # beside the name, which a manifest may fold
# What a signature may add to the largest upload.
_ROOM = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verified:
    """A package whose signature holds. ``identity`` is the certificate's CN: the extension's id, or the
    SHA-256 of a long one. ``serial`` is hex, ``key_id`` the issuer's, ``entries`` the number of files
    that are signed, ``content_digest`` as in ``Signed``; ``signed_at`` is the signer's own word."""

    identity: str
    key_id: str
    serial: str
    content_digest: str
    entries: int
    signed_at: datetime | None
    not_valid_after: datetime


def verify(
    path: Path,
    roots: Sequence[x509.Certificate],
    identity: str | None = None,
    *,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    at: datetime | None = None,
) -> Verified:
    """Check every byte of a signed package; with ``identity``, also that it is this extension.

    ``limits`` are those of the upload, ``at`` the time (now) at which the authorities must be valid.
    Raises SignatureInvalid with a stable code, OSError when the file cannot be read.
    """
    try:
        with open_archive(path, roomier(limits)) as archive:
            return _verify(archive, roots, identity, at or datetime.now(UTC))
    except PackageRefused as refused:
        first = refused.findings[0]
        raise SignatureInvalid("ARCHIVE_REFUSED", str(refused), first.path) from refused


def authorities(path: Path, *, limits: Limits = Limits()) -> list[x509.Certificate]:  # noqa: B008 (frozen)
    """The topmost authorities that a package brings along, unverified: to pin them on first use, if one must.

    Raises SignatureInvalid, and OSError.
    """
    try:
        with open_archive(path, roomier(limits)) as archive:
            file = _signature_files(archive)["rsa"]
            found = [chain.load(data, file.name) for data in cms.read(file.data).certificates]
    except PackageRefused as refused:
        raise SignatureInvalid("ARCHIVE_REFUSED", str(refused)) from refused
    except Malformed as error:
        raise SignatureInvalid("PKCS7_MALFORMED", f"It cannot be read: {error}.") from None
    return chain.topmost(found)


def roomier(limits: Limits) -> Limits:
    """What a package within ``limits`` may grow to when it is signed."""
    return replace(
        limits,
        entries=limits.entries + len(_MANIFESTS + _SIGNATURES),
        wire_bytes=limits.wire_bytes + _ROOM,
        unpacked_bytes=limits.unpacked_bytes + _ROOM,
    )


def _verify(
    archive: Archive, roots: Sequence[x509.Certificate], identity: str | None, at: datetime
) -> Verified:
    files = _signature_files(archive)
    signed_at, certificate, issuer = _check_pkcs7(files, roots, at)
    if _check_cose(files, roots, at) != certificate:
        raise SignatureInvalid(
            "SIGNERS_DIFFER", "The two signatures are by different certificates.", files["cose.sig"].name
        )
    cn = _common_name(certificate, files["rsa"].name)
    if identity is not None and cn != _expected(identity):
        raise SignatureInvalid("IDENTITY_WRONG", f"This is the package of {cn!r}, not of {identity!r}.")

    most = len(archive.entries) + len(files)
    manifest = _parse(files["manifest.mf"], "Manifest-Version", most)
    cose_manifest = _parse(files["cose.manifest"], "Manifest-Version", most)
    _check_signature_file(files, _parse(files["sf"], "Signature-Version", most), manifest)

    own = {file.name: sha256(file.data).digest() for file in (files["cose.manifest"], files["cose.sig"])}
    names = set(archive.names())
    _compare_names(names, cose_manifest, files["cose.manifest"].name)
    _compare_names(names | own.keys(), manifest, files["manifest.mf"].name)
    for name, digest in own.items():
        _compare_digest(name, digest, manifest)
    for entry in archive.entries:
        digest = _digest(archive, entry)
        _compare_digest(entry.name, digest, cose_manifest)
        _compare_digest(entry.name, digest, manifest)
    return Verified(
        identity=cn,
        key_id=key_id(issuer),
        serial=f"{certificate.serial_number:x}",
        content_digest=own[files["cose.manifest"].name].hex(),
        entries=len(archive.entries),
        signed_at=signed_at,
        not_valid_after=certificate.not_valid_after_utc,
    )


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    data: bytes


def _signature_files(archive: Archive) -> dict[str, _File]:
    """The five files of the signature by kind: exactly one of each, and nothing else of the sort."""
    found: dict[str, Entry] = {}
    for entry in archive.signature_entries:
        base = entry.name.lower().removeprefix("meta-inf/")
        kind = base if base in _MANIFESTS + _SIGNATURES else base.rpartition(".")[2]
        if kind not in _MANIFESTS + _SIGNATURES or kind in found or "/" in base:
            raise SignatureInvalid(
                "SIGNATURE_AMBIGUOUS",
                "This is part of a second signature, or of another kind of one.",
                entry.name,
            )
        found[kind] = entry
    if not found:
        raise SignatureInvalid("NOT_SIGNED", "The package has no signature.")
    for kind in _MANIFESTS + _SIGNATURES:
        if kind not in found:
            raise SignatureInvalid(
                "SIGNATURE_INCOMPLETE", f"The signature lacks its {kind} file in META-INF/."
            )
    if found["sf"].name.lower()[:-2] != found["rsa"].name.lower()[:-3]:
        raise SignatureInvalid(
            "SIGNATURE_AMBIGUOUS", "It is of another name than the .sf file.", found["rsa"].name
        )
    stray = next(filter(is_signature_file, archive.names()), None)
    if stray is not None:
        raise SignatureInvalid("SIGNATURE_AMBIGUOUS", "Clients take this for part of a signature.", stray)
    count = len(archive.entries) + len(found)
    most = dict.fromkeys(_SIGNATURES, _SIGNATURE_BYTES) | dict.fromkeys(
        _MANIFESTS, count * (2 * archive.limits.name_bytes + _SECTION_BYTES)
    )
    return {kind: _File(entry.name, _read(archive, entry, most[kind])) for kind, entry in found.items()}


def _read(archive: Archive, entry: Entry, most: int) -> bytes:
    if entry.size > most:
        raise SignatureInvalid(
            "SIGNATURE_TOO_LARGE", f"It has {entry.size} bytes; {most} would do.", entry.name
        )
    return b"".join(archive.inflate(entry))


def _parse(file: _File, version: str, most: int) -> jar.Document:
    try:
        return jar.parse(file.data, version, most)
    except Malformed as error:
        raise SignatureInvalid("MANIFEST_MALFORMED", f"It cannot be read: {error}.", file.name) from None


def _check_pkcs7(
    files: Mapping[str, _File], roots: Sequence[x509.Certificate], at: datetime
) -> tuple[datetime | None, x509.Certificate, x509.Certificate]:
    """The time of signing, the signer's certificate and its issuer's."""
    path = files["rsa"].name
    try:
        signature = cms.read(files["rsa"].data)
    except Malformed as error:
        raise SignatureInvalid("PKCS7_MALFORMED", f"It cannot be read: {error}.", path) from None
    certificates = [chain.load(data, path) for data in signature.certificates]
    for certificate in certificates:
        if (signature.issuer, signature.serial) == (
            certificate.issuer.public_bytes(),
            certificate.serial_number,
        ):
            break
    else:
        raise SignatureInvalid("PKCS7_MALFORMED", "The signer's certificate is not in it.", path)
    key = chain.check_end_entity(certificate, path)
    if not signature.holds(files["sf"].data, key):
        raise SignatureInvalid("PKCS7_WRONG", "This is not a signature of the .sf file.", path)
    return signature.signed_at, certificate, chain.check_path(certificate, certificates, roots, at, path)


def _check_cose(
    files: Mapping[str, _File], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate:
    """The signer's certificate."""
    path = files["cose.sig"].name
    try:
        signature = cose.read(files["cose.sig"].data)
    except Malformed as error:
        raise SignatureInvalid("COSE_MALFORMED", f"It cannot be read: {error}.", path) from None
    certificate = chain.load(signature.certificate, path)
    key = chain.check_end_entity(certificate, path)
    if not signature.holds(files["cose.manifest"].data, key):
        raise SignatureInvalid("COSE_WRONG", "This is not a signature of cose.manifest.", path)
    chain.check_path(certificate, [chain.load(data, path) for data in signature.chain], roots, at, path)
    return certificate


def _common_name(certificate: x509.Certificate, path: str) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(found) != 1 or not isinstance(found[0].value, str):
        raise SignatureInvalid("CERTIFICATE_UNSUITABLE", "The signer's certificate has not one name.", path)
    return found[0].value


def _expected(identity: str) -> str | None:
    try:
        return common_name(identity)
    except CannotSign:
        return None


def _check_signature_file(
    files: Mapping[str, _File], signature_file: jar.Document, manifest: jar.Document
) -> None:
    path = files["sf"].name
    if signature_file.manifest_digests() != {_base64(sha256(files["manifest.mf"].data).digest())}:
        raise SignatureInvalid(
            "MANIFEST_CHANGED", "It is not the manifest that was signed.", files["manifest.mf"].name
        )
    if signature_file.sections.keys() != manifest.sections.keys():
        raise SignatureInvalid("SECTION_WRONG", "Its sections are not those of the manifest.", path)
    for name, section in signature_file.sections.items():
        if section.digests() != {_base64(sha256(manifest.sections[name].raw).digest())}:
            raise SignatureInvalid(
                "SECTION_WRONG", f"Its digest of the manifest's part on {name!r} is wrong.", path
            )


def _compare_names(names: Set[str], manifest: jar.Document, path: str) -> None:
    listed = manifest.sections.keys()
    if added := names - listed:
        raise SignatureInvalid("ENTRY_NOT_SIGNED", f"This file is not listed in {path}.", min(added))
    if removed := listed - names:
        raise SignatureInvalid(
            "ENTRY_MISSING", f"This file is listed in {path}, but is not there.", min(removed)
        )


def _compare_digest(name: str, digest: bytes, manifest: jar.Document) -> None:
    if manifest.sections[name].digests() != {_base64(digest)}:
        raise SignatureInvalid("ENTRY_CHANGED", "This file is not the one that was signed.", name)


def _digest(archive: Archive, entry: Entry) -> bytes:
    digest = sha256()
    for chunk in archive.inflate(entry):
        digest.update(chunk)
    return digest.digest()


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")
