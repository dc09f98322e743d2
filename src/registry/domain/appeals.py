"""Appeals: owners disagree with what the registry's team decided on their extension, once for each decision.

A decision is a change of state by the team. What reports have done by themselves is none yet. An appeal that is
granted brings back the state from before the extension was held against; if the team has decided anew meanwhile,
it changes nothing any more.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, locks, reports, standing, states
from registry.domain.errors import Conflict
from registry.domain.notifications import notify
from registry.models import Appeal, AppealState, Event, Extension, ExtensionState, now

COMMENT_LENGTH = reports.COMMENT_LENGTH
_GOOD = (ExtensionState.ACTIVE, ExtensionState.UNLISTED)
# How far back it is looked for a state to restore.
_MOST_STATES = 100


def appeal(session: Session, extension_id: int, actor_id: int, comment: str) -> int:
    """Appeal as an owner; the number of the appeal. Raises Conflict, Forbidden."""
    extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    decision = _decision(session, extension)
    if decision is None:
        raise Conflict(
            f"{extension.name} is {extension.state}, and the team has decided nothing that could be appealed.",
            "NO_DECISION",
        )
    before = session.scalar(
        select(Appeal.id).where(Appeal.extension_id == extension_id, Appeal.decision == decision.seq)
    )
    if before is not None:
        raise Conflict("This decision has been appealed; that is possible once.", "APPEALED", appeal=before)
    row = Appeal(extension_id=extension_id, user_id=actor_id, decision=decision.seq, comment=comment)
    session.add(row)
    session.flush()
    _record(session, "appeal.filed", row, actor_id)
    return row.id


def decide(session: Session, appeal_id: int, actor_id: int, *, grant: bool, reason: str) -> None:
    """Grant or refuse an appeal; the owners are told. Raises Conflict when it is decided already, Forbidden."""
    row = session.get_one(Appeal, appeal_id)
    extension = locks.extension(session, row.extension_id)
    standing.require(session, actor_id, standing.administers(actor_id))
    session.refresh(row)
    if row.state != AppealState.OPEN:
        raise Conflict(f"This appeal has been {row.state} already.", "APPEAL_DECIDED")
    row.state = AppealState.GRANTED if grant else AppealState.REFUSED
    row.decided, row.decided_by, row.answer = now(), actor_id, reason
    session.flush()
    decision = _decision(session, extension)
    if grant and decision is not None and decision.seq == row.decision:
        before = _good_before(session, extension)
        states.set_state(session, extension, before, reason=reason, code=reports.CLEARED, actor_id=actor_id)
    said = {"appeal": row.id, "decision": str(row.state), "reason": reason}
    notify(session, [row.user_id], "appeal.decided", extension=extension.id, **said)
    _record(session, "appeal.decided", row, actor_id, decision=str(row.state), reason=reason)


def _decision(session: Session, extension: Extension) -> Event | None:
    """What the team decided that the extension is in its state by, if it did and the state is not `active`."""
    for last in reports.last_states(session, extension.id, 1):
        if last.actor_id is not None and last.data["after"] == extension.state != ExtensionState.ACTIVE:
            return last
    return None


def _good_before(session: Session, extension: Extension) -> ExtensionState:
    """The last state in which everybody could have it, but for the one that is now."""
    for change in reports.last_states(session, extension.id, _MOST_STATES):
        before = ExtensionState(change.data["before"])
        if before in _GOOD and before != extension.state:
            return before
    return ExtensionState.ACTIVE


def _record(session: Session, kind: str, row: Appeal, actor_id: int, **data: Any) -> None:
    events.record(session, kind, actor_id=actor_id, extension_id=row.extension_id, appeal=row.id, **data)
