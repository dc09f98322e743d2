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
import struct

from registry.results.collecting import Collector, Test
from registry.results.faults import Fault
from registry.results.pieces import bare
from registry.results.records import RANK, Status
from registry.results.sources import Source, deflate

SIGNATURE = 0xB3
SIGNATURE_BYTE = bytes([SIGNATURE])
FIXED, VERSION_2 = 0xF008, 0x2000  # the bits of the flags that are the same in each, and what they are
HAS_ID, HAS_ROUTE, HAS_TIME, HAS_TAGS = 0x0800, 0x0400, 0x0200, 0x0080
HAS_FILE, HAS_TYPE = 0x0040, 0x0020
HAS_MORE = HAS_ROUTE | HAS_FILE | HAS_TYPE
FEWEST_BYTES = 8  # signature, flags, length and CRC
MOST_BYTES = 4 * 1024 * 1024 - 1
NUMBER_MASKS = (0, 0x3F, 0x3FFF, 0x3FFFFF, 0x3FFFFFFF)  # by how many bytes the number has
LONGER = 0x40  # a number whose first byte is not below this has more of them
TWO_BYTES, THREE_BYTES = 0x4000, 0x8000  # where numbers of so many begin, by their first two
FOUR_BYTES = 0xC0000000  # and by all four
# How a packet begins: signature, flags, and a length of two bytes, as most are.
_head = struct.Struct(">BHH").unpack_from
_crc32 = deflate.crc32
_checksum, _time = struct.Struct(">I").unpack_from, struct.Struct(">II").unpack_from

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
    packets, stray = Packets(collector), Stray(collector)
    for chunk in source:
        buffer += chunk
        done = packets.read(buffer, base, stray)
        buffer, base = buffer[done:], base + done
    rest = 0 if buffer[:1] == SIGNATURE_BYTE else stray.skip(buffer, 0, base)
    if rest < len(buffer):
        collector.summary.truncated = f"The last packet breaks off (at byte {base + rest})."
    stray.end(base + rest)
    if collector.summary.stray_bytes == source.size:
        raise collector.fault("There is no packet of subunit in it, only other text.", 0, "UNKNOWN_FORMAT")


