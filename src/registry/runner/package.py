"""The package that is to be tested: fetched, compared with what was announced, its signatures checked, unpacked."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests
from cryptography import x509

from registry.packages import Limits
from registry.packages.archive import open_archive
from registry.packages.findings import PackageRefused
from registry.runner.faults import Exit, RunFault
from registry.runner.reporting import Reporter
from registry.signing import SignatureInvalid, Verified, roomier, verify

CHUNK = 256 * 1024
_LIMITS = roomier(Limits())


def obtain(
    reporter: Reporter,
    target: Mapping[str, str],
    folder: Path,
    roots: Sequence[x509.Certificate],
    identity: str | None,
) -> Verified:
    """Unpack the run's package into ``folder``, which is not there yet.

    ``identity`` is the id of the extension that it must be, or None for any that is signed. Raises RunFault.
    """
    archive = folder.with_suffix(".zip")
    _fetch(reporter, target, archive)
    try:
        verified = verify(archive, roots, identity)
    except SignatureInvalid as error:
        raise RunFault(f"The signature of the package does not hold: {error}", Exit.PACKAGE) from error
    _unpack(archive, folder)
    return verified


def _fetch(reporter: Reporter, target: Mapping[str, str], path: Path) -> None:
    most = _size(target)
    digest, size = hashlib.sha256(), 0
    with reporter.download(target["package_url"]) as response, path.open("xb") as file:
        try:
            for chunk in response.iter_content(CHUNK):
                size += len(chunk)
                if size > most:
                    break
                digest.update(chunk)
                file.write(chunk)
        except requests.RequestException as error:
            text = f"The download of the package broke off: {type(error).__name__}."
            raise RunFault(text, Exit.REGISTRY) from error
    if size != most or digest.hexdigest() != target["package_sha256"]:
        raise RunFault("The package is not the one of this run: its SHA-256 is another.", Exit.PACKAGE)


def _size(target: Mapping[str, str]) -> int:
    text = target["package_size"]
    if not (text.isascii() and text.isdigit() and int(text) <= _LIMITS.wire_bytes):
        raise RunFault(f"The package is said to have {text!r} bytes; that is none or too many.", Exit.PACKAGE)
    return int(text)


def _unpack(path: Path, folder: Path) -> None:
    """The package's own files, without those of its signatures."""
    folder.mkdir()
    try:
        with open_archive(path, _LIMITS) as archive:
            for entry in archive.entries:
                target = folder / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    file.writelines(archive.inflate(entry))
    except PackageRefused as refused:
        raise RunFault(f"The package cannot be unpacked: {refused}", Exit.PACKAGE) from refused
