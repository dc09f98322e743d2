"""The chain of events: the audit, and the order in which the world changed.

Every event carries the SHA-256 of the one before it and of itself, so a removed, altered or inserted
row breaks the chain from there on. Sequence order is commit order: SQLite has one writer, and on
PostgreSQL one advisory lock is taken just before the event is written and held until the commit.
Record events last in a transaction, so that the lock is held for a moment only.
"""

import datetime
import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from registry.models import Event, now
from registry.models.database import EVENT_LOCK

GENESIS = bytes(32)
_LAST = select(Event.seq, Event.hash).order_by(Event.seq.desc()).limit(1)


class BrokenChain(Exception):
    """The events are not what was written."""


def record(
    session: Session,
    kind: str,
    *,
    actor_id: int | None = None,
    extension_id: int | None = None,
    **data: Any,
) -> Event:
    """Append an event; ``kind`` reads ``subject.what-happened``, ``data`` is JSON."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": EVENT_LOCK})
    last = session.execute(_LAST).one_or_none()
    event = Event(
        seq=last.seq + 1 if last else 1,
        at=now(),
        kind=kind,
        actor_id=actor_id,
        extension_id=extension_id,
        data=data,
        previous=last.hash if last else GENESIS,
    )
    event.hash = _hash(event)
    session.add(event)
    session.flush()
    return event


def verify(connection: Connection, batch: int = 1000) -> int:
    """Walk the whole chain; the number of events, or BrokenChain naming the first bad one."""
    previous, seq = GENESIS, 0
    for row in _rows(connection, batch):
        if row.seq != seq + 1 or row.previous != previous or row.hash != _hash(row):
            raise BrokenChain(f"event {row.seq} does not follow from event {seq}")
        previous, seq = row.hash, row.seq
    return seq


def _rows(connection: Connection, batch: int) -> Iterator[Any]:
    table, seq = Event.__table__, 0
    while rows := connection.execute(
        select(table).where(table.c.seq > seq).order_by(table.c.seq).limit(batch)
    ).all():
        yield from rows
        seq = rows[-1].seq


def _hash(event: Any) -> bytes:
    at: datetime.datetime = event.at
    body = [event.seq, at.isoformat(), event.kind, event.actor_id, event.extension_id, event.data]
    return hashlib.sha256(event.previous + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
