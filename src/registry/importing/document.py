"""A ``registry.json``, or any other file of one big JSON object, cut into its entries.

The whole is only walked through; each entry is then read strictly by itself (``packages.manifest``), so
what is wrong with one is said of that one.
"""

import gzip
import io
import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecoder
from pathlib import Path
from typing import Any

from registry.packages.manifest import ManifestError, parse_object

MOST_BYTES = 128 * 1024 * 1024
MOST_ENTRIES = 1_000_000
ENTRY_CHARACTERS = 1024 * 1024

_SPACE = re.compile(r"[ \t\r\n]*")
# Up to the next bracket, or behind the next text: brackets in texts are none.
_PIECE = re.compile(r'[^"\[\]{}]*+(?:([\[{])|([\]}])|"(?:[^"\\]|\\.)*+")', re.DOTALL)
# Numbers are kept as they are written: turning a long one into an int takes for ever.
_WALKER = JSONDecoder(parse_int=str, parse_float=str)


class BadDocument(Exception):
    """The file as a whole cannot be read; the text is for people."""


def read(path: Path) -> bytes:
    """The bytes of a file, unpacked when it is gzip. Raises BadDocument, and OSError."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    return unpacked(data)


def unpacked(data: bytes) -> bytes:
    """``data``, or what is in it when it is gzip. Raises BadDocument."""
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(MOST_BYTES + 1)
        except (EOFError, OSError, ValueError) as error:
            raise BadDocument(f"The gzip file is damaged: {error}.") from None
    if len(data) > MOST_BYTES:
        raise BadDocument(f"The file is larger than {MOST_BYTES} bytes.")
    return data


def entries(data: bytes) -> Iterator[tuple[str, dict[str, Any] | ManifestError]]:
    """Each key of the object with its value, which is an object, or with what is wrong with that.

    Raises BadDocument as soon as the walk cannot go on.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"Byte {error.start} is not UTF-8.") from None
    try:
        yield from _walk(text)
    except json.JSONDecodeError as error:
        raise BadDocument(
            f"Not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None


def _walk(text: str) -> Iterator[tuple[str, dict[str, Any] | ManifestError]]:
    place = _expect(text, 0, "{")
    seen: set[str] = set()
    if text[place : place + 1] == "}":
        return _end(text, place)
    while True:
        if text[place : place + 1] != '"':
            raise json.JSONDecodeError("Expecting a name in quotes", text, place)
        key, place = _WALKER.raw_decode(text, place)
        start = _expect(text, place, ":")
        end = _end_of_value(text, start)
        if len(seen) >= MOST_ENTRIES:
            raise BadDocument(f"The file has more than {MOST_ENTRIES} entries.")
        yield key, _entry(text[start:end], again=key in seen)
        seen.add(key)
        place = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        if text[place : place + 1] == "}":
            return _end(text, place)
        place = _expect(text, place, ",")


def _end_of_value(text: str, start: int) -> int:
    """Where the value ends that begins there, by its brackets alone: what else is in it concerns nobody but itself."""
    if text[start : start + 1] not in ("{", "["):
        return _WALKER.raw_decode(text, start)[1]
    place, depth = start, 0
    while piece := _PIECE.match(text, place):
        place = piece.end()
        depth += (piece[1] is not None) - (piece[2] is not None)
        if depth == 0:
            return place
    raise json.JSONDecodeError("Expecting the end of what begins here", text, start)


def _end(text: str, place: int) -> None:
    if text[place + 1 :].strip(" \t\r\n"):
        raise json.JSONDecodeError("Expecting nothing more", text, place + 1)


def _expect(text: str, place: int, character: str) -> int:
    """Where it goes on behind ``character`` and blanks."""
    place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
    if text[place : place + 1] != character:
        raise json.JSONDecodeError(f"Expecting {character!r}", text, place)
    return _SPACE.match(text, place + 1).end()  # type: ignore[union-attr]


def _entry(text: str, *, again: bool) -> dict[str, Any] | ManifestError:
    if again:
        return ManifestError("The name is in the file twice; the first one counts.")
    if len(text) > ENTRY_CHARACTERS:
        return ManifestError(f"The entry has more than {ENTRY_CHARACTERS} characters.")
    try:
        return parse_object(text.encode())
    except ManifestError as error:
        return error
    except UnicodeEncodeError:
        return ManifestError("A text holds half of a surrogate pair.")
