"""Writes the canonical zip file that is served in place of the upload.

Only names, times and packed bytes are taken over from the upload. Every header is made anew: one fixed
form without extra fields, data descriptors, attributes, comments, or anything between, before or after
the entries. So nothing a reader might understand differently survives. Packed bytes are copied as they
are, which is ten times cheaper than packing them again. Record layouts: APPNOTE.TXT 6.3.10, 4.3.
"""

import os
import zlib
from collections.abc import Callable
from hashlib import sha256
from struct import Struct
from typing import Any

from registry.packages.archive import Archive, Entry
from registry.signing.errors import CannotSign

deflate: Any
try:
    from isal import isal_zlib as deflate
except ImportError:  # not built for this platform: slower, and a little smaller
    deflate = zlib

_LEVEL, _RAW = 2, -15
_LOCAL = Struct("<4s5H3L2H")
_CENTRAL = Struct("<4s4B4H3L5H2L")
_END = Struct("<4s4H2LH")
_VERSION = 20  # 2.0: deflate, no zip64
# Of systems whose attributes carry no Unix mode bits. Info-ZIP takes a name from DOS for one in a DOS
# code page even where the UTF-8 flag is set, so names beyond ASCII are declared to come from NTFS.
_DOS, _NTFS = 0, 10
_UTF8_NAME = 1 << 11
_STORED, _DEFLATED = 0, 8
_EARLIEST = (0x0021, 0)  # 1980-01-01 00:00, for the files that are made here

# Below the size from which malloc maps each buffer anew.
_CHUNK = 64 * 1024
_MOST_BYTES = 0xFFFFFFFF
_MOST_ENTRIES = 0xFFFF
_LONGEST_NAME = 0xFFFF
_ZIP64 = "The signed package would need zip64, which clients need not understand."


class Rewriter:
    """Writes entries one after the other through ``write``, hashing all that goes out."""

    def __init__(self, write: Callable[[bytes], object]):
        self._write = write
        self._hash = sha256()
        self._directory: list[bytes] = []
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        """A file of our own, packed if that makes it smaller."""
        packed: bytes = deflate.compress(data, _LEVEL, _RAW)
        method = _DEFLATED if len(packed) < len(data) else _STORED
        body = packed if method == _DEFLATED else data
        self._begin(Entry(name, method, deflate.crc32(data), len(body), len(data), 0, _EARLIEST))
        self._put(body)

    def copy(self, archive: Archive, entry: Entry) -> None:
        """An entry of the upload, its packed bytes as they are there."""
        self._begin(entry)
        descriptor = archive.file.fileno()
        at, end = entry.data_offset, entry.data_offset + entry.compressed_size
        while at < end:
            chunk = os.pread(descriptor, min(_CHUNK, end - at), at)
            if not chunk:
                raise CannotSign("The package became shorter while it was read.")
            self._put(chunk)
            at += len(chunk)

    def finish(self) -> None:
        """The central directory and the end record."""
        count, offset = len(self._directory), self.size
        directory = b"".join(self._directory)
        if count >= _MOST_ENTRIES or offset + len(directory) >= _MOST_BYTES:
            raise CannotSign(_ZIP64)
        self._put(directory)
        self._put(_END.pack(b"PK\5\6", 0, 0, count, count, len(directory), offset, 0))

    def _begin(self, entry: Entry) -> None:
        name = entry.name.encode()
        flags, system = (0, _DOS) if entry.name.isascii() else (_UTF8_NAME, _NTFS)
        date, time = entry.modified
        if len(name) > _LONGEST_NAME:
            raise CannotSign(f"The name of an entry is too long for a zip file: {entry.name[:80]!r}")
        if self.size + len(name) + entry.compressed_size >= _MOST_BYTES:
            raise CannotSign(_ZIP64)
        facts = (
            flags,
            entry.method,
            time,
            date,
            entry.crc32,
            entry.compressed_size,
            entry.size,
            len(name),
            0,
        )
        self._directory.append(
            _CENTRAL.pack(b"PK\1\2", _VERSION, system, _VERSION, 0, *facts, 0, 0, 0, 0, self.size) + name
        )
        self._put(_LOCAL.pack(b"PK\3\4", _VERSION, *facts) + name)

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._write(data)
        self.size += len(data)
