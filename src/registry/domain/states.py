"""The state of an extension: set by the registry's team, with a reason, from any state to any other."""

from sqlalchemy.orm import Session

from registry.domain import events, visibility
from registry.domain.errors import Conflict, Invalid
from registry.models import Extension, ExtensionState


def set_state(
    session: Session, extension: Extension, state: ExtensionState, *, reason: str, actor_id: int | None
) -> None:
    """Move an extension to ``state``. Raises Conflict when it is there already, Invalid without a reason."""
    if not reason.strip():
        raise Invalid("A change of state needs a reason; the owner reads it.", "REASON_REQUIRED", "reason")
    if extension.state == state:
        raise Conflict(f"{extension.name} is {state} already.", "SAME_STATE")
    before = extension.state
    extension.state, extension.state_reason = state, reason
    visibility.refresh(session, extension.id)
    events.record(
        session,
        "extension.state",
        actor_id=actor_id,
        extension_id=extension.id,
        public=True,
        before=before,
        after=state,
        reason=reason,
    )
