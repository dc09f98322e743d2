"""Handing an extension over, in two steps: an owner offers, the receiver accepts; both sides are told.

What changes hands is one ownership: the offering owner's own, or that of a team they rule. Other owners stay.
"""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.domain import events, locks
from registry.domain.errors import Conflict, Invalid
from registry.domain.notifications import notify, owners, team_admins
from registry.models import Ownership, OwnershipRole, Team, Transfer, User


def offer(session: Session, extension_id: int, actor_id: int, to: str, giver_team_id: int | None) -> Transfer:
    """Offer an ownership to ``to``: a user name, or ``team:NAME``. Raises Invalid and Conflict."""
    locks.extension(session, extension_id)
    if session.scalar(select(Transfer.id).where(Transfer.extension_id == extension_id)) is not None:
        raise Conflict(
            "There is an open offer for this extension already; withdraw it first.", "ALREADY_OFFERED"
        )
    giver = {"user_id": actor_id} if giver_team_id is None else {"team_id": giver_team_id}
    if _owned(session, extension_id, giver) is None:
        raise Invalid(
            "Only an ownership of one's own, or of one's team, can be handed over.", "NOT_OWNER", "from"
        )
    receiver = _receiver(session, to)
    found = _owned(session, extension_id, receiver)
    if found is not None and found.role == OwnershipRole.OWNER:
        raise Conflict(f"{to} owns this extension already.", "ALREADY_OWNER")
    row = Transfer(
        extension_id=extension_id,
        offered_by=actor_id,
        **{f"from_{name}": value for name, value in giver.items()},
        **{f"to_{name}": value for name, value in receiver.items()},
    )
    session.add(row)
    session.flush()
    _tell(session, "offered", row, actor_id)
    return row


def accept(session: Session, transfer_id: int, actor_id: int) -> int:
    """Take an offered ownership over: the extension's number. Raises Conflict when the offer is void."""
    row = _taken(session, transfer_id)
    giver = {"user_id": row.from_user_id} if row.from_user_id is not None else {"team_id": row.from_team_id}
    receiver = {"user_id": row.to_user_id} if row.to_user_id is not None else {"team_id": row.to_team_id}
    given = _owned(session, row.extension_id, giver)
    if given is None or given.role != OwnershipRole.OWNER:
        raise Conflict("Whoever offered this extension does not own it any more.", "OFFER_VOID")
    # A publisher who becomes an owner has one right, not two.
    before = _owned(session, row.extension_id, receiver)
    if before is not None:
        session.delete(before)
        session.flush()
    session.delete(given)
    session.flush()
    session.add(Ownership(extension_id=row.extension_id, role=OwnershipRole.OWNER, **receiver))
    session.flush()
    _tell(session, "accepted", row, actor_id)
    return int(row.extension_id)


def decline(session: Session, transfer_id: int, actor_id: int) -> None:
    """The receiver does not want it. Raises Conflict when the offer does not stand any more."""
    _tell(session, "declined", _taken(session, transfer_id), actor_id)


def withdraw(session: Session, extension_id: int, actor_id: int) -> bool:
    """An owner takes the offer back; False when there is none."""
    transfer_id = session.scalar(select(Transfer.id).where(Transfer.extension_id == extension_id))
    if transfer_id is None:
        return False
    _tell(session, "withdrawn", _taken(session, transfer_id), actor_id)
    return True


def _taken(session: Session, transfer_id: int) -> Any:
    """The offer, which is gone with this: only one of many can have it."""
    extension_id = session.scalar(select(Transfer.extension_id).where(Transfer.id == transfer_id))
    if extension_id is not None:
        locks.extension(session, extension_id)
    columns = Transfer.__table__.c
    row = session.execute(
        delete(Transfer).where(Transfer.id == transfer_id).returning(*columns)
    ).one_or_none()
    if row is None:
        raise Conflict("This offer has been answered or withdrawn.", "NO_OFFER")
    return row


def _owned(session: Session, extension_id: int, holder: dict[str, Any]) -> Ownership | None:
    return session.scalars(select(Ownership).filter_by(extension_id=extension_id, **holder)).one_or_none()


def _receiver(session: Session, to: str) -> dict[str, Any]:
    if to.startswith("team:"):
        name = to.removeprefix("team:")
        team_id = session.scalar(select(Team.id).where(Team.name == name, Team.dissolved.is_(None)))
        if team_id is not None:
            return {"team_id": team_id}
    else:
        user_id = session.scalar(select(User.id).where(User.username == to, User.disabled.is_(None)))
        if user_id is not None:
            return {"user_id": user_id}
    raise Invalid(f"There is no user or team {to}; a team is written team:NAME.", "NO_RECEIVER", "to")


def _tell(session: Session, what: str, row: Any, actor_id: int) -> None:
    receivers = [row.to_user_id] if row.to_user_id is not None else team_admins(session, row.to_team_id)
    givers = [row.from_user_id] if row.from_user_id is not None else team_admins(session, row.from_team_id)
    told = {*receivers, *givers, row.offered_by, *owners(session, row.extension_id)}
    kind = f"extension.transfer-{what}"
    ends = {
        name: getattr(row, name)
        for name in ("from_user_id", "from_team_id", "to_user_id", "to_team_id")
        if getattr(row, name) is not None
    }
    notify(session, told, kind, extension=row.extension_id, transfer=row.id, **ends)
    events.record(session, kind, actor_id=actor_id, extension_id=row.extension_id, transfer=row.id, **ends)
