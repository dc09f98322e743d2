"""The pictures in a package: which of those that its manifest names could be shown."""

import hashlib

from registry.packages.archive import Archive
from registry.packages.findings import Finding, PackageRefused
from registry.packages.package import Package
from registry.pictures import PictureRefused, kind_of
from registry.pictures.formats import HEAD_BYTES


def read_pictures(archive: Archive, package: Package) -> tuple[dict[str, str], list[Finding]]:
    """The SHA-256 of each by its path, and warnings about the others. Nothing is decoded here."""
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for path in dict.fromkeys(filter(None, (package.icon, *package.screenshots))):
        try:
            found[path] = _digest(archive, path)
        except PictureRefused as refused:
            said = f"{path} cannot be shown: {refused}"
            findings.append(Finding(refused.code, said, path=path, severity="warning"))
        except PackageRefused:
            pass  # the whole package is: its contents are checked for themselves
    return found, findings


def _digest(archive: Archive, path: str) -> str:
    entry = archive.get(path)
    if entry is None:
        raise PictureRefused("FILE_MISSING", "It is not in the package.")
    if entry.size > archive.limits.picture_bytes:
        said = f"It has {entry.size} bytes; at most {archive.limits.picture_bytes} are read of a picture."
        raise PictureRefused("PICTURE_TOO_LARGE", said)
    data = archive.read(path, entry.size)
    kind_of(data[:HEAD_BYTES])
    return hashlib.sha256(data).hexdigest()
