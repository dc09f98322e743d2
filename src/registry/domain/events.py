"""The chain of events: the audit, and the order in which the world changed.

Every event carries the SHA-256 of the one before it and of itself, so a removed, altered or inserted
row breaks the chain from there on. Sequence order is commit order: SQLite has one writer, and on
PostgreSQL one advisory lock is taken just before the event is written and held until the commit.
Record events last in a transaction, so that the lock is held for a moment only.
"""

import contextlib
import datetime
import hashlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from registry.domain import deliveries, locks
from registry.models import Event, EventSubject, Extension, Prepared, now, table

GENESIS = bytes(32)
_cause: ContextVar[dict[str, Any] | None] = ContextVar("cause", default=None)
_NEW = Prepared(insert(table(Event)))
_CHANGED = (
    update(table(Extension))
    .where(table(Extension).c.id == bindparam("changed_id"))
    .values(changed=bindparam("seq"))
)
_CHANGED_IF_SEEN = _CHANGED.where(table(Extension).c.changed.is_not(None))
_ABOUT = insert(table(EventSubject))
# What in an event's data is the number of an account.
PEOPLE = ("user", "from_user_id", "to_user_id")
_LAST = Prepared(select(Event.seq, Event.hash).order_by(Event.seq.desc()).limit(1))


class _Event(NamedTuple):
    """The columns of an event that its hash seals."""

    seq: int
    at: datetime.datetime
    kind: str
    actor_id: int | None
    extension_id: int | None
    data: dict[str, Any]
    previous: bytes


class Head(NamedTuple):
    """An event that the chain once ended with, and its hash, which seals all before it."""

    seq: int
    hash: bytes


class BrokenChain(Exception):
    """The events are not what was written."""


@contextlib.contextmanager
def caused_by(**cause: Any) -> Iterator[None]:
    """What the events recorded inside were caused by; they carry it as ``data["cause"]``."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def record(
    session: Session,
    kind: str,
    /,
    *,
    actor_id: int | None = None,
    extension_id: int | None = None,
    public: bool = False,
    changes: Iterable[int] = (),
    **data: Any,
) -> int:
    """Append an event and return its number; ``kind`` reads ``subject.what-happened``, ``data`` is JSON.

    ``public`` says that what everybody sees of the extension has changed: readers who know an earlier
    number find it by ``Extension.changed``. ``changes`` are extensions of which the same is true if there
    has been something to see before. What is known as ``user`` in the data is an account that it is about (PEOPLE).
    """
    cause = _cause.get()
    if cause is not None:
        data["cause"] = cause
    locks.events(session)
    connection = session.connection()
    last = _LAST.one_or_none(connection)
    event = _Event(
        last.seq + 1 if last else 1, now(), kind, actor_id, extension_id, data, last.hash if last else GENESIS
    )
    shown = sorted(set(changes))
    _NEW.run(connection, **event._asdict(), public=public or bool(shown), hash=_hash(event))
    if public:
        connection.execute(_CHANGED, {"changed_id": extension_id, "seq": event.seq})
    if shown:
        connection.execute(_CHANGED_IF_SEEN, [{"changed_id": one, "seq": event.seq} for one in shown])
    about = {data[key] for key in PEOPLE if data.get(key) is not None} - {actor_id}
    if about:
        connection.execute(_ABOUT, [{"user_id": one, "seq": event.seq} for one in sorted(about)])
    deliveries.tell(session, kind, event.seq, extension_id)
    return event.seq


def verify(connection: Connection, heads: Iterable[Head] = (), batch: int = 1000) -> int:
    """Walk the whole chain; the number of events, or BrokenChain naming the first bad one."""
    faults: list[str] = []
    count = 0
    for row in walk(connection, faults, heads, batch):
        if faults:
            break
        count = row.seq
    if faults:
        raise BrokenChain(faults[0])
    return count


def walk(
    connection: Connection, faults: list[str], heads: Iterable[Head] = (), batch: int = 1000
) -> Iterator[Any]:
    """All events, the oldest first, ``batch`` of them in memory; what is wrong with them is added to ``faults``.

    A chain from which the newest events were cut off is whole in itself: only ``heads`` that are known tell.
    """
    known, before = sorted(heads), None
    for row in rows(connection, batch):
        if not follows(row, before):
            faults.append(f"event {row.seq} does not follow from event {before.seq if before else 0}")
        while known and known[0].seq <= row.seq:
            head = known.pop(0)
            if head != (row.seq, row.hash):
                faults.append(f"event {head.seq} is not the one that the head was signed for")
        before = row
        yield row
    if known:
        last = before.seq if before else 0
        faults.append(f"it ends with event {last}, and the head was signed for event {known[-1].seq}")


def holds(connection: Connection, head: Head) -> bool:
    """Whether the chain still has that event."""
    return connection.scalar(select(Event.hash).where(Event.seq == head.seq)) == head.hash


def follows(event: Any, before: Any) -> bool:
    """Whether an event is what was written after the one ``before``; None is before the first."""
    seq, previous = (before.seq, before.hash) if before is not None else (0, GENESIS)
    return bool(event.seq == seq + 1 and event.previous == previous and event.hash == _hash(event))


def rows(connection: Connection, batch: int = 1000) -> Iterator[Any]:
    """All events, the oldest first, ``batch`` of them in memory."""
    events, seq = table(Event), 0
    while found := connection.execute(
        select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(batch)
    ).all():
        yield from found
        seq = found[-1].seq


def _hash(event: Any) -> bytes:
    at: datetime.datetime = event.at
    body = [event.seq, at.isoformat(), event.kind, event.actor_id, event.extension_id, event.data]
    return hashlib.sha256(event.previous + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
