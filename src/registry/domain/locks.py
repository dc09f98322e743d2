"""Locks, so that what is counted, derived or made unique by a rule is done by one at a time.

All are held until the commit. SQLite has one writer, so only PostgreSQL needs to be told; its advisory
locks have a number each. They are taken in the order in which they stand here, so none waits in a ring.
"""

from enum import IntEnum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry.models import Extension

_ADVISORY = text("SELECT pg_advisory_xact_lock(:number)")


class _Lock(IntEnum):
    """Any numbers will do, as long as every process uses the same ones."""

    NAMES = 7_262_090
    EVENTS = 7_262_091


def new_names(session: Session) -> None:
    """Nobody else chooses a name: of two that look alike, the second to come must see the first."""
    _advisory(session, _Lock.NAMES)


def extension(session: Session, extension_id: int) -> Extension:
    """The extension, for whoever counts or derives something from it."""
    return session.scalars(select(Extension).where(Extension.id == extension_id).with_for_update()).one()


def events(session: Session) -> None:
    """Sequence order is commit order: taken just before an event is written."""
    _advisory(session, _Lock.EVENTS)


def _advisory(session: Session, lock: _Lock) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ADVISORY, {"number": lock.value})
