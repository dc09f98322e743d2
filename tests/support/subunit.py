"""Packets of subunit version 2, right ones and wrong ones, made by hand."""

import struct
import zlib

STATUSES = ("", "exists", "inprogress", "success", "uxsuccess", "skip", "fail", "xfail")


def number(value: int, width: int = 0) -> bytes:
    """A number in as few bytes as it takes, or in ``width`` of them."""
    width = width or next(w for w in (1, 2, 3, 4) if value < 1 << (8 * w - 2))
    return (value | (width - 1) << (8 * width - 2)).to_bytes(width, "big")


def string(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def framed(flags: int, body: bytes, length: int | None = None) -> bytes:
    """A packet of these flags and parts with a right checksum, whatever length it claims."""
    width = next(w for w in (1, 2, 3, 4) if len(body) + 7 + w < 1 << (8 * w - 2))
    claimed = len(body) + 7 + width if length is None else length
    packet = struct.pack(">BH", 0xB3, flags) + number(claimed, width if length is None else 0) + body
    return packet + struct.pack(">I", zlib.crc32(packet))


def packet(
    id: str | bytes | None = None,
    status: str = "",
    *,
    time: float | None = None,
    tags: tuple[str, ...] = (),
    media_type: str = "",
    name: str = "",
    data: bytes | None = None,
    route: str = "",
) -> bytes:
    flags, body = 0x2000 | STATUSES.index(status), b""
    if time is not None:
        flags |= 0x0200
        body += struct.pack(">I", int(time)) + number(round(time % 1 * 1e9), 4)
    if id is not None:
        flags |= 0x0800
        body += string(id)
    if tags:
        flags |= 0x0080
        body += number(len(tags)) + b"".join(map(string, tags))
    if media_type:
        flags |= 0x0020
        body += string(media_type)
    if data is not None:
        flags |= 0x0040
        body += string(name) + number(len(data)) + data
    if route:
        flags |= 0x0400
        body += string(route)
    return framed(flags, body)
