"""Subunit version 2: packets with a checksum each, and a little text between them.

A packet (all numbers big-endian) is

    0xB3   flags:2   length:1-4   [time]   [test id]   [tags]   [media type]   [file name, bytes]   [route]   CRC-32:4

where the upper four bits of the flags are the version (2), the lower three a status, and the others say which of
the optional parts are there. A length is a number of 1 to 4 bytes whose first two bits tell how many there are
more; strings are UTF-8 behind their length. The length of a packet counts all of it, CRC included.

Strict: whatever a writer of subunit does not write is a Fault with the offset of the packet. Only a last packet
that breaks off is taken for what it is, a run that was killed.
"""

import codecs
from zlib import crc32

from registry.results.collecting import Collector, Test
from registry.results.pieces import bare
from registry.results.records import RANK, Status
from registry.results.sources import Source

SIGNATURE = 0xB3
SIGNATURE_BYTE = bytes([SIGNATURE])
VERSION = 2
HAS_ID, HAS_ROUTE, HAS_TIME, HAS_TAGS = 0x0800, 0x0400, 0x0200, 0x0080
HAS_FILE, HAS_TYPE, RESERVED = 0x0040, 0x0020, 0x0008
FEWEST_BYTES = 8  # signature, flags, length and CRC
MOST_BYTES = 4 * 1024 * 1024 - 1
NUMBER_MASKS = (0, 0x3F, 0x3FFF, 0x3FFFFF, 0x3FFFFFFF)  # by how many bytes the number has

# By the lower three bits of the flags. A packet without a status carries a piece of a file of a test that runs.
STATUSES = (
    Status.INCOMPLETE,
    Status.NOT_RUN,  # "exists"
    Status.INCOMPLETE,  # "inprogress"
    Status.PASSED,
    Status.XPASSED,
    Status.SKIPPED,
    Status.FAILED,
    Status.XFAILED,
)
RANKS = tuple(RANK[status] for status in STATUSES)


def read(source: Source, collector: Collector) -> None:
    """All packets of a stream into ``collector``; raises Fault."""
    buffer, base = b"", 0  # what is not read yet, and its offset in the file
    stray = Stray(collector)
    for chunk in source:
        buffer += chunk
        done = _packets(buffer, base, stray, collector)
        buffer, base = buffer[done:], base + done
    rest = 0 if buffer[:1] == SIGNATURE_BYTE else stray.skip(buffer, 0, base)
    if rest < len(buffer):
        collector.summary.truncated = f"The last packet breaks off (at byte {base + rest})."
    stray.end(base + rest)


def _packets(buffer: bytes, base: int, stray: "Stray", collector: Collector) -> int:
    """Reads the packets that are whole; returns where in the buffer they end."""
    at, size, packets = 0, len(buffer), 0
    while size - at >= FEWEST_BYTES:
        if buffer[at] != SIGNATURE:
            at = stray.skip(buffer, at, base)
            continue
        if stray.open:
            stray.end(base + at)
        end = at + _length(buffer, at, base, collector)
        if end > size:
            break
        packets += 1
        packet = buffer[at : end - 4]
        if crc32(packet) != int.from_bytes(buffer[end - 4 : end], "big"):
            raise collector.fault(
                "The checksum of a packet is wrong: the file was damaged on its way, or text was written into "
                "the middle of a packet.",
                base + at,
                "CRC_MISMATCH",
            )
        _packet(packet, base + at, collector)
        at = end
    collector.count(packets, base)
    return at


def _length(buffer: bytes, at: int, base: int, collector: Collector) -> int:
    """The length of the packet at ``at``, of which eight bytes are there."""
    if buffer[at + 1] >> 4 != VERSION or buffer[at + 2] & RESERVED:
        raise collector.fault("A packet is not of version 2 of subunit.", base + at, "WRONG_VERSION")
    first = buffer[at + 3]
    width = (first >> 6) + 1
    length = int.from_bytes(buffer[at + 3 : at + 3 + width], "big") & NUMBER_MASKS[width]
    if not FEWEST_BYTES - 1 + width <= length <= MOST_BYTES:
        raise collector.fault(f"A packet cannot be {length} bytes long.", base + at)
    return length


