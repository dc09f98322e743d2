"""Changelogs in Markdown, as https://keepachangelog.com has them and as people write them."""

import datetime
import re
from typing import Any

from registry.prose.markdown import shorten

MOST_ENTRIES = 20
MOST_BYTES = 2000  # of one entry

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_VERSION = re.compile(
    r"(?:version[ \t]+|release[ \t]+)?[\[(`*]{0,3}v?"
    r"([0-9]{1,9}(?:\.[0-9]{1,9}){1,3}(?:[-+][0-9A-Za-z.+-]{1,50})?)(?![\w.])",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b([0-9]{4})[-/.]([0-9]{2})[-/.]([0-9]{2})\b")
# Where `[1.2.0]` of a heading leads; nothing to read.
_REFERENCE = re.compile(r" {0,3}\[[^\]]{1,100}\]:[ \t]*\S+[ \t]*")


def entries(text: str | None) -> list[dict[str, Any]]:
    """``{"version", "date", "description"}`` for each heading that begins with a version, in their order.

    ``date`` is ISO 8601 or None, ``description`` is Markdown. A heading as high as a version's, or higher,
    that names none (such as "Unreleased") ends an entry; what belongs to no version is left out.
    """
    found: list[dict[str, Any]] = []
    current: list[str] | None = None
    level = 0
    lines = (text or "").splitlines()
    fenced = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        heading = None if fenced else _heading(lines, number)
        if heading is None:
            if current is not None and not _REFERENCE.fullmatch(line) and not _is_underline(lines, number):
                current.append(line)
            continue
        depth, title = heading
        version = _VERSION.match(title)
        if version is None:
            if current is not None and depth > level:
                current.append(line)
            else:
                current = None
            continue
        if len(found) == MOST_ENTRIES:
            break
        current, level = [], depth
        found.append({"version": version[1], "date": _date(title[version.end() :]), "description": current})
    return [{**entry, "description": _joined(entry["description"])} for entry in found]


def _heading(lines: list[str], number: int) -> tuple[int, str] | None:
    """The level and the text of the heading in that line, if it is one."""
    line = lines[number][:300]
    if match := _HEADING.fullmatch(line):
        return len(match[1]), match[2]
    if line.strip() and number + 1 < len(lines) and (match := _UNDERLINE.fullmatch(lines[number + 1])):
        return (1 if match[1][0] == "=" else 2), line.strip()
    return None


def _is_underline(lines: list[str], number: int) -> bool:
    return bool(number and lines[number - 1].strip() and _UNDERLINE.fullmatch(lines[number]))


def _date(text: str) -> str | None:
    match = _DATE.search(text)
    if match is None:
        return None
    try:
        return datetime.date(*map(int, match.groups())).isoformat()
    except ValueError:
        return None


def _joined(lines: list[str]) -> str:
    whole = "\n".join(lines).strip()
    shown = shorten(whole, MOST_BYTES)
    return shown if shown == whole else f"{shown}\n\n…"
