"""Fields that are put right: a manifest as its author meant it, so that less of it has to be left out.

The reader of package manifests (``packages.brackets.read_manifest``) decides what is sound. What it would
refuse in a package that somebody sends today, nobody can change any more in a package of 2013.
"""

import re
from collections.abc import Callable
from typing import Any

from registry.importing.notes import Done
from registry.packages.brackets import MAX_SUMMARY, MAX_TITLE
from registry.packages.manifest import kind, quoted

# What a repair says: the field, what was done, and why.
Say = Callable[[str, Done, str], None]

MAX_LABEL = 200

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,18}(?::\d{1,5})?(?:/\S*)?", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LOGIN = re.compile(r"(?:https?://)?(?:www\.)?github\.com/+([A-Za-z0-9-]+)(?:/.*)?", re.IGNORECASE)
# Fields that are read in more than one shape: the shape that is usual, and what the others are read as.
_SHAPES: dict[str, tuple[type, str]] = {
    "author": (dict, "the first person in it"),
    "keywords": (list, "the words in it"),
    "i18n": (list, "a list of one"),
    "categories": (list, "a list of one"),
    "theme": (dict, "a theme"),
    "license": (str, "the licence it names"),
}


def repair(manifest: dict[str, Any], say: Say) -> dict[str, Any]:
    """``manifest`` put right, as a copy; ``say`` is told of everything that is odd in it."""
    fixed = dict(manifest)
    for key, (usual, meant) in _SHAPES.items():
        value = fixed.get(key)
        if value is not None and not isinstance(value, usual):
            say(key, Done.NOTED, f"It is {kind(value)}, read as {meant}.")
    _cut(fixed, "title", MAX_TITLE, say)
    _cut(fixed, "description", MAX_SUMMARY, say)
    _engines(fixed, say)
    _homepage(fixed, say)
    if isinstance(author := fixed.get("author"), dict) and _link(author.get("url")):
        fixed["author"] = {**author, "url": _link(author["url"])}
        say(
            "author", Done.FIXED, f'"author.url" is {quoted(author["url"])}: https:// was put in front of it.'
        )
    if fixed.get("screenshot"):
        say("screenshot", Done.LEFT_OUT, "It is a file of the package, which an entry does not bring.")
    return fixed


def owner_label(value: object, say: Say) -> str | None:
    """Who owns it, as ``github:login``; as it was written when it is no login."""
    if value is None:
        say("owner", Done.NOTED, "There is none.")
        return None
    if not isinstance(value, str) or not (label := _UNPRINTABLE.sub("", value).strip()):
        say("owner", Done.LEFT_OUT, f"It is {kind(value)}, or empty.")
        return None
    if ":" not in label or label.startswith(("http:", "https:")):
        label = f"github:{label}"
    provider, _, login = label.partition(":")
    found = _LOGIN.fullmatch(login)
    login = (found[1] if found else login.lstrip("@")).strip()
    label = f"{provider}:{login}"[:MAX_LABEL]
    if label != value:
        say("owner", Done.FIXED, f"It is {quoted(value)}, read as {quoted(label)}.")
    elif not re.fullmatch(r"[A-Za-z0-9-]+", login):
        say("owner", Done.NOTED, f"{quoted(label)} is no login; it is kept for people to read.")
    return label


def _cut(fixed: dict[str, Any], key: str, limit: int, say: Say) -> None:
    value = fixed.get(key)
    if not isinstance(value, str):
        return
    clean = _UNPRINTABLE.sub("", value if key == "description" else " ".join(value.split())).strip()
    if len(clean) > limit:
        clean = f"{clean[: limit - 1].rstrip()}…"
        say(key, Done.FIXED, f"It has {len(value)} characters; it was cut to {limit}.")
    elif clean != value.strip():
        say(key, Done.FIXED, "Line breaks and characters that nobody sees were taken out.")
    fixed[key] = clean


def _engines(fixed: dict[str, Any], say: Say) -> None:
    engines = fixed.get("engines")
    if engines is not None and not isinstance(engines, dict):
        shown = quoted(engines) if isinstance(engines, str) else kind(engines)
        say("engines", Done.LEFT_OUT, f"It is {shown}, no object; the ranges of the versions count.")
    # They are read from the versions, which is where clients read them.
    fixed.pop("engines", None)


def _homepage(fixed: dict[str, Any], say: Say) -> None:
    value = fixed.get("homepage")
    if value is None or value == "" or (isinstance(value, str) and not value.strip()):
        said = "There is none." if value is None else "It is blank."
        say("homepage", Done.NOTED if value is None else Done.LEFT_OUT, said)
    elif link := _link(value):
        fixed["homepage"] = link
        say("homepage", Done.FIXED, f"It is {quoted(str(value))}: https:// was put in front of it.")


def _link(value: object) -> str | None:
    """The address that a text without a scheme stands for, if it is plainly one."""
    if isinstance(value, str) and _HOST.fullmatch(value.strip()):
        return f"https://{value.strip()}"
    return None
