"""Who may publish: the owners and co-publishers of an extension, and the teams among them.

There is always an owner, until the last one deletes their account: then a site admin may name another.
Whoever changes who it is holds the extension's row, so of two owners who go at once one stays.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select
from sqlalchemy.orm import Session

from registry.domain import events, locks, standing, transfers
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
    actor_id: int | None,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
) -> bool:
    """Make a user or a team an owner or a publisher; False when they are that already.

    Raises Conflict when there would be no owner any more, or they are not there any more; Forbidden.
    """
    extension = locks.extension(session, extension_id)
    if team_id is not None:
        locks.team(session, team_id)
    elif user_id is not None:
        locks.user(session, user_id)
    orphan = session.scalar(select(standing.is_orphan(extension_id)))
    rescues = [standing.administers(actor_id)] if orphan and role == OwnershipRole.OWNER else []
    standing.require(
        session,
        actor_id,
        standing.owns(extension_id, actor_id),
        *rescues,
        otherwise="Only its owners may do that; a site admin may name an owner when nobody is left.",
    )
    if orphan:
        _clear_tombstones(session, extension_id)
        session.expire(extension, ["ownerships"])
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
            transfers.end_offer_of(session, extension_id, user_id, team_id, actor_id)
        held.role = role
    session.flush()
    _tell(session, "owner.added", extension_id, actor_id, user_id, team_id, role=role)
    return True


def revoke(
    session: Session,
    extension_id: int,
    actor_id: int | None,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
) -> bool:
    """Take a user's or a team's right away, or give one's own up; False when they have none.

    Raises Conflict for the last owner, and Forbidden.
    """
    locks.extension(session, extension_id)
    own = standing.rules(team_id, actor_id) if user_id is None else standing.oneself(user_id, actor_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id), own)
    held = _held(session, extension_id, user_id, team_id)
    if held is None:
        return False
    if held.role == OwnershipRole.OWNER:
        _not_the_last(session, extension_id, held)
        transfers.end_offer_of(session, extension_id, user_id, team_id, actor_id)
    session.delete(held)
    session.flush()
    _tell(session, "owner.removed", extension_id, actor_id, user_id, team_id)
    return True


def _held(session: Session, extension_id: int, user_id: int | None, team_id: int | None) -> Ownership | None:
    holder = Ownership.user_id == user_id if user_id is not None else Ownership.team_id == team_id
    return session.scalars(
        select(Ownership).where(Ownership.extension_id == extension_id, holder)
    ).one_or_none()


def _clear_tombstones(session: Session, extension_id: int) -> None:
    """Somebody living is about to own it: deleted accounts do not any more."""
    deleted = select(User.id).where(User.deleted.is_not(None))
    session.execute(
        delete(Ownership).where(Ownership.extension_id == extension_id, Ownership.user_id.in_(deleted))
    )


def _not_the_last(session: Session, extension_id: int, going: Ownership) -> None:
    others = session.scalars(standing.living_owners(extension_id).where(Ownership.id != going.id)).first()
    if others is None:
        raise Conflict(
            "The last owner of an extension cannot go; make somebody else an owner first, or transfer it.",
            "LAST_OWNER",
        )


def _tell(
    session: Session,
    kind: str,
    extension_id: int,
    actor_id: int | None,
    user_id: int | None,
    team_id: int | None,
    **data: Any,
) -> None:
    told = {user_id} if user_id is not None else set(team_admins(session, team_id or 0))
    holder = {"user": user_id} if user_id is not None else {"team": team_id}
    notify(
        session, {one for one in told if one is not None} - {actor_id}, kind, extension=extension_id, **holder
    )
    changes = [extension_id]  # everybody sees who owns it
    events.record(
        session, kind, actor_id=actor_id, extension_id=extension_id, changes=changes, **holder, **data
    )
