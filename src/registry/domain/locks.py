"""Locks, so that what is counted, derived or made unique by a rule is done by one at a time.

All are held until the commit. SQLite has one writer, so only PostgreSQL needs to be told; its advisory
locks have a number each. They are taken in the order in which they stand here, so none waits in a ring; rows that
only one of many can have (an offer, an invitation, a token) come after accounts and before events.

A team or an account that must not go away meanwhile is held together with others who need the same; whoever ends
it, or counts what it has, holds it ``alone``.
"""

from collections.abc import Iterable
from enum import IntEnum

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from registry.domain.errors import Conflict
from registry.models import Extension, Team, User

AT_ONCE = 1000  # statements have room for so many parameters on every database
_ADVISORY = text("SELECT pg_advisory_xact_lock(:number)")
_ACCOUNT = select(User.id).where(User.id == bindparam("user_id"), User.disabled.is_(None))
_USER, _USER_ALONE = _ACCOUNT.with_for_update(read=True), _ACCOUNT.with_for_update()


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


def extensions(session: Session, ids: Iterable[int]) -> None:
    """Any number of them, in one order."""
    wanted = sorted(set(ids))
    for begin in range(0, len(wanted), AT_ONCE):
        some = Extension.id.in_(wanted[begin : begin + AT_ONCE])
        session.execute(select(Extension.id).where(some).order_by(Extension.id).with_for_update())


def team(session: Session, team_id: int, *, alone: bool = False) -> Team:
    """A team that stands. Raises Conflict for one that has been dissolved."""
    found = session.scalars(
        select(Team).where(Team.id == team_id, Team.dissolved.is_(None)).with_for_update(read=not alone)
    ).one_or_none()
    if found is None:
        raise Conflict("The team has been dissolved.", "NO_TEAM")
    return found


def user(session: Session, user_id: int, *, alone: bool = False) -> None:
    """An account that is in use. Raises Conflict for one that has been deleted or disabled."""
    statement = _USER_ALONE if alone else _USER
    if session.connection().scalar(statement, {"user_id": user_id}) is None:
        raise Conflict("This account has been deleted or disabled.", "NO_ACCOUNT")


def events(session: Session) -> None:
    """Sequence order is commit order: taken just before an event is written."""
    _advisory(session, _Lock.EVENTS)


def _advisory(session: Session, lock: _Lock) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ADVISORY, {"number": lock.value})
