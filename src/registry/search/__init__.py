"""Full text: which extensions somebody means, the likeliest first.

``index`` keeps an extension in the index while it is listed; it belongs into the transaction that changes
what is indexed. ``hits`` and ``matching`` ask. Both databases get the same tokens (`tokens`) and the same
questions (`questions`), so they find the same in the same order; `sqlite` and `postgres` only store and fetch.

An extension's score is the weight of the highest tier that it is found in, times its quality (popularity ×
freshness, `quality`). The whole name comes first whatever its quality; of several that differ in nothing but their
punctuation, the one that is spelled as it was typed. Of more than WINDOW hits the best by quality are seen.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, or_, select

from registry.models import Extension, SearchDocument, now, table
from registry.search import postgres, quality, questions, sqlite, tokens
from registry.search.quality import IDS, SHIFT
from registry.search.questions import ENOUGH, WINDOW, Tier
from registry.search.tokens import FILTERS

_BACKENDS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgres}
_EXTENSION, _DOCUMENT = table(Extension), table(SearchDocument)
_TEXTS = (
    "name",
    "guid",
    "format",
    "title",
    "summary",
    "description",
    "keywords",
    "categories",
    "author",
    "owner_label",
    "languages",
    "license",
    "theme",
)
_RANKED = ("downloads_total", "downloads_recent", "updated")
_ROW = (
    select(
        *(_EXTENSION.c[name] for name in ("listed", *_TEXTS, *_RANKED)),
        _DOCUMENT.c.level,
        _DOCUMENT.c.digest,
    )
    .outerjoin(_DOCUMENT, _DOCUMENT.c.extension_id == _EXTENSION.c.id)
    .where(_EXTENSION.c.id == bindparam("which"))
)
_LEVELS = (
    select(_EXTENSION.c.id, _DOCUMENT.c.level, *(_EXTENSION.c[name] for name in _RANKED))
    .join(_DOCUMENT, _DOCUMENT.c.extension_id == _EXTENSION.c.id)
    .where(_DOCUMENT.c.extension_id > bindparam("after"))
    .order_by(_DOCUMENT.c.extension_id)
    .limit(bindparam("most"))
)
_ranks = lru_cache(quality.ranks)
_SPELLED = select(_EXTENSION.c.id).where(
    _EXTENSION.c.id.in_(bindparam("ids", expanding=True)),
    or_(_EXTENSION.c.name == bindparam("name"), _EXTENSION.c.guid == bindparam("guid")),
)
_LISTED = (
    select(_EXTENSION.c.id)
    .where(_EXTENSION.c.listed, _EXTENSION.c.id > bindparam("after"))
    .order_by(_EXTENSION.c.id)
    .limit(1000)
)


def index(connection: Connection, extension_id: int) -> None:
    """Make the index say what is true of the extension: its texts and quality, or nothing if it is not listed."""
    backend = _BACKENDS[connection.dialect.name]
    row = connection.execute(_ROW, {"which": extension_id}).one_or_none()
    if row is None or not row.listed:
        if row is None or row.digest is not None:
            backend.remove(connection, extension_id)
        return
    level = quality.level(row, now())
    digest = hashlib.blake2b(orjson.dumps([getattr(row, name) for name in _TEXTS]), digest_size=8).digest()
    if row.digest == digest:
        if row.level != level:
            backend.move(connection, extension_id, level)
        return
    if row.digest is not None:
        backend.remove(connection, extension_id)
    terms, filters = tokens.of_extension(row)
    backend.add(connection, extension_id, level, digest, terms + filters, f" {' '.join(filters)} ")


def rebuild(connection: Connection) -> int:
    """Index every listed extension; how many there are."""
    count, after = 0, 0
    while ids := connection.scalars(_LISTED, {"after": after}).all():
        for extension_id in ids:
            index(connection, extension_id)
        count, after = count + len(ids), ids[-1]
    return count


def requalify(connection: Connection, after: int, most: int = 2000) -> int | None:
    """Bring the quality of the ``most`` extensions after that id up to date; the last id, None at the end."""
    backend, moment = _BACKENDS[connection.dialect.name], now()
    rows = connection.execute(_LEVELS, {"after": after, "most": most}).all()
    for row in rows:
        level = quality.level(row, moment)
        if level != row.level:
            backend.move(connection, row.id, level)
    return rows[-1].id if len(rows) == most else None


def tidy(connection: Connection) -> None:
    """Put together what many small writes have left in pieces; a bounded amount of work."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(sqlite.MERGE)


def hits(
    connection: Connection,
    text: str,
    filters: Mapping[str, str] | None = None,
    *,
    names_only: bool = False,
    scale: int = 1,
) -> list[int] | None:
    """The ids of the extensions that ``text`` may mean, the likeliest first; None if there is no word in it.

    ``filters`` are values by name, see FILTERS; all must hold. ``names_only`` looks at names and titles.
    ``scale`` widens the WINDOW for those who sort out more afterwards.
    """
    must = _tokens(filters)
    asked = questions.tiers(text, must, names_only=names_only, scale=scale)
    if not asked:
        return None
    found, whole = _ask(connection, asked)
    if whole > 1:
        found = [*_as_typed(connection, found[:whole], text), *found[whole:]]
    if len(found) < ENOUGH and (again := questions.mistyped(text, must)):
        found = list(dict.fromkeys([*found, *_ask(connection, again)[0]]))
    return found[: WINDOW * scale]


def matching(connection: Connection, filters: Mapping[str, str], most: int) -> list[int]:
    """The ids of at most so many listed extensions that have these values, in no order."""
    found: list[int] = _BACKENDS[connection.dialect.name].having(connection, _tokens(filters), most)
    return found


def has(filters: Mapping[str, str], extension_id: Any) -> Any:
    """SQL: the extension with the id in that column is listed and has these values, tried on one row after another."""
    document = _DOCUMENT.alias()
    return (
        select(document.c.extension_id)
        .where(
            document.c.extension_id == extension_id,
            *(document.c.filters.contains(f" {token} ") for token in _tokens(filters)),
        )
        .exists()
    )


def _ask(connection: Connection, asked: Sequence[Tier]) -> tuple[list[int], int]:
    """The ids of what is found, the best first, and how many of these are in the first tier."""
    tier_of = {}
    # The first tier that has it is what counts.
    for place, number in reversed(_BACKENDS[connection.dialect.name].find(connection, asked)):
        tier_of[number] = place
    ranks = [_ranks(tier.weight) for tier in asked]
    ranked = [ranks[place][number >> SHIFT] << SHIFT | number & IDS for number, place in tier_of.items()]
    ranked.sort()
    return [rank & IDS for rank in ranked], list(tier_of.values()).count(0)


def _as_typed(connection: Connection, ids: Sequence[int], text: str) -> list[int]:
    """These extensions, whose names are the same letters, with the one first that is spelled so."""
    spelled = {"ids": list(ids), "name": text.strip().lower(), "guid": text.strip()}
    first = set(connection.scalars(_SPELLED, spelled))
    return sorted(ids, key=lambda which: which not in first)


def _tokens(filters: Mapping[str, str] | None) -> list[str]:
    return [tokens.of_filter(name, value) for name, value in (filters or {}).items()]


__all__ = ["FILTERS", "WINDOW", "has", "hits", "index", "matching", "rebuild", "requalify", "tidy"]
