"""Unpacks one entry while counting: never more bytes than declared, never more memory than a chunk."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from registry.packages.faults import Faults
from registry.packages.zip_records import REPACK_ADVICE, STORED

# Where both unpack a stream they give the same bytes; isal also takes incomplete Huffman codes, which
# no packer writes and zlib refuses. A package made so would be of no use to its author, nor any harm.
deflate: Any
try:
    from isal import isal_zlib as deflate
except ImportError:  # not built for this platform; zlib takes twice as long
    deflate = zlib

CHUNK = 256 * 1024
# Small, because each unfinished step copies what is left of its input.
FEED = 64 * 1024
RAW_DEFLATE = -15


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: ``name`` inside the package, sizes and ``data_offset`` in bytes of the archive.

    ``method`` is 0 (stored) or 8 (deflated); ``modified`` holds the DOS date and time words.
    """

    name: str
    method: int
    crc32: int
    compressed_size: int
    size: int
    data_offset: int
    modified: tuple[int, int]


def inflate(descriptor: int, entry: Entry) -> Iterator[bytes]:
    """The bytes of one entry of the open file, in chunks of at most CHUNK bytes.

    Raises PackageRefused when they are more or fewer than declared, have another CRC-32, or when
    the packed bytes do not end exactly where the deflate stream does.
    """
    if entry.method == STORED:
        chunks = _pieces(descriptor, entry, CHUNK)
    else:
        chunks = _inflated(_pieces(descriptor, entry, FEED), entry)
    size = crc32 = 0
    for chunk in chunks:
        size += len(chunk)
        crc32 = deflate.crc32(chunk, crc32)
        yield chunk
    if size != entry.size:
        _refuse("SIZE_MISMATCH", f"This file is {size} bytes long, not {entry.size} as declared.", entry)
    if crc32 != entry.crc32:
        _refuse("CRC_MISMATCH", "This file is damaged: its checksum is not the declared one.", entry)


def _pieces(descriptor: int, entry: Entry, most: int) -> Iterator[bytes]:
    offset = entry.data_offset
    end = offset + entry.compressed_size
    while offset < end:
        piece = os.pread(descriptor, min(most, end - offset), offset)
        if not piece:
            _refuse("DATA_MISSING", "The archive became shorter while it was read.", entry)
        offset += len(piece)
        yield piece


def _inflated(pieces: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    stream = deflate.decompressobj(wbits=RAW_DEFLATE)
    left = entry.size
    for piece in pieces:
        chunk = piece
        while chunk and not stream.eof:
            # One byte more than is due, so that a lie about the size shows at once.
            chunk = _step(stream, piece, min(CHUNK, left + 1), entry)
            piece = stream.unconsumed_tail
            left -= len(chunk)
            if left < 0:
                _refuse("SIZE_MISMATCH", f"This file is longer than the {entry.size} bytes declared.", entry)
            if chunk:
                yield chunk
        if piece or stream.unused_data:
            _refuse("DEFLATE_TRAILING_DATA", "There is hidden data behind this file's packed data.", entry)
    if not stream.eof:
        _refuse("DEFLATE_DAMAGED", "This file's packed data breaks off before its end.", entry)


def _step(stream: Any, piece: bytes, most: int, entry: Entry) -> bytes:
    try:
        chunk: bytes = stream.decompress(piece, most)
    except (zlib.error, deflate.error):
        _refuse("DEFLATE_DAMAGED", "This file's packed data is damaged.", entry)
    return chunk


def _refuse(code: str, message: str, entry: Entry) -> NoReturn:
    Faults().stop(code, f"{message} {REPACK_ADVICE}", entry.name)
