"""What a package was built from, for people to look at: an archive that is kept as it came and never unpacked here."""

import bz2
import gzip
import tarfile
import zipfile
from pathlib import Path

SUFFIXES = ("zip", "tar.gz", "tar.bz2")
_PACKERS = {b"\x1f\x8b": ("tar.gz", gzip.open), b"BZh": ("tar.bz2", bz2.open)}


def archive_kind(path: Path) -> str | None:
    """One of SUFFIXES by what the file holds, whatever it is called; None for anything else.

    Only where an archive begins (tar) or ends (zip) is read, so a bomb does no harm.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\3\4":
        return "zip" if zipfile.is_zipfile(path) else None
    for magic, (suffix, unpack) in _PACKERS.items():
        if head.startswith(magic):
            return suffix if _begins_with_a_member(path, unpack) else None
    return None


def _begins_with_a_member(path: Path, unpack: object) -> bool:
    try:
        with unpack(path) as packed:  # type: ignore[operator]
            tarfile.TarInfo.frombuf(packed.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except (tarfile.HeaderError, OSError, EOFError, ValueError):
        return False
    return True
