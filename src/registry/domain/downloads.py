"""Counting downloads: once for each client, version and day (UTC).

A client is a network (a /24, or a /48 of IPv6) with a user agent, hashed with a key that is another one
every day, so what is kept tells nobody who fetched what, and nothing links one day to the next.
"""

import datetime
import hmac
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry.models import DownloadDay, DownloadSeen, Extension, Version, table

RECENT_DAYS = 7
_SEEN, _DAY, _EXTENSION, _VERSION = map(table, (DownloadSeen, DownloadDay, Extension, Version))
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ADD = (
    update(_EXTENSION)
    .where(_EXTENSION.c.id == bindparam("which"))
    .values(
        downloads_total=_EXTENSION.c.downloads_total + bindparam("more"),
        downloads_recent=_EXTENSION.c.downloads_recent + bindparam("more"),
    )
)


_ADD_TO_VERSION = (
    update(_VERSION)
    .where(_VERSION.c.id == bindparam("which"))
    .values(downloads=_VERSION.c.downloads + bindparam("more"))
    .returning(_VERSION.c.extension_id)
)


class Seen(NamedTuple):
    """One whole download."""

    day: datetime.date
    version_id: int
    client: bytes


def client(secret: bytes, day: datetime.date, network: str, agent: str) -> bytes:
    """Who fetched something, as far as counting needs to know; 16 bytes."""
    key = hmac.digest(secret, day.isoformat().encode(), "sha256")
    return hmac.digest(key, f"{network}\n{agent}".encode("utf-8", "replace"), "sha256")[:16]


def record(session: Session, downloads: Iterable[Seen]) -> int:
    """Count those that were not counted before; how many that were."""
    connection = session.connection()
    insert = _INSERT[connection.dialect.name]
    once = insert(_SEEN).on_conflict_do_nothing().returning(_SEEN.c.day)
    counted: dict[tuple[int, datetime.date], int] = {}
    for seen in sorted(set(downloads)):
        if connection.execute(once, seen._asdict()).one_or_none() is not None:
            counted[seen.version_id, seen.day] = counted.get((seen.version_id, seen.day), 0) + 1
    add = insert(_DAY)
    add = add.on_conflict_do_update(
        index_elements=[_DAY.c.version_id, _DAY.c.day], set_={"count": _DAY.c.count + add.excluded.count}
    )
    for_extension: dict[int, int] = {}
    for (version_id, day), count in counted.items():
        extension_id = connection.scalar(_ADD_TO_VERSION, {"which": version_id, "more": count})
        if extension_id is not None:
            connection.execute(add, {"version_id": version_id, "day": day, "count": count})
            for_extension[extension_id] = for_extension.get(extension_id, 0) + count
    for extension_id, count in sorted(for_extension.items()):
        connection.execute(_ADD, {"which": extension_id, "more": count})
    return sum(for_extension.values())


def forget(session: Session, today: datetime.date) -> int:
    """Make the recent counts those of the last seven days, and forget who was counted before yesterday.

    Call it once a day; how many extensions it changed.
    """
    connection = session.connection()
    connection.execute(delete(_SEEN).where(_SEEN.c.day < today - datetime.timedelta(days=1)))
    first = today - datetime.timedelta(days=RECENT_DAYS - 1)
    recent = (
        select(Version.extension_id, func.sum(_DAY.c.count).label("downloads"))
        .join(Version, Version.id == _DAY.c.version_id)
        .where(_DAY.c.day >= first)
        .group_by(Version.extension_id)
    )
    now_recent = {row.extension_id: int(row.downloads) for row in connection.execute(recent)}
    shown = connection.execute(
        select(_EXTENSION.c.id, _EXTENSION.c.downloads_recent).where(_EXTENSION.c.downloads_recent > 0)
    )
    before = {row.id: row.downloads_recent for row in shown.all()}
    changes = [
        {"which": extension_id, "count": now_recent.get(extension_id, 0)}
        for extension_id in sorted(before.keys() | now_recent.keys())
        if before.get(extension_id, 0) != now_recent.get(extension_id, 0)
    ]
    if changes:
        statement = update(_EXTENSION).where(_EXTENSION.c.id == bindparam("which"))
        connection.execute(statement.values(downloads_recent=bindparam("count")), changes)
    return len(changes)
