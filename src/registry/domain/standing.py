"""Who acts, asked again inside the transaction that acts: a right that was taken away meanwhile does not count.

The tree has permitted it, by what could be read before the transaction began. Ask here with the row held whose
rights are asked for (an extension's for its owners, a team's for its members), so that nobody changes them
in between. The account that acts is held too: it is not deleted before what it does has been committed.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from registry.domain import locks
from registry.domain.errors import Conflict, Forbidden
from registry.models import Membership, Ownership, OwnershipRole, Team, TeamRole, User

Right = ColumnElement[bool]
NOT_ANY_MORE = "This account may not do that here, or not any more."


def require(session: Session, actor_id: int | None, *rights: Right, otherwise: str = NOT_ANY_MORE) -> None:
    """Raises Forbidden unless one of the rights holds for an account that is in use. None is the command line."""
    if actor_id is None:
        return
    try:
        locks.user(session, actor_id)
    except Conflict as gone:
        raise Forbidden(str(gone), "ERROR_PERMISSION_DENIED") from None
    if not any(session.scalar(select(right)) for right in rights):
        raise Forbidden(otherwise, "ERROR_PERMISSION_DENIED")


def owns(extension_id: int, user_id: int | None) -> Right:
    """They own the extension, or are an admin of a team that does."""
    through_team = exists().where(
        Membership.team_id == Ownership.team_id,
        Membership.user_id == user_id,
        Membership.role == TeamRole.ADMIN,
    )
    return exists().where(
        Ownership.extension_id == extension_id,
        Ownership.role == OwnershipRole.OWNER,
        (Ownership.user_id == user_id) | through_team,
    )


def rules(team_id: int | None, user_id: int | None) -> Right:
    """They are an admin of the publisher team."""
    return exists().where(
        Membership.team_id == team_id, Membership.user_id == user_id, Membership.role == TeamRole.ADMIN
    )


def administers(user_id: int | None) -> Right:
    """They are in the registry's own team."""
    return exists().where(User.id == user_id, User.admin)


def oneself(user_id: int | None, actor_id: int | None) -> Right:
    """It is their own affair."""
    return exists().where(User.id == actor_id, User.id == user_id)


def living_owners(extension_id: Any) -> Select[Any]:
    """The ownerships of accounts that were not deleted, and of teams."""
    return (
        select(Ownership.id)
        .outerjoin(User, User.id == Ownership.user_id)
        .outerjoin(Team, Team.id == Ownership.team_id)
        .where(
            Ownership.extension_id == extension_id,
            Ownership.role == OwnershipRole.OWNER,
            User.deleted.is_(None),
            Team.dissolved.is_(None),
        )
    )


def is_orphan(extension_id: int) -> Right:
    """Nobody who is there owns the extension."""
    return ~living_owners(extension_id).exists()
