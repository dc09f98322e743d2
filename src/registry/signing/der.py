"""A strict reader of DER (ITU-T X.690), enough for the fixed structure of a PKCS#7 signature.

It reads definite, minimal lengths and one-byte tags only, never recurses, and copies nothing but the
bytes it hands out. Anything else is ``Malformed``: a signature we wrote has no need of it, and two
readers cannot differ on what neither accepts.
"""

from datetime import UTC, datetime

from registry.signing.errors import Malformed

INTEGER, OCTETS, NULL, OID = 0x02, 0x04, 0x05, 0x06
UTC_TIME, GENERAL_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

_LENGTH_BYTES = 4


class Reader:
    """Reads the elements of ``data`` one after the other."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    @property
    def tag(self) -> int | None:
        """The tag of the next element, or None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def element(self, tag: int) -> tuple[bytes, bytes]:
        """The next element, which must have this tag: the whole of it, and its content."""
        if self.tag != tag:
            raise Malformed(f"DER element {tag:#04x} expected at byte {self._at}")
        start = self._length_end()
        end = start[0] + start[1]
        if end > len(self._data):
            raise Malformed("a DER element is longer than what holds it")
        whole, content = self._data[self._at : end], self._data[start[0] : end]
        self._at = end
        return whole, content

    def content(self, tag: int) -> bytes:
        return self.element(tag)[1]

    def inside(self, tag: int) -> "Reader":
        """A reader of the content of the next element."""
        return Reader(self.content(tag))

    def integer(self) -> int:
        content = self.content(INTEGER)
        if not content:
            raise Malformed("an empty DER integer")
        return int.from_bytes(content, "big", signed=True)

    def end(self) -> None:
        if self.tag is not None:
            raise Malformed("more DER elements than there should be")

    def _length_end(self) -> tuple[int, int]:
        """Where the content of the next element begins, and its length."""
        at = self._at + 1
        if at >= len(self._data):
            raise Malformed("DER ends within an element")
        first = self._data[at]
        if first < 0x80:
            return at + 1, first
        count = first & 0x7F
        digits = self._data[at + 1 : at + 1 + count]
        if not 1 <= count <= _LENGTH_BYTES or len(digits) != count:
            raise Malformed("a DER length of an unusual form")
        length = int.from_bytes(digits, "big")
        if length < 0x80 or digits[0] == 0:
            raise Malformed("a DER length that is not minimal")
        return at + 1 + count, length


def length(size: int) -> bytes:
    """The DER length octets for a content of ``size`` bytes."""
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def time(tag: int, content: bytes) -> datetime:
    """A UTCTime or GeneralizedTime in the only form DER and RFC 5652 allow: seconds, and ``Z``."""
    digits = content[:-1]
    if content[-1:] != b"Z" or not digits.isdigit() or len(digits) != (12 if tag == UTC_TIME else 14):
        raise Malformed("a time that is not in UTC and whole seconds")
    text = digits.decode("ascii")
    if tag == UTC_TIME:
        text = ("20" if text[0] < "5" else "19") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(f"no such time: {text}") from None