def _packet(packet: bytes, offset: int, collector: Collector) -> None:
    """One packet whose checksum is right, without its checksum."""
    flags = packet[1] << 8 | packet[2]
    at = 4 + (packet[3] >> 6)
    seconds: float | None = None
    test: Test | None = None
    try:
        if flags & HAS_TIME:
            whole = int.from_bytes(packet[at : at + 4], "big")
            nanoseconds, at = _number(packet, at + 4)
            if nanoseconds >= 1_000_000_000:
                raise collector.fault("A time has more nanoseconds than a second.", offset)
            seconds = whole + nanoseconds / 1e9
        if flags & HAS_ID:
            name, at = _string(packet, at)
            test = collector.tests.get(name) or collector.test(name, offset)
        if flags & HAS_TAGS:
            tags, at = _tags(packet, at, offset, collector)
            if test is not None:
                test.tags = collector.tagged(tags, offset)
        if flags & (HAS_TYPE | HAS_FILE):
            at = _file(packet, at, flags, test, collector)
        if flags & HAS_ROUTE:
            _, at = _string(packet, at)
    except UnicodeDecodeError:
        raise collector.fault("A string in a packet is not UTF-8.", offset) from None
    except IndexError:
        at = -1
    if at != len(packet):
        raise collector.fault("The parts of a packet are longer or shorter than the packet itself.", offset)
    if test is not None:
        test.seen(RANKS[flags & 7], seconds)


def _number(packet: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 4 bytes, and where it ends; beyond the packet where there are too few."""
    first = packet[at]
    if first < 0x40:
        return first, at + 1
    end = at + 1 + (first >> 6)
    return int.from_bytes(packet[at:end], "big") & NUMBER_MASKS[end - at], end


def _string(packet: bytes, at: int) -> tuple[str, int]:
    """A string, and where it ends; raises IndexError where the packet ends before."""
    size, at = _number(packet, at)
    end = at + size
    if end > len(packet):
        raise IndexError
    return packet[at:end].decode(), end


def _tags(packet: bytes, at: int, offset: int, collector: Collector) -> tuple[tuple[str, ...], int]:
    number, at = _number(packet, at)
    if number > collector.limits.tags:
        raise collector.fault(
            f"A test may have at most {collector.limits.tags} tags.", offset, "TOO_MANY_TAGS"
        )
    tags = []
    for _ in range(number):
        tag, at = _string(packet, at)
        tags.append(tag)
    return tuple(tags), at


def _file(packet: bytes, at: int, flags: int, test: Test | None, collector: Collector) -> int:
    """A piece of a file; one that belongs to no test is passed over."""
    media_type = ""
    if flags & HAS_TYPE:
        media_type, at = _string(packet, at)
    if flags & HAS_FILE:
        name, at = _string(packet, at)
        size, at = _number(packet, at)
        data = packet[at : at + size]
        at += size
        if test is not None:
            collector.attach(test, name, bare(media_type), data)
    return at


class Stray:
    """Text between packets: what tests print. Raises Fault for what is no text, and for too much of it.

    ``open`` while some is being read.
    """

    def __init__(self, collector: Collector):
        self.open = False
        self._collector = collector
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def skip(self, buffer: bytes, at: int, base: int) -> int:
        """Takes text up to where the next packet begins, or all of it; returns where that is."""
        while at < len(buffer):
            end = buffer.find(SIGNATURE_BYTE, at)
            end = len(buffer) if end < 0 else end
            self._take(buffer[at:end], base + at)
            if end == len(buffer) or not self._decoder.getstate()[0]:
                return end
            self._take(SIGNATURE_BYTE, base + end)  # this one is in the middle of a character
            at = end + 1
        return at

    def end(self, offset: int) -> None:
        """The text must be over here."""
        self._take(b"", offset, final=True)
        self.open = False

    def _take(self, text: bytes, offset: int, final: bool = False) -> None:
        self.open = True
        self._collector.stray(len(text), offset)
        try:
            self._decoder.decode(text, final)
        except UnicodeDecodeError:
            raise self._collector.fault(
                "Here is neither a packet nor text in UTF-8: the file was damaged on its way.", offset
            ) from None
