"""What accounts are told: rows that wait until they are read. Ids, names and links, never secrets."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from registry.domain import digests
from registry.models import Membership, Notification, Ownership, OwnershipRole, TeamRole, User, table

_NEW = insert(table(Notification))


def notify(session: Session, user_ids: Iterable[int], kind: str, **data: Any) -> None:
    """Tell these accounts, each once, but for deleted ones. ``kind`` as in the event it tells of; ``data`` is JSON."""
    wanted = select(User.id).where(User.id.in_(set(user_ids)), User.deleted.is_(None)).order_by(User.id)
    there = session.scalars(wanted).all()
    if there:
        rows = [{"user_id": user_id, "kind": kind, "data": data} for user_id in there]
        session.connection().execute(_NEW, rows)
        digests.expect(session, there)


def tell_owners(session: Session, extension_id: int, kind: str, **data: Any) -> None:
    """Tell who has an owner's rights on an extension something about it."""
    notify(session, owners(session, extension_id), kind, extension=extension_id, **data)


def team_admins(session: Session, team_id: int) -> list[int]:
    return list(
        session.scalars(
            select(Membership.user_id).where(Membership.team_id == team_id, Membership.role == TeamRole.ADMIN)
        )
    )


def owners(session: Session, extension_id: int) -> list[int]:
    """The accounts that have an owner's rights: owners, and the admins of owning teams."""
    mine = Ownership.extension_id == extension_id, Ownership.role == OwnershipRole.OWNER
    users = session.scalars(select(Ownership.user_id).where(*mine, Ownership.user_id.is_not(None))).all()
    through = (
        select(Membership.user_id)
        .join(Ownership, Ownership.team_id == Membership.team_id)
        .where(*mine, Membership.role == TeamRole.ADMIN)
    )
    return [user_id for user_id in (*users, *session.scalars(through)) if user_id is not None]
