"""Who may publish: the owners and co-publishers of an extension, and the teams among them.

There is always an owner. Whoever changes who it is holds the extension's row, so of two owners who go at
once one stays.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from registry.domain import events, locks
from registry.domain.errors import Conflict
from registry.domain.notifications import notify, team_admins
from registry.models import Membership, Ownership, OwnershipRole, User

MOST_HOLDERS = 100


def publishes(extension_id: Any) -> ColumnElement[bool]:
    """SQL: the user of the parameter ``user_id`` may publish that extension, by themselves or through a team."""
    user_id: ColumnElement[int] = bindparam("user_id")
    through_team = exists().where(Membership.team_id == Ownership.team_id, Membership.user_id == user_id)
    return exists().where(
        and_(Ownership.extension_id == extension_id, or_(Ownership.user_id == user_id, through_team))
    )


_MAY_PUBLISH = select(publishes(bindparam("extension_id")))


def may_publish(connection: Connection, user_id: int, extension_id: int) -> bool:
    return bool(connection.scalar(_MAY_PUBLISH, {"user_id": user_id, "extension_id": extension_id}))


def grant(
    session: Session,
    extension_id: int,
    role: OwnershipRole,
    actor_id: int,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
) -> bool:
    """Make a user or a team an owner or a publisher; False when they are that already.

    Raises Conflict when there would be no owner any more.
    """
    extension = locks.extension(session, extension_id)
    held = _held(session, extension_id, user_id, team_id)
    if held is not None and held.role == role:
        return False
    if held is None:
        if len(extension.ownerships) >= MOST_HOLDERS:
            raise Conflict(f"An extension has at most {MOST_HOLDERS} owners and publishers.", "TOO_MANY")
        session.add(Ownership(extension_id=extension_id, user_id=user_id, team_id=team_id, role=role))
    else:
        if held.role == OwnershipRole.OWNER:
            _not_the_last(session, extension_id, held)
        held.role = role
    session.flush()
    _tell(session, "owner.added", extension_id, actor_id, user_id, team_id, role=role)
    return True


def revoke(
    session: Session,
    extension_id: int,
    actor_id: int,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
) -> bool:
    """Take a user's or a team's right away; False when they have none. Raises Conflict for the last owner."""
    locks.extension(session, extension_id)
    held = _held(session, extension_id, user_id, team_id)
    if held is None:
        return False
    if held.role == OwnershipRole.OWNER:
        _not_the_last(session, extension_id, held)
    session.delete(held)
    session.flush()
    _tell(session, "owner.removed", extension_id, actor_id, user_id, team_id)
    return True


def _held(session: Session, extension_id: int, user_id: int | None, team_id: int | None) -> Ownership | None:
    holder = Ownership.user_id == user_id if user_id is not None else Ownership.team_id == team_id
    return session.scalars(
        select(Ownership).where(Ownership.extension_id == extension_id, holder)
    ).one_or_none()


def _not_the_last(session: Session, extension_id: int, going: Ownership) -> None:
    others = session.scalars(
        select(Ownership.id)
        .outerjoin(User, User.id == Ownership.user_id)
        .where(
            Ownership.extension_id == extension_id,
            Ownership.role == OwnershipRole.OWNER,
            Ownership.id != going.id,
            User.deleted.is_(None),
        )
    ).first()
    if others is None:
        raise Conflict(
            "The last owner of an extension cannot go; make somebody else an owner first, or transfer it.",
            "LAST_OWNER",
        )


def _tell(
    session: Session,
    kind: str,
    extension_id: int,
    actor_id: int,
    user_id: int | None,
    team_id: int | None,
    **data: Any,
) -> None:
    told = {user_id} if user_id is not None else set(team_admins(session, team_id or 0))
    holder = {"user": user_id} if user_id is not None else {"team": team_id}
    notify(
        session, {one for one in told if one is not None} - {actor_id}, kind, extension=extension_id, **holder
    )
    events.record(session, kind, actor_id=actor_id, extension_id=extension_id, **holder, **data)
