"""Writes zip files record by record, so that each field can lie (APPNOTE.TXT 6.3.10, 4.3).

``build_zip({"package.json": b"{}"})`` gives an ordinary archive. ``Part`` describes one entry with
every field settable in the local header, the central directory or both; ``assemble`` joins parts.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

UTF8_FLAG = 1 << 11
DESCRIPTOR_FLAG = 1 << 3
UNIX = 3
REGULAR = 0o100644 << 16
FOLDER = 0o40755 << 16 | 0x10
SYMLINK = 0o120777 << 16
DATE = (2024 - 1980) << 9 | 5 << 5 | 17
TIME = 12 << 11

LOCAL_FIELDS = ("version", "flags", "method", "time", "date", "crc32", "compressed_size", "size")


@dataclass
class Part:
    """One entry. What is None is derived honestly; ``local`` and ``central`` override single fields.

    ``packed`` are the bytes put into the file as they are; else ``data`` is packed by ``method``.
    ``descriptor``: None, "plain" or "signed" writes sizes behind the data and zeroes in front.
    ``before`` and ``after`` are stray bytes around the entry.
    """

    name: str | bytes
    data: bytes = b""
    method: int = 8
    packed: bytes | None = None
    flags: int | None = None
    descriptor: str | None = None
    crc32: int | None = None
    compressed_size: int | None = None
    size: int | None = None
    time: int = TIME
    date: int = DATE
    made_by: int = UNIX
    attributes: int | None = None
    local_extra: bytes = b""
    central_extra: bytes = b""
    comment: bytes = b""
    version: int = 20
    disk: int = 0
    offset: int | None = None
    before: bytes = b""
    after: bytes = b""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)

    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def payload(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == 8 else self.data

    def fields(self) -> dict[str, Any]:
        flags = self.flags
        if flags is None:
            flags = 0 if self.raw_name().isascii() else UTF8_FLAG
            flags |= DESCRIPTOR_FLAG if self.descriptor else 0
        return {
            "name": self.raw_name(),
            "version": self.version,
            "flags": flags,
            "method": self.method,
            "time": self.time,
            "date": self.date,
            "crc32": zlib.crc32(self.data) if self.crc32 is None else self.crc32,
            "compressed_size": len(self.payload()) if self.compressed_size is None else self.compressed_size,
            "size": len(self.data) if self.size is None else self.size,
        }

    def local_record(self) -> bytes:
        honest = self.fields()
        shown = dict(honest)
        if self.descriptor:
            shown.update(crc32=0, compressed_size=0, size=0)
        shown.update(self.local)
        header = struct.pack(
            "<4s5H3L2H",
            b"PK\x03\x04",
            *(shown[key] for key in LOCAL_FIELDS),
            len(shown["name"]),
            len(self.local_extra),
        )
        record = header + shown["name"] + self.local_extra + self.payload()
        if self.descriptor:
            signature = b"PK\x07\x08" if self.descriptor == "signed" else b""
            sizes = (honest["crc32"], honest["compressed_size"], honest["size"])
            record += signature + struct.pack("<3L", *sizes)
        return record

    def central_record(self, offset: int) -> bytes:
        shown = self.fields() | self.central
        attributes = self.attributes
        if attributes is None:
            attributes = FOLDER if shown["name"].endswith(b"/") else REGULAR
        return (
            struct.pack(
                "<4s6H3L5H2L",
                b"PK\x01\x02",
                self.made_by << 8 | 20,
                *(shown[key] for key in LOCAL_FIELDS),
                len(shown["name"]),
                len(self.central_extra),
                len(self.comment),
                self.disk,
                0,
                attributes,
                offset if self.offset is None else self.offset,
            )
            + shown["name"]
            + self.central_extra
            + self.comment
        )


def deflate(data: bytes, level: int = 6) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def end_record(
    count: int, size: int, offset: int, comment: bytes = b"", *,
    disk: int = 0, directory_disk: int = 0, here: int | None = None, comment_size: int | None = None,
) -> bytes:  # fmt: skip
    return (
        struct.pack(
            "<4s4H2LH",
            b"PK\x05\x06",
            disk,
            directory_disk,
            count if here is None else here,
            count,
            size,
            offset,
            len(comment) if comment_size is None else comment_size,
        )
        + comment
    )


def assemble(
    parts: Iterable[Part], *,
    prefix: bytes = b"", gap: bytes = b"", before_end: bytes = b"", comment: bytes = b"", suffix: bytes = b"",
    end: Mapping[str, Any] | None = None,
) -> bytes:  # fmt: skip
    """A whole archive; ``prefix``, ``gap`` (before the directory), ``before_end`` and ``suffix`` are stray
    bytes, honest offsets count them. ``end`` overrides fields of the end record."""
    body = bytearray(prefix)
    directory = bytearray()
    count = 0
    for part in parts:
        body += part.before
        directory += part.central_record(len(body))
        body += part.local_record() + part.after
        count += 1
    body += gap
    fields: dict[str, Any] = {
        "count": count,
        "size": len(directory),
        "offset": len(body),
        "comment": comment,
    } | dict(end or {})
    return bytes(body + directory + before_end + end_record(**fields) + suffix)


def build_zip(
    files: Mapping[str, bytes | str], *, method: int = 8, comment: bytes = b"", **fields: Any
) -> bytes:
    """An ordinary zip of ``files`` in their order; a name ending in "/" makes a folder.

    ``fields`` are those of Part, for every entry: ``build_zip(files, descriptor="signed")``.
    """
    parts = []
    for name, data in files.items():
        content = data.encode() if isinstance(data, str) else data
        parts.append(Part(name, content, method=0 if name.endswith("/") else method, **fields))
    return assemble(parts, comment=comment)
