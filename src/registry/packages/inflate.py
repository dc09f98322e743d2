"""Unpacks one entry while counting: never more bytes than declared, never more memory than a chunk."""

import os
import zlib
from collections.abc import Iterator
from typing import Any

from registry.packages.faults import Faults

deflate: Any
try:
    from isal import isal_zlib as deflate
except ImportError:  # a platform without it: slower, the same bytes
    deflate = zlib

CHUNK = 256 * 1024
FEED = 64 * 1024
STORED = 0


def inflate(
    descriptor: int, name: str, method: int, offset: int, compressed_size: int, size: int, crc32: int
) -> Iterator[bytes]:
    """The bytes of one entry in chunks of at most CHUNK.

    Raises PackageRefused when they are more or fewer than ``size``, have another CRC-32, or the
    packed bytes do not end exactly with the deflate stream.
    """
    packed = _pieces(descriptor, name, offset, compressed_size, CHUNK if method == STORED else FEED)
    chunks = packed if method == STORED else _inflated(packed, name, size)
    total = 0
    found = 0
    for chunk in chunks:
        total += len(chunk)
        found = deflate.crc32(chunk, found)
        yield chunk
    if total != size:
        _refuse("SIZE_MISMATCH", f"This file is {total} bytes long, not {size} as declared.", name)
    if found != crc32:
        _refuse("CRC_MISMATCH", "This file is damaged: its checksum is not the declared one.", name)


def _pieces(descriptor: int, name: str, offset: int, size: int, most: int) -> Iterator[bytes]:
    end = offset + size
    while offset < end:
        piece = os.pread(descriptor, min(most, end - offset), offset)
        if not piece:
            _refuse("DATA_MISSING", "The archive became shorter while it was read.", name)
        offset += len(piece)
        yield piece


def _inflated(packed: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    stream: Any = deflate.decompressobj(wbits=-15)
    left = size
    for piece in packed:
        if stream.eof:
            _refuse_rest(name)
        while True:
            # One byte more than is due, to see whether there is more than was declared.
            chunk = _step(stream, piece, min(CHUNK, left + 1), name)
            left -= len(chunk)
            if left < 0:
                _refuse("SIZE_MISMATCH", f"This file is longer than the {size} bytes declared.", name)
            if chunk:
                yield chunk
            piece = stream.unconsumed_tail
            if stream.eof or not chunk:
                break
        if stream.unused_data or piece:
            _refuse_rest(name)
    if not stream.eof:
        _refuse("DEFLATE_DAMAGED", "This file's packed data breaks off before its end.", name)


def _step(stream: Any, piece: bytes, most: int, name: str) -> bytes:
    try:
        chunk: bytes = stream.decompress(piece, most)
    except (zlib.error, deflate.error):
        _refuse("DEFLATE_DAMAGED", "This file's packed data is damaged.", name)
    return chunk


def _refuse_rest(name: str) -> None:
    _refuse("DEFLATE_TRAILING_DATA", "There is hidden data after this file's packed data.", name)


def _refuse(code: str, message: str, name: str) -> None:
    Faults().stop(code, f"{message} Pack the folder again with an ordinary zip program.", name)