class Packets:
    """Reads packets. Most repeat the test and the tags of the one before, which are then not decoded again."""

    def __init__(self, collector: Collector):
        self._collector = collector
        self._test: Test | None = None
        self._test_bytes = b""
        self._tags: tuple[str, ...] = ()
        self._tags_bytes = b""

    def read(self, buffer: bytes, base: int, stray: "Stray") -> int:
        """Takes all packets that are whole, and text between them; returns where in the buffer that ends."""
        at, size, packets = 0, len(buffer), 0
        if stray.open:
            at = stray.skip(buffer, at, base)
        while size - at >= FEWEST_BYTES:
            signature, flags, length = _head(buffer, at)
            if signature != SIGNATURE:
                at = stray.skip(buffer, at, base)
                continue
            if flags & FIXED != VERSION_2:
                raise self._fault("A packet is not of version 2 of subunit.", base + at, "WRONG_VERSION")
            if TWO_BYTES <= length < THREE_BYTES:
                length -= TWO_BYTES
                begin = at + 5
            else:
                length, begin = _number(buffer, at + 3)
            end = at + length
            last = end - 4
            if begin > last or length > MOST_BYTES:
                raise self._fault(f"A packet cannot be {length} bytes long.", base + at)
            if end > size:
                break
            if _crc32(buffer[at:last]) != _checksum(buffer, last)[0]:
                raise self._fault(
                    "The checksum of a packet is wrong: the file was damaged on its way, or text was written into "
                    "the middle of a packet.",
                    base + at,
                    "CRC_MISMATCH",
                )
            self._packet(flags, buffer, begin, last, base + at)
            packets += 1
            at = end
        self._collector.count(packets, base)
        return at

    def _packet(self, flags: int, buffer: bytes, at: int, last: int, offset: int) -> None:
        """One packet whose checksum is right: its parts begin in the buffer ``at``, and its checksum at ``last``."""
        seconds: float | None = None
        test: Test | None = None
        try:
            if flags & HAS_TIME:
                whole, nanoseconds = _time(buffer, at)  # there is a checksum behind them
                if nanoseconds >= FOUR_BYTES:
                    nanoseconds -= FOUR_BYTES
                    at += 8
                else:
                    nanoseconds, at = _number(buffer, at + 4)
                if nanoseconds >= 1_000_000_000:
                    raise self._fault("A time has more nanoseconds than a second.", offset)
                seconds = whole + nanoseconds / 1e9
            if flags & HAS_ID:
                # A slice that is compared costs half of what ``startswith`` does.
                same, end = self._test_bytes, at + len(self._test_bytes)
                if same and buffer[at:end] == same:
                    test, at = self._test, end
                else:
                    test, at = self._named(buffer, at, last, offset)
            if flags & HAS_TAGS:
                same, end = self._tags_bytes, at + len(self._tags_bytes)
                known = same and buffer[at:end] == same
                at = end if known else self._tagged(buffer, at, last, offset)
                if test is not None:
                    test.tags = self._tags
            if flags & HAS_MORE:
                at = self._more(flags, buffer, at, last, test)
        except UnicodeDecodeError:
            raise self._fault("A string in a packet is not UTF-8.", offset) from None
        except (IndexError, struct.error):
            at = -1
        if at != last:
            raise self._fault("The parts of a packet are longer or shorter than the packet itself.", offset)
        if test is not None:
            test.seen(RANKS[flags & 7], seconds)

    def _named(self, buffer: bytes, at: int, last: int, offset: int) -> tuple[Test, int]:
        name, end = _string(buffer, at, last)
        test = self._test = self._collector.tests.get(name) or self._collector.test(name, offset)
        self._test_bytes = buffer[at:end]
        return test, end

    def _tagged(self, buffer: bytes, at: int, last: int, offset: int) -> int:
        number, end = _number(buffer, at)
        if number > self._collector.limits.tags:
            said = f"A test may have at most {self._collector.limits.tags} tags."
            raise self._fault(said, offset, "TOO_MANY_TAGS")
        tags = []
        for _ in range(number):
            tag, end = _string(buffer, end, last)
            tags.append(tag)
        self._tags = self._collector.tagged(tuple(tags), offset)
        self._tags_bytes = buffer[at:end]
        return end

    def _more(self, flags: int, buffer: bytes, at: int, last: int, test: Test | None) -> int:
        """A piece of a file, and a route; a piece that belongs to no test is passed over, and so are all routes."""
        media_type = ""
        if flags & HAS_TYPE:
            media_type, at = _string(buffer, at, last)
        if flags & HAS_FILE:
            name, at = _string(buffer, at, last)
            size, begin = _number(buffer, at)
            at = begin + size
            if test is not None and at <= last:
                self._collector.attach(test, name, bare(media_type), buffer[begin:at])
        if flags & HAS_ROUTE:
            _, at = _string(buffer, at, last)
        return at

    def _fault(self, reason: str, offset: int, code: str = "RESULTS_MALFORMED") -> Fault:
        return self._collector.fault(reason, offset, code)


def _number(buffer: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 4 bytes, and where it ends."""
    first = buffer[at]
    if first < LONGER:
        return first, at + 1
    end = at + 1 + (first >> 6)
    return int.from_bytes(buffer[at:end], "big") & NUMBER_MASKS[end - at], end


def _string(buffer: bytes, at: int, last: int) -> tuple[str, int]:
    """A string, and where it ends; raises IndexError where that is behind the ``last`` byte of its packet."""
    size = buffer[at]
    if size < LONGER:
        at += 1
    else:
        size, at = _number(buffer, at)
    end = at + size
    if end > last:
        raise IndexError
    return buffer[at:end].decode(), end


class Stray:
    """Text between packets: what tests print. Raises Fault for what is no text, and for too much of it.

    ``open`` while some is being read.
    """

    def __init__(self, collector: Collector):
        self.open = False
        self._collector = collector
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def skip(self, buffer: bytes, at: int, base: int) -> int:
        """Takes text up to where the next packet begins, which ends it, or all of it; returns where that is."""
        while at < len(buffer):
            end = buffer.find(SIGNATURE_BYTE, at)
            end = len(buffer) if end < 0 else end
            self._take(buffer[at:end], base + at)
            if end == len(buffer):
                return end
            if not self._decoder.getstate()[0]:
                self.end(base + end)
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
