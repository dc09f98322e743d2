"""Which extensions a list shows, of those on offer: by words, by filters, and how many they are.

Nothing here looks at the whole catalogue. A search sees its best hits (``search.WINDOW``). Without words the
index names those that have the values wanted, if they are few; if they are many, a page is soon full
when the rows are tried in the order of the list. Counting stops at COUNTED; at FEW where each row must be tried.
"""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, Connection, Text, any_, cast, func, literal, select

from registry import search
from registry.catalogue import tested
from registry.catalogue.tested import Tested
from registry.domain import tallies, visibility
from registry.models import Extension, Ownership, Team, User, Version

COUNTED = 10_000
# Up to so many rows are named one by one.
FEW = 1000
# A search looks so much further when its hits are sorted out afterwards and so few are left.
_FURTHER, _LITTLE = 10, 100
_TEAM = "team:"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``filters`` are values by name as in ``search.FILTERS``; ``fitting`` are ids of `Compatibility` rows.

    ``further`` are conditions (SQL) that a dialect adds.
    """

    text: str | None
    filters: Mapping[str, str]
    owner: str | None
    min_rating: float | None
    updated_since: datetime.datetime | None
    fitting: Collection[int] | None
    tested: Tested | None = None
    further: Sequence[Any] = ()


class Selection(NamedTuple):
    """The ids, if they are few, the likeliest first; else the conditions (SQL) that rows on offer must meet.

    ``total`` is how many there are, or the number at which counting stopped.
    """

    ids: Sequence[int] | None
    conditions: Sequence[Any]
    total: int


def choose(connection: Connection, wanted: Wanted) -> Selection:
    conditions = _conditions(wanted)
    has_passed = [tested.condition(wanted.tested)] if wanted.tested else []
    if wanted.text is not None:
        conditions = [*has_passed, *conditions]
        hits = search.hits(connection, wanted.text, wanted.filters) or []
        chosen = _named(connection, hits, conditions, search.WINDOW)
        if conditions and chosen.total < _LITTLE and len(hits) == search.WINDOW:
            hits = search.hits(connection, wanted.text, wanted.filters, scale=_FURTHER) or []
            chosen = _named(connection, hits, conditions, search.WINDOW)
        return chosen
    if not wanted.filters and not conditions and wanted.tested is None:
        return Selection(None, (), tallies.value(connection, tallies.LISTED))
    has = [search.has(wanted.filters, Extension.id)] if wanted.filters else []
    # What several must hold for may be rare although none of them is.
    few = COUNTED if len(conditions) + len(has) + len(has_passed) > 1 else FEW
    if wanted.tested is not None:
        ids = tested.extensions(connection, wanted.tested, few + 1)
        if len(ids) <= few:
            return _named(connection, ids, [*conditions, *has], few)
    for condition in conditions if wanted.fitting is None else conditions[:-1]:
        # Each of these has an index of its own, so it is cheap to see whether few rows meet it.
        ids = connection.scalars(select(Extension.id).where(Extension.listed, condition).limit(few + 1)).all()
        if len(ids) <= few:
            return _named(connection, ids, [*has_passed, *conditions, *has], few)
    conditions = [*has_passed, *conditions]
    if wanted.filters:
        ids = search.matching(connection, wanted.filters, few + 1)
        if len(ids) <= few:
            return _named(connection, ids, conditions, few)
        if not conditions:
            counted = len(search.matching(connection, wanted.filters, COUNTED))
            return Selection(None, has, counted)
        conditions += has
    counting = select(Extension.id).where(Extension.listed, *conditions).limit(FEW)
    count = connection.scalar(select(func.count()).select_from(counting.subquery())) or 0
    return Selection(None, conditions, count)


def among(connection: Connection, ids: Sequence[int]) -> Any:
    """SQL: the extension is one of these; one parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        return Extension.id == any_(literal(list(ids), ARRAY(BigInteger)))
    listed = func.json_each(orjson.dumps(ids).decode()).table_valued("value")
    return Extension.id.in_(select(listed.c.value))


def facets(connection: Connection, selection: Selection) -> dict[str, Any]:
    """How many of the selected have each value, the most frequent 50 of each kind; ``counted`` were looked at."""
    where = [Extension.listed, *selection.conditions]
    if selection.ids is not None:
        where = [among(connection, selection.ids)]
    # Whole texts are counted first: there are far fewer different ones than rows, and only these are parsed.
    columns = (
        Extension.theme,
        cast(Extension.categories, Text),
        cast(Extension.languages, Text),
        Extension.license,
    )
    rows: Counter[Any] = Counter(
        map(tuple, connection.execute(select(*columns).where(*where).limit(COUNTED)))
    )
    counts: dict[str, dict[str, int]] = {"kind": {}, "category": {}, "language": {}, "license": {}}
    for (theme, categories, languages, license), times in rows.items():
        kind = ["theme" if theme else "extension"]
        values = (kind, orjson.loads(categories), orjson.loads(languages), [license] if license else ())
        for counted, found in zip(counts.values(), values, strict=True):
            for value in found:
                counted[value] = counted.get(value, 0) + times
    top = {
        name: dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:50])
        for name, counted in counts.items()
    }
    return {"counted": rows.total(), **top}


def _named(connection: Connection, ids: Sequence[int], conditions: Sequence[Any], most: int) -> Selection:
    if conditions and ids:
        left = select(Extension.id).where(among(connection, ids), Extension.listed, *conditions)
        kept = set(connection.scalars(left))
        ids = [which for which in ids if which in kept]
    return Selection(ids[:most], (), len(ids[:most]))


def _conditions(wanted: Wanted) -> list[Any]:
    """What the index does not know; what runs on a host, which every row must be tried for, comes last."""
    conditions: list[Any] = []
    if wanted.owner is not None:
        conditions.append(_owned(wanted.owner))
    if wanted.min_rating is not None:
        conditions.append(Extension.rating_score >= wanted.min_rating)
    if wanted.updated_since is not None:
        conditions.append(Extension.updated >= wanted.updated_since)
    conditions += wanted.further
    if wanted.fitting is not None:
        versions = select(Version.id).where(
            Version.extension_id == Extension.id,
            Version.compatibility_id.in_(wanted.fitting),
            *visibility.OFFERED,
        )
        conditions.append(versions.correlate(Extension).exists())
    return conditions


def _owned(owner: str) -> Any:
    """By a user or a team here, or by whoever it belonged to where it was imported from."""
    if owner.startswith(_TEAM):
        holder = select(Team.id).where(Team.name == owner.removeprefix(_TEAM), Team.dissolved.is_(None))
        owned = select(Ownership.extension_id).where(Ownership.team_id == holder.scalar_subquery())
        return Extension.id.in_(owned)
    holder = select(User.id).where(User.username == owner, User.deleted.is_(None))
    owned = select(Ownership.extension_id).where(Ownership.user_id == holder.scalar_subquery())
    imported = select(Extension.id).where(Extension.owner_label == owner)
    return Extension.id.in_(owned.union_all(imported))
