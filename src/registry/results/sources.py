"""The bytes of a file of results, in chunks: unpacked where they are gzip, counted, and never more than the limits."""

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

from registry.results.faults import Fault
from registry.results.limits import Limits

deflate: Any
try:
    from isal import isal_zlib as deflate
except ImportError:  # not built for this platform; zlib takes twice as long
    deflate = zlib

CHUNK = 256 * 1024
# Small, because each unfinished step copies what is left of its input.
FEED = 64 * 1024
GZIP = b"\x1f\x8b"
GZIP_WBITS = 31
MOST_MEMBERS = 10_000


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Source:
    """A file from where it stands to its end.

    Iterating gives its chunks, each once; ``head`` looks at the first of them without taking it. ``size`` counts
    the unpacked bytes given so far. Raises Fault for damaged gzip and beyond the limits.
    """

    def __init__(self, file: Readable, limits: Limits):
        self.size = 0
        self._chunks = self._unpacked(file, limits)
        self._first = next(self._chunks, b"")

    def head(self) -> bytes:
        """The first chunk, at least 64 KiB where there are as many; b"" for an empty file."""
        return self._first

    def __iter__(self) -> Iterator[bytes]:
        chunk, self._first = self._first, b""
        while chunk:
            self.size += len(chunk)
            yield chunk
            chunk = next(self._chunks, b"")

    def _unpacked(self, file: Readable, limits: Limits) -> Iterator[bytes]:
        chunks = whole(file)
        first = next(chunks, b"")
        chunks = _with(first, chunks)
        if first.startswith(GZIP):
            yield from gathered(inflate(chunks, limits))
            return
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > limits.unpacked_bytes:
                raise too_large(f"at most {limits.unpacked_bytes} bytes of results are taken.")
            yield chunk


def whole(file: Readable) -> Iterator[bytes]:
    """A file in chunks of CHUNK bytes, however little of it each read gives."""
    return gathered(iter(lambda: file.read(CHUNK), b""))


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least CHUNK bytes each, but for the last."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)


def inflate(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """The bytes that gzip has packed, one member after another (RFC 1952), in pieces of at most CHUNK bytes.

    Raises Fault for what is no gzip or breaks off, and as soon as more comes out than the limits allow.
    """
    stream = deflate.decompressobj(wbits=GZIP_WBITS)
    packed, unpacked, members = 0, 0, 1
    for chunk in chunks:
        for start in range(0, len(chunk), FEED):
            waiting = chunk[start : start + FEED]
            packed += len(waiting)
            full = False  # there may be more, even of no more input
            while waiting or full:
                if stream.eof:
                    stream = deflate.decompressobj(wbits=GZIP_WBITS)
                    members += 1
                    if members > MOST_MEMBERS:
                        raise Fault(
                            f"The gzip data has more than {MOST_MEMBERS} members.", code="GZIP_DAMAGED"
                        )
                piece, waiting = _step(stream, waiting)
                full = len(piece) == CHUNK and not stream.eof
                unpacked += len(piece)
                _check(packed, unpacked, limits)
                if piece:
                    yield piece
    if packed and not stream.eof:
        raise Fault("The gzip data breaks off before its end. Send the whole file.", code="GZIP_DAMAGED")


def _step(stream: Any, waiting: bytes) -> tuple[bytes, bytes]:
    try:
        piece = stream.decompress(waiting, CHUNK)
    except (zlib.error, deflate.error):
        raise Fault("The gzip data is damaged.", code="GZIP_DAMAGED") from None
    if stream.eof:
        return piece, stream.unused_data
    return piece, stream.unconsumed_tail


def _check(packed: int, unpacked: int, limits: Limits) -> None:
    if unpacked > limits.unpacked_bytes:
        raise too_large(f"at most {limits.unpacked_bytes} bytes of results are taken, as they are unpacked.")
    if unpacked > limits.ratio_from and unpacked > packed * limits.ratio:
        raise too_large(
            f"the file unpacks to more than {limits.ratio} times its packed size, as a bomb does."
        )


def too_large(reason: str) -> Fault:
    return Fault(f"Too large: {reason}", code="RESULTS_TOO_LARGE")


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
