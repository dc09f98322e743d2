"""Which versions of a host a range admits, in the grammar of each format, and what a highest version is.

Brackets has the ranges of npm's semver. WebExtensions have ends (``>=109.0 <=115.*``) of Mozilla's toolkit
versions, which are not semver: ``115.*`` is above every 115, ``1.0b2`` below ``1.0``.
"""

import re
from functools import lru_cache
from typing import Any

import nodesemver

from registry.packages.manifest import MAX_INTEGER, quoted
from registry.packages.versions import MAX_RANGE

ANY = "*"
MAX_HOST_VERSION = 100  # characters
MAX_LIMIT = 30

_HOST_SEMVER = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:[-+][0-9A-Za-z.+-]*)?")
_BROWSER = re.compile(r"[0-9]{1,9}(?:\.(?:[0-9]{1,9}(?:[a-z]{1,9}[0-9]{0,9}[a-z]{0,9})?|\*)){0,3}")
_BROWSER_PART = re.compile(r"([0-9]*)([a-z]*)([0-9]*)([a-z]*)")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?\s*([^\s<>=]+)")
_LIMIT = re.compile(r"(<=?)?\s*([0-9][0-9A-Za-z.*-]*)")
_HYPHEN = re.compile(r"\s-\s")

BrowserKey = tuple[tuple[float, bool, str, int, bool, str], ...]


def semver_host(version: str) -> str:
    """A version of a host as ranges are tried on it: ``1.14`` is 1.14.0, and what follows a ``-`` has no part.

    ``ValueError``, with a sentence for the asker, when it is no version.
    """
    match = _HOST_SEMVER.fullmatch(version) if len(version) <= MAX_HOST_VERSION else None
    numbers = [int(number or 0) for number in match.groups()] if match else [MAX_INTEGER + 1]
    if max(numbers) > MAX_INTEGER:
        raise ValueError(f'{quoted(version)} is not a version such as "1.14.2".')
    return ".".join(map(str, numbers))


def browser_host(version: str) -> str:
    """A browser's version, as it is; ``ValueError`` when it is none."""
    if not _BROWSER.fullmatch(version) or "*" in version:
        raise ValueError(f'{quoted(version)} is not a browser\'s version such as "128.0".')
    return version


def semver_admits(range_: str, version: str) -> bool:
    """Whether a version from ``semver_host`` is in the range; a range that is not valid admits none."""
    found = _semver_range(range_)
    return found is not None and bool(found.test(nodesemver.make_semver(version, False)))


def browser_admits(range_: str, version: str) -> bool:
    """Whether a version from ``browser_host`` is in the range: all of its comparisons hold."""
    if range_ == ANY:
        return True
    ends = [(operator, end) for operator, end in _COMPARISON.findall(range_)]
    if not ends or not all(_BROWSER.fullmatch(end) for _, end in ends):
        return False
    here = browser_key(version)
    return all(_holds(here, operator, browser_key(end)) for operator, end in ends)


def browser_key(version: str) -> BrowserKey:
    """What a toolkit version is sorted by: each of four parts is a number, a text, a number and a text.

    A part without a text is above one with it, and ``*`` above every number.
    """
    parts = [*version.split("."), "0", "0", "0"][:4]
    return tuple(_browser_part(part) for part in parts)


def alternatives(range_: str) -> list[str]:
    """The parts of a semver range between ``||``, each so that a comparison may be put in front of it.

    Empty when one of them is every version, and so is the whole.
    """
    found = dict.fromkeys(map(_plain, range_.split("||")))
    return [] if ANY in found else [*found]


def read_limit(limit: str, *, browser: bool) -> str:
    """A limit as it is kept: ``1.5.0``, ``1.5`` and ``<=1.5`` include themselves, ``<2`` does not.

    ``ValueError``, with a sentence for the admin, when it is none.
    """
    match = _LIMIT.fullmatch(limit.strip()) if len(limit) <= MAX_LIMIT else None
    if match is not None:
        operator, version = match.groups()
        upper = f"{operator or '<='}{version}"
        valid = _BROWSER.fullmatch(version) if browser else _is_small(version) and _semver_range(upper)
        if valid:
            return version if operator in (None, "<=") else upper
    example = '"128.*"' if browser else '"1.14.0" or "<2.0.0"'
    raise ValueError(
        f"{quoted(limit)} is not a highest version; write it like {example}, in at most {MAX_LIMIT} characters."
    )


def _is_small(version: str) -> bool:
    """Whether clients, which compare with doubles, can read it."""
    return all(int(digits) <= MAX_INTEGER for digits in re.findall("[0-9]+", version))


def _plain(alternative: str) -> str:
    """One alternative of a range in a form that a comparison can be put in front of."""
    words = " ".join(alternative.split())
    if words in ("", ANY, "x", "X"):
        return ANY
    if _HYPHEN.search(words) and (found := _semver_range(words)):
        return str(found.range)
    return words


@lru_cache(maxsize=4096)
def _semver_range(range_: str) -> Any:
    """The range, None when it is not valid."""
    if len(range_) > MAX_RANGE * (MAX_LIMIT + 5):
        return None
    try:
        return nodesemver.make_range(" ".join(range_.split()), False)
    except (ValueError, TypeError):
        return None


def _browser_part(part: str) -> tuple[float, bool, str, int, bool, str]:
    if part == ANY:
        return (float("inf"), True, "", 0, True, "")
    number, text, second, last = _BROWSER_PART.findall(part)[0]
    return (int(number or 0), not text, text, int(second or 0), not last, last)


def _holds(here: BrowserKey, operator: str, end: BrowserKey) -> bool:
    if operator == ">=":
        return here >= end
    if operator == "<=":
        return here <= end
    if operator == "<":
        return here < end
    return here > end if operator == ">" else here == end
