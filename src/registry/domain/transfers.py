"""Handing an extension over, in two steps: an owner offers, the receiver accepts; both sides are told.

What changes hands is one ownership: the offering owner's own, or that of a team they rule. Other owners stay.
An offer ends with the ownership that it offers, and with whoever would have had it.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from registry.domain import events, locks, standing
from registry.domain.errors import Conflict, Invalid
from registry.domain.notifications import notify, owners, team_admins
from registry.models import Ownership, OwnershipRole, Team, Transfer, User


def offer(session: Session, extension_id: int, actor_id: int, to: str, giver_team_id: int | None) -> Transfer:
    """Offer an ownership to ``to``: a user name, or ``team:NAME``. Raises Invalid, Conflict and Forbidden."""
    locks.extension(session, extension_id)
    receiver = _receiver(session, to)
    _hold(session, receiver)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    if session.scalar(select(Transfer.id).where(Transfer.extension_id == extension_id)) is not None:
        raise Conflict(
            "There is an open offer for this extension already; withdraw it first.", "ALREADY_OFFERED"
        )
    giver = {"user_id": actor_id} if giver_team_id is None else {"team_id": giver_team_id}
    if giver_team_id is not None:
        standing.require(session, actor_id, standing.rules(giver_team_id, actor_id))
    if not _is_owner(_owned(session, extension_id, giver)):
        raise Invalid(
            "Only an ownership of one's own, or of one's team, can be handed over; a publisher has none.",
            "NOT_OWNER",
            "from",
        )
    if _is_owner(_owned(session, extension_id, receiver)):
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
    """Take an offered ownership over: the extension's number. Raises Conflict when it is not there any more."""
    row = _answered(session, transfer_id, actor_id)
    giver = {"user_id": row.from_user_id} if row.from_user_id is not None else {"team_id": row.from_team_id}
    receiver = _receiver_of(row)
    given = _owned(session, row.extension_id, giver)
    if given is None or not _is_owner(given):
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
    _tell(session, "declined", _answered(session, transfer_id, actor_id), actor_id)


def withdraw(session: Session, extension_id: int, actor_id: int) -> bool:
    """An owner takes the offer back; False when there is none. Raises Forbidden."""
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    return _end(session, Transfer.extension_id == extension_id, "withdrawn", actor_id)


def end_offer_of(
    session: Session, extension_id: int, user_id: int | None, team_id: int | None, actor_id: int | None
) -> None:
    """The giver stops being an owner of the extension, whose row is held: their offer ends with that."""
    theirs = Transfer.from_user_id == user_id if user_id is not None else Transfer.from_team_id == team_id
    _end(session, (Transfer.extension_id == extension_id) & theirs, "ended", actor_id)


def end_offers_with(
    session: Session, actor_id: int, *, user_id: int | None = None, team_ids: Iterable[int] = ()
) -> None:
    """An account or teams, whose rows are held, go: what they offered, and what was offered to them, ends."""
    ids = list(team_ids)
    ends: list[ColumnElement[bool]] = [Transfer.from_team_id.in_(ids), Transfer.to_team_id.in_(ids)]
    if user_id is not None:
        ends += [Transfer.from_user_id == user_id, Transfer.to_user_id == user_id]
    _end(session, or_(*ends), "ended", actor_id)


def _answered(session: Session, transfer_id: int, actor_id: int) -> Any:
    """The offer that the receiver answers, which is gone with this: only one of many can have it."""
    row = session.execute(select(Transfer.__table__).where(Transfer.id == transfer_id)).one_or_none()
    if row is not None:
        locks.extension(session, row.extension_id)
        _hold(session, _receiver_of(row))
        own = standing.rules(row.to_team_id, actor_id)
        standing.require(session, actor_id, own, standing.oneself(row.to_user_id, actor_id))
        row = session.execute(
            delete(Transfer).where(Transfer.id == transfer_id).returning(*Transfer.__table__.c)
        ).one_or_none()
    if row is None:
        raise Conflict("This offer has been answered or withdrawn.", "NO_OFFER")
    return row


def _end(session: Session, which: Any, how: str, actor_id: int | None) -> bool:
    """Offers that end without an answer; False when there is none."""
    rows = session.execute(delete(Transfer).where(which).returning(*Transfer.__table__.c)).all()
    for row in rows:
        _tell(session, how, row, actor_id)
    return bool(rows)


def _hold(session: Session, receiver: dict[str, Any]) -> None:
    """Whoever gets it is there until they have it. Raises Conflict when they are not."""
    if "team_id" in receiver:
        locks.team(session, receiver["team_id"])
    else:
        locks.user(session, receiver["user_id"])


def _receiver_of(row: Any) -> dict[str, Any]:
    return {"user_id": row.to_user_id} if row.to_user_id is not None else {"team_id": row.to_team_id}


def _is_owner(found: Ownership | None) -> bool:
    return found is not None and found.role == OwnershipRole.OWNER


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


def _tell(session: Session, what: str, row: Any, actor_id: int | None) -> None:
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
    changes = [row.extension_id] if what == "accepted" else []  # everybody sees who owns it
    events.record(
        session,
        kind,
        actor_id=actor_id,
        extension_id=row.extension_id,
        changes=changes,
        transfer=row.id,
        **ends,
    )
