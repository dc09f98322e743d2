"""Translated fields: an object by language, or with ``?lang=`` the one string that serves a reader best.

Seed 001 fixes both shapes. The language is found by lookup as in RFC 4647, 3.4: the tag itself, then the tag
without its last parts one after the other, then the same for the extension's default language; any
language is better than none.
"""

import re
from collections.abc import Mapping
from typing import Any

# A basic language range (RFC 4647, 2.1), but for `*`.
_RANGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
LONGEST_TAG = 100

FIELDS = ("title", "summary", "description", "description_html", "homepage", "support_url")


def language_range(text: str) -> str | None:
    """``text`` with hyphens for underscores, as it is looked up; None when it is no language tag (BCP 47)."""
    tag = text.replace("_", "-")
    return tag if len(tag) <= LONGEST_TAG and _RANGE.fullmatch(tag) else None


def pick(texts: Mapping[str, str], lang: str, default_locale: str) -> str | None:
    """The text for a reader of ``lang``; None only when there are no texts at all."""
    if not texts:
        return None
    for tag in (lang, default_locale):
        found = _lookup(texts, tag)
        if found is not None:
            return found
    return texts[min(texts)]


def in_language(entry: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The JSON of an extension, in a list or in detail, with a string or null for each translated field."""
    default = entry["default_locale"]
    chosen: dict[str, Any] = {name: pick(entry[name], lang, default) for name in FIELDS if name in entry}
    if entry.get("screenshots"):
        chosen["screenshots"] = [
            {**shot, "caption": pick(shot["caption"], lang, default)} for shot in entry["screenshots"]
        ]
    return {**entry, **chosen}


def _lookup(texts: Mapping[str, str], tag: str) -> str | None:
    if tag in texts:
        return texts[tag]
    by_lower = {language.lower(): text for language, text in texts.items()}
    subtags = tag.lower().split("-")
    while subtags:
        found = by_lower.get("-".join(subtags))
        if found is not None:
            return found
        subtags.pop()
        # What begins an extension or private use means nothing on its own.
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return None
