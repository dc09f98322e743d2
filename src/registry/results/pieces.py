"""What tests say and leave behind, put aside in a temporary file until all is read.

Texts and files of one test come in pieces, between those of others. Each piece is written where the file ends and
points back to the one before it of the same test, so a test itself needs to remember nothing but its last piece.
"""

import hashlib
import struct
import tempfile
from collections.abc import Iterable
from typing import NamedTuple

from registry.results.faults import without_nul
from registry.results.limits import Limits
from registry.results.records import Attachment, Piece

HEADER = struct.Struct(">qIHH")  # the piece before, the sizes of data, name and media type
IN_MEMORY = 1024 * 1024
FIRST = -1  # stands for the piece before the first
MESSAGE = ""  # the media type of a message; a test's files have one of their own
TEXTS, TEXT = "text/", "text/plain"
NAME_BYTES = 255


class Said(NamedTuple):
    """All that a test said."""

    message: str = ""
    detail: str = ""
    detail_cut: bool = False
    attachments: tuple[Attachment, ...] = ()

    @property
    def reason(self) -> str:
        """The line that says what is wrong: the last one of a traceback, in pytest's the last that it marks."""
        lines = self.detail.rstrip().rsplit("\n", 50)
        marked = (line for line in reversed(lines) if line.startswith("E  "))
        return next(marked, lines[-1]).removeprefix("E  ").strip()


class Pieces:
    """The temporary file of one upload; ``close`` takes it away. ``has_files`` if some pieces are no text."""

    def __init__(self, limits: Limits):
        self.has_files = False
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed by close())
        self._end = 0
        self._limits = limits

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self.close()  # of results that could not be stored nobody else knows any more

    def add(self, before: int, name: str, media_type: str, data: bytes) -> int:
        """Put a piece aside, behind ``before``: FIRST, or what this returned for the same test."""
        named, typed = name.encode()[:NAME_BYTES], media_type.encode()[:NAME_BYTES]
        self.has_files = self.has_files or not (media_type == MESSAGE or media_type.startswith(TEXTS))
        here = self._end
        self._file.seek(here)
        self._file.write(
            b"".join((HEADER.pack(before, len(data), len(named), len(typed)), named, typed, data))
        )
        self._end = self._file.tell()
        return here

    def said(self, last: int, room: int) -> Said:
        """What the pieces up to ``last`` come to, cut to the limits; ``room`` is left for attachments, in bytes."""
        message, files = "", dict[str, list[Piece]]()
        for piece in self._chain(last):
            if piece.media_type == MESSAGE:
                message = message or text(self._read([piece], self._limits.message_chars * 4))
            else:
                files.setdefault(piece.name, []).append(piece)
        texts, attachments = dict[str, list[Piece]](), []
        for name, parts in files.items():
            media_type = parts[0].media_type
            if media_type.startswith(TEXTS):
                texts[name] = parts
                continue
            size, sha256 = sum(part.size for part in parts), None
            if size <= min(room, self._limits.attachment_bytes):
                room -= size
                sha256 = hashlib.sha256(self._read(parts, size)).hexdigest()
            attachments.append(Attachment(name, media_type, size, sha256, tuple(parts) if sha256 else ()))
        detail, cut = self._detail(texts)
        return Said(message[: self._limits.message_chars], detail, cut, tuple(attachments))

    def content(self, attachment: Attachment) -> bytes:
        return self._read(attachment.pieces, self._limits.attachment_bytes)

    def _detail(self, texts: dict[str, list[Piece]]) -> tuple[str, bool]:
        """The texts one below the other; where there is more than one, each below its name."""
        most = self._limits.detail_bytes
        kept, cut = bytearray(), False
        for name, parts in texts.items():
            if len(texts) > 1:
                kept += b"\n" * (bool(kept) and not kept.endswith(b"\n")) + f"{name}:\n".encode()
            kept += self._read(parts, most + 1 - len(kept))
            if len(kept) > most:
                del kept[most:]
                cut = True
                break
        detail = text(bytes(kept))
        return (detail.rstrip("\ufffd") if cut else detail), cut

    def _chain(self, last: int) -> list[Piece]:
        """The pieces of one test, the first one first."""
        found = []
        while last != FIRST:
            self._file.seek(last)
            before, size, name_size, type_size = HEADER.unpack(self._file.read(HEADER.size))
            named = self._file.read(name_size + type_size)
            name, media_type = text(named[:name_size]), text(named[name_size:])
            found.append(Piece(name, media_type, last + HEADER.size + len(named), size))
            last = before
        found.reverse()
        return found

    def _read(self, parts: Iterable[Piece], most: int) -> bytes:
        data = bytearray()
        for part in parts:
            if len(data) >= most:
                break
            self._file.seek(part.offset)
            data += self._file.read(min(part.size, most - len(data)))
        return bytes(data)


def text(data: bytes) -> str:
    """Bytes as text that any database takes: what is no UTF-8, and NUL, is replaced."""
    return without_nul(data.decode("utf-8", "replace"))


def bare(media_type: str) -> str:
    """A media type without its parameters; of what is not said to be anything, that it is bytes."""
    return media_type.partition(";")[0].strip().lower() or "application/octet-stream"
