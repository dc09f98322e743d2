"""Makes signed packages for tests, right ones and ones that are wrong in a single place."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.packages.archive import open_archive
from registry.signing import certificates, cms, cose, jar, sign
from registry.signing.certificates import Credential
from support.archives import build_zip

IDENTITY = "hello@example.org"
FILES: dict[str, bytes] = {
    "manifest.json": b'{"name": "Hello"}',
    "js/main.js": b"function main() {}\n" * 400,
    "META-INF/notes.txt": b"not a signature",
}


@dataclass(frozen=True)
class Issuer:
    """An issuer key in memory, with the root above it."""

    root: Credential
    intermediate: Credential
    more: tuple[x509.Certificate, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        return self.intermediate.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        return (self.certificate, *self.more)

    @property
    def key_id(self) -> str:
        return certificates.key_id(self.certificate)

    @property
    def private_key(self):
        return self.intermediate.private_key

    @property
    def roots(self) -> list[x509.Certificate]:
        return [self.root.certificate]


def make_issuer(**times) -> Issuer:
    """A new root and intermediate; ``now`` and ``life`` are the intermediate's."""
    root = certificates.make_root("Test root", "Test")
    return Issuer(root, certificates.make_intermediate(root, "Test issuer", "Test", **times))


def signed_package(
    folder: Path, issuer: Issuer, files: Mapping[str, bytes] = FILES, identity=IDENTITY
) -> Path:
    """The path of a package that is signed as the registry signs it."""
    folder.mkdir(exist_ok=True)
    upload, target = folder / "upload.zip", folder / "signed.xpi"
    upload.write_bytes(build_zip(files))
    with open_archive(upload) as archive:
        sign(archive, identity, issuer, target)
    return target


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """A copy of a package whose files went through ``change``; their zip file is in order again."""
    files = contents(path)
    change(files)
    target = path.with_name("changed.xpi")
    target.write_bytes(build_zip(files))
    return target


@dataclass
class Forgery:
    """A signature put together step by step, each of which a test may replace by something wrong.

    ``edit`` gets and returns each signature file as it is made, before what covers it is made.
    """

    issuer: Issuer
    signer: Credential
    files: Mapping[str, bytes] = field(default_factory=lambda: FILES)
    cose_signer: Credential | None = None
    edit: Callable[[str, bytes], bytes] = lambda name, data: data

    def write(self, path: Path) -> Path:
        chain = [certificate.public_bytes(Encoding.DER) for certificate in self.issuer.chain]
        cose_signer = self.cose_signer or self.signer
        parts = jar.sections({name: sha256(data).digest() for name, data in self.files.items()})
        made = {"cose.manifest": self.edit("cose.manifest", jar.manifest(parts.values()))}
        made["cose.sig"] = self.edit(
            "cose.sig",
            cose.sign(
                made["cose.manifest"],
                cose_signer.private_key,
                cose_signer.certificate.public_bytes(Encoding.DER),
                chain,
            ),
        )
        for name in ("cose.manifest", "cose.sig"):
            parts[f"META-INF/{name}"] = jar.section(f"META-INF/{name}", sha256(made[name]).digest())
        made["manifest.mf"] = self.edit("manifest.mf", jar.manifest(parts.values()))
        made["mozilla.sf"] = self.edit("mozilla.sf", jar.signature_file(made["manifest.mf"], parts))
        made["mozilla.rsa"] = self.edit(
            "mozilla.rsa",
            cms.sign(made["mozilla.sf"], self.signer.private_key, self.signer.certificate, self.issuer.chain),
        )
        path.write_bytes(
            build_zip({f"META-INF/{name}": data for name, data in made.items()} | dict(self.files))
        )
        return path


def end_entity(issuer: Issuer, identity: str = IDENTITY, **how) -> Credential:
    return certificates.make_end_entity(issuer.certificate, issuer.private_key, identity, **how)
