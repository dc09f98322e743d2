"""Where the issuer's key is kept, named by a URL.

    pem:/etc/registry/issuer         a folder with intermediate.pem and intermediate.key
    pem:/run/secrets/issuer.pem      one file with the private key and its certificates

Another keeper (PKCS#11, a cloud's KMS) is one more class with the attributes of ``IssuerKey`` and one
more line in ``_KEEPERS``; its ``private_key`` subclasses EllipticCurvePrivateKey and need only answer
``sign``, ``public_key``, ``curve`` and ``key_size``. A key is only ever asked to sign certificates, once
per package.

A development chain also keeps ``root.key``, with which a second intermediate can be made to try a
rotation; nothing reads it. Its certificates say "Development" in their names, so that a production
server can refuse it.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from registry.signing import certificates
from registry.signing.errors import KeyUnusable

_MOST_BYTES = 256 * 1024


class IssuerKey(Protocol):
    """An intermediate certificate with its private key.

    ``chain`` is what goes into every signature: the intermediate first, then what leads towards the
    root, without the root. ``key_id`` is stable for the key (see ``certificates.key_id``).
    """

    @property
    def certificate(self) -> x509.Certificate: ...
    @property
    def chain(self) -> tuple[x509.Certificate, ...]: ...
    @property
    def key_id(self) -> str: ...
    @property
    def private_key(self) -> ec.EllipticCurvePrivateKey: ...


@dataclass(frozen=True, slots=True)
class PemKey:
    """An issuer key from PEM text, held in memory."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key_id: str
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, location: str) -> "PemKey":
        path = Path(location)
        files = [path / "intermediate.key", path / "intermediate.pem"] if path.is_dir() else [path]
        key = _private_key(files[0])
        try:
            found = x509.load_pem_x509_certificates(_read(files[-1]))
        except ValueError:
            raise KeyUnusable(f"{files[-1]}: no certificate in PEM form") from None
        own = [certificate for certificate in found if certificate.public_key() == key.public_key()]
        if len(own) != 1:
            raise KeyUnusable(
                f"{files[-1]}: {len(own)} certificates belong to the key in {files[0]}, not one"
            )
        above = (other for other in found if other != own[0] and other.subject != other.issuer)
        return cls(own[0], (own[0], *above), certificates.key_id(own[0]), key)


_KEEPERS: dict[str, Callable[[str], IssuerKey]] = {"pem": PemKey.open}


def open_issuer(url: str) -> IssuerKey:
    """The issuer key a URL names. Raises KeyUnusable, which says what is wrong with it."""
    scheme, _, location = url.partition(":")
    if not location or scheme not in _KEEPERS:
        known = ", ".join(f"{name}:" for name in _KEEPERS)
        raise KeyUnusable(f"{url!r} is no URL of an issuer key; it begins with one of: {known}")
    issuer = _KEEPERS[scheme](location)
    _check(issuer.certificate, url)
    return issuer


def is_development(issuer: IssuerKey) -> bool:
    """Whether this key was made by ``create_development_chain`` and must not serve the public."""
    return certificates.is_development(issuer.certificate)


@dataclass(frozen=True, slots=True)
class ChainPaths:
    """The files of a chain; ``url`` opens its issuer key, ``root`` is what verifiers are given."""

    folder: Path

    @property
    def url(self) -> str:
        return f"pem:{self.folder}"

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @property
    def root_key(self) -> Path:
        return self.folder / "root.key"

    @property
    def intermediate(self) -> Path:
        return self.folder / "intermediate.pem"

    @property
    def intermediate_key(self) -> Path:
        return self.folder / "intermediate.key"

    def complete(self) -> bool:
        return all(
            path.is_file() for path in (self.root, self.root_key, self.intermediate, self.intermediate_key)
        )


def create_development_chain(folder: Path) -> ChainPaths:
    """A chain that says in its names that it is for development; otherwise as ``create_chain``."""
    return create_chain(folder, "Development", certificates.DEVELOPMENT_UNIT)


def create_chain(folder: Path, name: str, unit: str = certificates.UNIT) -> ChainPaths:
    """A root and an intermediate in ``folder``, unless a chain is there already.

    ``name`` begins their common names, ``unit`` is their organizational unit. The folder appears whole
    or not at all: it is filled under another name beside itself and renamed. Of several processes that do
    this at once one wins, and all return the winner's chain. Raises KeyUnusable when the folder holds
    something else, OSError when it cannot be written.
    """
    paths = ChainPaths(folder)
    if paths.complete():
        return paths
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = ChainPaths(Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)))
    try:
        _write_chain(draft, name, unit)
        draft.folder.rename(folder)
    except OSError:
        shutil.rmtree(draft.folder, ignore_errors=True)
        if paths.complete():
            return paths
        if folder.is_dir() and any(folder.iterdir()):
            raise KeyUnusable(
                f"{folder} has files in it, but not a whole chain. Name an empty folder."
            ) from None
        raise
    _sync(folder.parent)
    return paths


def _write_chain(paths: ChainPaths, name: str, unit: str) -> None:
    root = certificates.make_root(f"{name} root", unit)
    intermediate = certificates.make_intermediate(root, f"{name} issuer", unit)
    for path, credential in ((paths.root, root), (paths.intermediate, intermediate)):
        _write(path, credential.certificate.public_bytes(Encoding.PEM))
    for path, credential in ((paths.root_key, root), (paths.intermediate_key, intermediate)):
        _write(path, credential.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _sync(paths.folder)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise KeyUnusable(f"{path}: more than {_MOST_BYTES} bytes, so not a key or certificate")
    return data


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    data = _read(path)
    if path.stat().st_mode & stat.S_IRWXO:
        raise KeyUnusable(
            f"{path}: everybody on this machine can reach this private key. Run: chmod 600 {path}"
        )
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise KeyUnusable(
            f"{path}: the private key is encrypted; it must be stored without a password"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable(f"{path}: no private key in PEM form") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyUnusable(f"{path}: not an elliptic curve key; P-256 is the one kind of key used here")
    return key


def _check(certificate: x509.Certificate, url: str) -> None:
    """Refuses what the clients would refuse below it, before anything is signed with it."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusable(f"{url}: the issuer's key is not on curve P-256")
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound as error:
        raise KeyUnusable(f"{url}: the issuer's certificate is no authority's: {error}") from None
    if not constraints.ca or not usage.key_cert_sign:
        raise KeyUnusable(f"{url}: the issuer's certificate does not allow it to issue others")
    if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        raise KeyUnusable(
            f"{url}: the issuer's certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to"
            f" {certificate.not_valid_after_utc:%Y-%m-%d}; clients refuse all that is signed outside of it"
        )
