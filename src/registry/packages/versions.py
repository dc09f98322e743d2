"""Version numbers and version ranges: their grammar and their order.

Two orders are known: that of Semantic Versioning 2.0.0 (Brackets) and that of one to four dotted integers
(WebExtensions). Each has a key function whose result orders as plain bytes, so that every database sorts
versions rightly with an ordinary index.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import nodesemver

from registry.packages.manifest import MAX_INTEGER, quoted

MAX_VERSION = 100  # characters: a version is part of URLs and of file names
MAX_RANGE = 256

_NUMBER = r"0|[1-9][0-9]*"
_SEMVER = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-((?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_TOOLKIT = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3}")
_RANGE_CHARACTERS = re.compile(r"[0-9A-Za-z.+*<>=~^| -]*")
_UPPER_AS_WRITTEN = re.compile(r"<\s*([0-9.]+)")


class ApiRange(NamedTuple):
    """The ends of a version range, where it has the simple form "from this to that".

    ``minimum`` is inclusive unless it begins with ``>``, ``maximum`` unless it begins with ``<``. Both are
    None for an open end, and for a range that cannot be said in two numbers.
    """

    minimum: str | None
    maximum: str | None


def semver_key(version: str) -> bytes:
    """Bytes that sort as the version's precedence (Semantic Versioning 2.0.0, section 11).

    ``ValueError``, with a sentence for the author, when it is not such a version. Build metadata has no
    part in precedence: versions that differ in nothing else have the same key.
    """
    numbers, prerelease = _parse_semver(version)
    key = b"".join(number.to_bytes(8, "big") for number in numbers)
    if prerelease is None:
        return key + b"\xff"
    # The zero byte at the end is less than the rank of a further identifier, and every rank is less than a
    # further character: what goes on is greater than what ends.
    return key + b"\x01" + b"".join(map(_identifier_key, prerelease.split("."))) + b"\x00"


def semver_is_prerelease(version: str) -> bool:
    """Whether a version has a pre-release part; ``ValueError`` when it is no version."""
    return _parse_semver(version)[1] is not None


def toolkit_key(version: str) -> bytes:
    """Bytes that sort one to four dotted integers by value, so that 1.0 and 1.0.0 are equal.

    ``ValueError``, with a sentence for the author, when it is not such a version.
    """
    if not _TOOLKIT.fullmatch(version):
        raise ValueError(
            f"{quoted(version)} is not one to four whole numbers with dots between them, each of at most "
            'nine digits and without leading zeros, such as "1.4.2".'
        )
    numbers = [*map(int, version.split(".")), 0, 0, 0][:4]
    return b"".join(number.to_bytes(4, "big") for number in numbers)


@lru_cache(maxsize=1024)  # a registry sees few ranges, again and again
def parse_range(text: str) -> ApiRange:
    """The ends of a range in the grammar of npm's semver; ``ValueError`` when it is not valid.

    ``">=0.40 <2"`` gives ``("0.40.0", "<2")``: the upper end keeps the author's words.
    """
    if len(text) > MAX_RANGE or not _RANGE_CHARACTERS.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a version range.")
    # Clients compare with doubles and call such a range invalid, which they show as "incompatible".
    if any(int(digits) > MAX_INTEGER for digits in re.findall("[0-9]+", text)):
        raise ValueError(f"{quoted(text)} holds a number that is too large.")
    try:
        # Not valid_range(): it writes a traceback to the log for every range it does not like.
        # Nor as it was written: its patterns take a second over a few hundred blanks.
        normal = nodesemver.make_range(" ".join(text.split()), False).range
    except (ValueError, TypeError):
        raise ValueError(f"{quoted(text)} is not a version range.") from None
    if "||" in normal:
        return ApiRange(None, None)
    return _ends(normal.split(), text)


def _ends(comparators: list[str], written: str) -> ApiRange:
    lower = [c for c in comparators if c.startswith(">")]
    upper = [c for c in comparators if c.startswith("<")]
    exact = [c.removeprefix("=") for c in comparators if c[0] not in "<>"]
    if len(exact) == len(comparators) == 1:
        return ApiRange(exact[0], exact[0])
    if exact or len(lower) > 1 or len(upper) > 1 or any(len(c) > MAX_VERSION for c in comparators):
        return ApiRange(None, None)
    minimum = lower[0].removeprefix(">=") if lower else None
    maximum = upper[0].removeprefix("<=") if upper else None
    as_written = _UPPER_AS_WRITTEN.findall(written)
    if maximum and maximum.startswith("<") and len(as_written) == 1:
        maximum = "<" + as_written[0]
    return ApiRange(minimum, maximum)


def _parse_semver(version: str) -> tuple[list[int], str | None]:
    match = _SEMVER.fullmatch(version) if len(version) <= MAX_VERSION else None
    if match is None:
        raise ValueError(
            f"{quoted(version)} is not a version of the form major.minor.patch"
            + (f", at most {MAX_VERSION} characters long" if len(version) > MAX_VERSION else "")
            + f". {_suggestion(version)}"
        )
    *numbers, prerelease = match.groups()
    identifiers = [i for i in (prerelease or "").split(".") if i.isdigit()]
    # Above this, JavaScript clients no longer agree with one another on which version is newer.
    if any(int(digits) > MAX_INTEGER for digits in [*numbers, *identifiers]):
        raise ValueError(f"{quoted(version)} holds a number above {MAX_INTEGER}.")
    return [int(number) for number in numbers], prerelease


def _suggestion(version: str) -> str:
    """A version that would be right: one near to what was written, where that can be guessed."""
    likely = version.strip().lstrip("vV= ")
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}", likely):
        numbers = [str(int(number)) for number in likely.split(".")]
        likely = ".".join([*numbers, "0", "0"][:3])
    return f'Write "{likely if _SEMVER.fullmatch(likely) and len(likely) <= MAX_VERSION else "1.0.0"}".'


def _identifier_key(identifier: str) -> bytes:
    if identifier.isdigit():
        number = int(identifier)
        length = (number.bit_length() + 7) // 8
        # Ranks 1 to 8: a number of more bytes is greater, and every text is greater than every number.
        return bytes([1 + length]) + number.to_bytes(length, "big")
    return b"\x10" + identifier.encode("ascii")
