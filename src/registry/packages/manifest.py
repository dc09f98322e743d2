"""Strict reading of JSON out of packages.

What is refused here is what two readers could understand differently (a key given twice, a number no
JavaScript client can hold) or what the layers above could not store (NUL, half a surrogate pair, endless
nesting). Every fault is a sentence; nothing else than ``ManifestError`` ever comes out.
"""

import json
import math
import re
from typing import Any

from registry.packages.archive import Archive
from registry.packages.faults import shown
from registry.packages.findings import Finding, PackageRefused

MAX_DEPTH = 32
MAX_KEYS = 10_000
MAX_INTEGER = 2**53 - 1  # the largest integer that JavaScript clients hold exactly

# The closing quote is optional so that an unclosed string never makes the search start over.
STRING = r'"(?:[^"\\]|\\[\s\S])*+"?'
_NO_BRACKET = re.compile(rf'{STRING}|[^\[\]{{}}"]+')
_COMMENT = re.compile(rf"({STRING})|//[^\r\n]*")
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_KINDS = {type(None): "null", bool: "true or false", str: "a text", list: "a list", dict: "an object"}


class ManifestError(ValueError):
    """JSON that is refused; the text says what is wrong and where."""


def kind(value: object) -> str:
    """What a JSON value is, in words: ``"a list"``."""
    return _KINDS.get(type(value), "a number")


def quoted(text: str, limit: int = 60) -> str:
    """``text`` in quotes for a message: printable, on one line and not long."""
    return f'"{shown(text if len(text) <= limit else text[: limit - 1] + "…")}"'


def read_object(archive: Archive, path: str, code: str, *, browser: bool = False) -> dict[str, Any]:
    """The JSON object in the file ``path``; ``PackageRefused`` with ``code`` when it is not one."""
    try:
        return parse_object(archive.read(path, archive.limits.manifest_bytes), browser=browser)
    except ManifestError as fault:
        raise PackageRefused([Finding(code, f"{path}: {fault}", path=path)]) from None


def parse_object(data: bytes, *, browser: bool = False) -> dict[str, Any]:
    """The JSON object (RFC 8259) in ``data``, or ``ManifestError``.

    With ``browser`` it is read as browsers read the manifest of a WebExtension: a byte-order mark is
    skipped and ``//`` comments are taken out. Nothing else is tolerated.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise ManifestError(f"Byte {fault.start} is not UTF-8. Save the file as UTF-8.") from None
    if text.startswith("\ufeff"):
        if not browser:
            raise ManifestError("The file begins with a byte-order mark. Save it as UTF-8 without one.")
        text = text[1:]
    if browser:
        text = _COMMENT.sub(r"\1", text)
    check_nesting(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_Pairs(),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        raise ManifestError(f"Not valid JSON at {where}: {fault.msg}.") from None
    if not isinstance(value, dict):
        raise ManifestError(f"The file must hold an object in braces, {{ }}, not {kind(value)}.")
    if _SUSPECT_ESCAPE.search(text):
        _check_characters(value)
    return value


def check_nesting(text: str) -> None:
    """Refuses JSON that is nested too deeply, before the parser recurses into it. Raises ManifestError."""
    depth = 0
    for bracket in _NO_BRACKET.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ManifestError(f"Objects and lists may be nested {MAX_DEPTH} deep at most.")


class _Pairs:
    """Builds the objects of one document, refusing doubled keys and too many of them."""

    def __init__(self) -> None:
        self.keys = 0

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.keys += len(pairs)
        if self.keys > MAX_KEYS:
            raise ManifestError(f"The file may hold {MAX_KEYS} keys at most.")
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ManifestError(f"The key {quoted(key)} is given twice in one object.")
            found[key] = value
        return found


def _integer(digits: str) -> int:
    # Length first: int() of a long text is slow, and refuses above 4300 digits with an error of its own.
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise ManifestError(f"The number {quoted(digits, 24)} is too large. Write it as a text.")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ManifestError(f"The number {quoted(digits, 24)} is too large. Write it as a text.")
    return value


def _constant(word: str) -> float:
    raise ManifestError(f"{word} is not JSON. Use a number or null.")


def _check_characters(value: object) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ManifestError("A text holds the character \\u0000. Take it out.")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ManifestError(f"The text {quoted(value)} holds half of a surrogate pair.") from None
    elif isinstance(value, list):
        for item in value:
            _check_characters(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_characters(key)
            _check_characters(item)
