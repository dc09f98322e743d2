"""Signs a package: reads it through the gate, writes the canonical file with the signature in front."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.serialization import Encoding

from registry.packages.archive import Archive
from registry.signing import cms, cose, jar
from registry.signing.certificates import Credential, common_name, make_end_entity
from registry.signing.errors import CannotSign
from registry.signing.files import (
    COSE_MANIFEST,
    COSE_SIGNATURE,
    MANIFEST,
    PKCS7,
    SIGNATURE_FILE,
    is_signature_file,
)
from registry.signing.keys import IssuerKey
from registry.signing.rewrite import Rewriter

_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BUFFER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """The file that was written: ``sha256`` and ``size`` (bytes) of the whole.

    ``key_id`` names the issuer's key, ``serial`` (hex) is the end-entity certificate's. The file is
    different every time; ``content_digest`` is not: it is the SHA-256 of cose.manifest, and equal
    whenever the same names hold the same bytes.
    """

    sha256: str
    size: int
    key_id: str
    serial: str
    content_digest: str


def sign(archive: Archive, identity: str, issuer: IssuerKey, target: BinaryIO | Path) -> Signed:
    """Write the signed form of ``archive``, which is at once a signed JAR and a signed XPI.

    ``identity`` is the extension's id, for the certificate's CN. ``target`` is an open binary file, or a
    path that is written anew and removed again on failure. Nothing is flushed to the disk itself: who
    renames the file into place has it fsynced first. Raises PackageRefused for an entry that is not what
    the archive says of it, CannotSign for what has no signed form.
    """
    cn = common_name(identity)
    digests = _digests(archive)
    signer = make_end_entity(issuer.certificate, issuer.private_key, cn)
    files = signature_files(digests, signer, issuer)
    with _opened(target) as out:
        rewriter = Rewriter(out.write)
        for name, data in files.items():
            rewriter.add(name, data)
        for entry in archive.entries:
            rewriter.copy(archive, entry)
        rewriter.finish()
    return Signed(
        sha256=rewriter.sha256,
        size=rewriter.size,
        key_id=issuer.key_id,
        serial=f"{signer.certificate.serial_number:x}",
        content_digest=sha256(files[COSE_MANIFEST]).hexdigest(),
    )


def signature_files(digests: Mapping[str, bytes], signer: Credential, issuer: IssuerKey) -> dict[str, bytes]:
    """The five files of the signature by name, over entries with these SHA-256 digests."""
    sections = jar.sections(digests)
    cose_manifest = jar.manifest(sections.values())
    certificate = signer.certificate.public_bytes(Encoding.DER)
    chain = [above.public_bytes(Encoding.DER) for above in issuer.chain]
    cose_signature = cose.sign(cose_manifest, signer.private_key, certificate, chain)
    for name, data in ((COSE_MANIFEST, cose_manifest), (COSE_SIGNATURE, cose_signature)):
        sections[name] = jar.section(name, sha256(data).digest())
    manifest = jar.manifest(sections.values())
    signature_file = jar.signature_file(manifest, sections)
    return {
        MANIFEST: manifest,
        SIGNATURE_FILE: signature_file,
        PKCS7: cms.sign(signature_file, signer.private_key, signer.certificate, issuer.chain),
        COSE_MANIFEST: cose_manifest,
        COSE_SIGNATURE: cose_signature,
    }


def _digests(archive: Archive) -> dict[str, bytes]:
    digests: dict[str, bytes] = {}
    for entry in archive.entries:
        # The gate lets none of these through; in a manifest they would forge lines or hide the signature.
        if _UNWRITABLE.search(entry.name) or entry.name in digests or is_signature_file(entry.name):
            raise CannotSign(f"No signature can cover an entry of this name: {entry.name!r}")
        digest = sha256()
        for chunk in archive.inflate(entry):
            digest.update(chunk)
        digests[entry.name] = digest.digest()
    return digests


@contextmanager
def _opened(target: BinaryIO | Path) -> Iterator[BinaryIO]:
    if not isinstance(target, Path):
        yield target
        return
    try:
        with target.open("wb", buffering=_BUFFER) as file:
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise
