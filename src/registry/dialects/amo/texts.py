"""Translated fields and links, as v5 of Mozilla's API shows them.

A field is an object by language. With ``?lang=`` it has that language alone, or, where there is no such text, the one
in the default language: ``{"de": null, "en-US": "…", "_default": "en-US"}``. A field without any text is null.

Their site knows no plain English: what has no language of its own is in `en` here and in `en-US` there.
"""

from collections.abc import Container, Mapping
from typing import Any

from registry.catalogue import outgoing
from registry.sealing import Sealer

_OURS, _THEIRS = "en", "en-US"


def language(tag: str) -> str:
    """A language as they name it."""
    return _THEIRS if tag == _OURS else tag


def own_language(tag: str, default_locale: str, known: Container[str] = ()) -> str:
    """A language that they have named, as we do for an extension with that default or ``known`` texts."""
    if tag == _THEIRS and _THEIRS not in known and (default_locale == _OURS or _OURS in known):
        return _OURS
    return tag


def own_texts(value: Any, default_locale: str, known: Container[str] = ()) -> Any:
    """What somebody says, with languages named as we do if it is said in several."""
    if not isinstance(value, dict):
        return value
    return {own_language(tag, default_locale, known): text for tag, text in value.items()}


def translated(
    texts: Mapping[str, str] | None, default_locale: str, lang: str | None
) -> dict[str, str | None] | None:
    """A field by language; ``lang`` is what the request wants."""
    if not texts:
        return None
    named: dict[str, str | None] = {language(tag): text for tag, text in texts.items()}
    if lang is None:
        return named
    wanted, default = language(lang), language(default_locale)
    found = next((tag for tag in named if tag.lower() == wanted.lower()), None)
    if found is not None:
        return {found: named[found]}
    default = default if default in named else min(named)
    return {default: named[default], wanted: None, "_default": default}


def links(base: str, sealer: Sealer, urls: dict[str, str | None] | None) -> dict[str, Any] | None:
    """A translated link, and the same through our bouncer."""
    if urls is None:
        return None
    away = {
        tag: url if url is None or tag == "_default" else outgoing.bounced(base, sealer, url)
        for tag, url in urls.items()
    }
    return {"url": urls, "outgoing": away}


def link(base: str, sealer: Sealer, url: str | None) -> dict[str, str] | None:
    return {"url": url, "outgoing": outgoing.bounced(base, sealer, url)} if url else None
