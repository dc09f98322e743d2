"""The state of an extension: set by the registry's team, with a reason, from any state to any other."""

from typing import Any

from sqlalchemy.orm import Session

from registry.domain import decisions, visibility
from registry.domain.decisions import OTHER, Reason
from registry.domain.errors import Conflict
from registry.models import Extension, ExtensionState

CHANGED = "extension.state"


def set_state(
    session: Session,
    extension: Extension,
    state: ExtensionState,
    *,
    reason: str,
    actor_id: int | None,
    code: str = OTHER,
) -> None:
    """Move an extension to ``state``. Raises Conflict when it is there already, Invalid without a reason."""
    why = Reason(code, reason)
    moved = move(session, extension, state, why)
    decisions.record(session, extension.id, actor_id, why, {CHANGED: moved})


def move(session: Session, extension: Extension, state: ExtensionState, reason: Reason) -> dict[str, Any]:
    """What ``set_state`` does, without telling anybody; the data of the event that is to be recorded."""
    decisions.check(reason, "change of state")
    if extension.state == state:
        raise Conflict(f"{extension.name} is {state} already.", "SAME_STATE")
    before = extension.state
    extension.state, extension.state_code, extension.state_reason = state, reason.code, reason.text
    visibility.refresh(session, extension.id)
    return {"before": str(before), "after": str(state)}
