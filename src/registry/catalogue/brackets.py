"""An extension in the words of Brackets and Phoenix Code: its entry of ``registry.json`` and ``popularity.json``.

These clients take the document whole and trust every type in it: one keyword that is a number, or one empty
list of versions, blanks the store for everybody. So nothing is taken over from a manifest that is not of
the type which the clients expect; what is wrong is left out field by field, and an extension without which
nothing would be left to show is left out itself (``Unfit``).

    name        is the key of the entry
    versions    ascend, and the last one is ``metadata.version``; what is above `latest` is not offered
    brackets    of a version is its range below the extension's limit, as ``domain.compatibility`` has it
    homepage    and all other links are http or https, since clients show whatever they are given
    owner       ``github:LOGIN`` only for a login with GitHub; clients make a link to GitHub of it
    recent      downloads of the last seven days with any, by day

``rating`` and ``sha256`` are ours; the clients do not look at what they do not know.
"""

import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from registry.catalogue.presentation import mean, time
from registry.catalogue.translations import pick
from registry.domain.compatibility import effective_range
from registry.packages.brackets import Brackets
from registry.packages.languages import language_tag
from registry.packages.versions import semver_key

# A key that every object in JavaScript has already: the clients would not see the entry.
_INHERITED = frozenset({"constructor"})
_OWNER = re.compile(r"[a-z][a-z0-9._-]*:[^\s:][^\s]*")
MOST_RECENT = 7


class Unfit(ValueError):
    """Nothing that the clients could read can be made of this extension; the text says why."""


def entry(
    row: Any, versions: Sequence[Any], owner: str | None, recent: Mapping[datetime.date, int]
) -> dict[str, Any]:
    """The entry of an extension that is offered. Raises Unfit.

    ``row`` has the extension's columns, its ``latest_version`` and the ``latest_manifest``; ``versions`` are
    what may be downloaded, in any order.
    """
    if row.name in _INHERITED:
        raise Unfit("every object in JavaScript has something of that name")
    found = {
        "metadata": _metadata(row),
        "owner": owner if owner and _OWNER.fullmatch(owner) else None,
        "versions": _versions(row, versions),
        "totalDownloads": row.downloads_total,
        "recent": {f"{day:%Y%m%d}": recent[day] for day in sorted(recent)[-MOST_RECENT:]},
        "rating": mean(row.rating_counts),
    }
    return _without_nothing(found)


def popularity(row: Any) -> dict[str, int]:
    """Its part of ``popularity.json``. Nobody counts stars here, and a sort by them needs numbers."""
    return {"totalDownloads": row.downloads_total, "gihubStars": 0}


def _metadata(row: Any) -> dict[str, Any]:
    default = row.default_locale
    manifest = row.latest_manifest if isinstance(row.latest_manifest, dict) else {}
    node = manifest.get("nodeConfig")
    needs_node = isinstance(node, dict) and node.get("nodeIsRequired") is True
    engine = effective_range(row.latest_api_range, row.api_limit, Brackets.name)
    found = {
        "name": row.name,
        "title": _text(pick(row.title, default, default)) or row.name,
        "version": row.latest_version,
        "description": _text(pick(row.summary, default, default)),
        "author": _author(row.author),
        "homepage": _link(pick(row.homepage, default, default)),
        "keywords": _texts(row.keywords),
        "categories": _texts(row.categories),
        "license": _text(row.license),
        "i18n": _texts(row.languages),
        "package-i18n": _translations(row, manifest.get("package-i18n")),
        "theme": _theme(manifest.get("theme")) if row.theme else None,
        "engines": {"brackets": engine} if engine else None,
        "nodeConfig": {"nodeIsRequired": True} if needs_node else None,
    }
    return _without_nothing(found)


def _versions(row: Any, versions: Collection[Any]) -> list[dict[str, Any]]:
    keys: dict[str, bytes] = {}
    for version in versions:
        try:
            keys[version.version] = semver_key(version.version)
        except ValueError:
            continue
    latest = row.latest_version
    if latest not in keys:
        raise Unfit(f"its latest version {latest!r} is not one that can be downloaded and compared")
    offered = [version for version in versions if keys.get(version.version, b"\xff" * 9) <= keys[latest]]
    offered.sort(key=lambda version: (keys[version.version], version.version == latest, version.version))
    return [
        _without_nothing(
            {
                "version": version.version,
                "published": time(version.published or version.created),
                "brackets": effective_range(version.api_range, row.api_limit, Brackets.name),
                "downloads": version.downloads,
                "sha256": version.sha256,
            }
        )
        for version in offered
    ]


def _author(value: Any) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    found = {"name": _text(value.get("name")), "email": _text(value.get("email"))}
    found["url"] = _link(value.get("url"))
    return _without_nothing(found) if found["name"] else None


def _translations(row: Any, written: Any) -> dict[str, dict[str, Any]]:
    """Texts in other languages by locale, spelt as the author did, or else in small letters as in ``nls``."""
    own = written if isinstance(written, dict) else {}
    spelt = {language_tag(locale): locale for locale in own}
    found = {}
    for tag in sorted({*row.title, *row.summary, *row.homepage} - {row.default_locale}):
        locale = spelt.get(tag, tag.lower())
        texts = own.get(locale)
        found[locale] = _without_nothing(
            {
                "title": _text(row.title.get(tag)),
                "description": _text(row.summary.get(tag)),
                "homepage": _link(row.homepage.get(tag)),
                "keywords": _texts(texts.get("keywords")) if isinstance(texts, dict) else None,
            }
        )
    return {locale: texts for locale, texts in found.items() if texts}


def _theme(value: Any) -> dict[str, Any] | bool:
    """What the manifest says of the theme; true if that is of no use, since all themes have to say something."""
    if isinstance(value, str):
        value = {"file": value}
    if not isinstance(value, dict):
        return True
    found = _without_nothing({"file": _text(value.get("file")), "dark": value.get("dark") is True})
    return found if "file" in found else True


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: Any) -> list[str]:
    return [item for item in value if _text(item)] if isinstance(value, list) else []


def _link(value: Any) -> str | None:
    text = (_text(value) or "").strip()
    return text if text.lower().startswith(("http://", "https://")) and text.isprintable() else None


def _without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {}, "")}
