"""Decisions about an extension, and why: a code for programs, a text for people.

The registry's team decides about states, limits and versions, owners about their own versions. Each decision is an
event with its reason, what was before and what is now, and the other owners are told of it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.errors import Invalid
from registry.domain.notifications import notify, owners

# Rendered into the API documentation.
CODES = {
    "malware": "It does harm on purpose, or fetches what does.",
    "data_theft": "It takes data that are none of its business.",
    "deception": "It pretends to be something, or somebody's, that it is not.",
    "harm": "It does harm, on purpose or not.",
    "vulnerable": "It has a hole through which others can do harm.",
    "copyright": "It holds what others have the rights to.",
    "policy": "It breaks another rule of this registry.",
    "broken": "It does not work.",
    "incompatible": "It does not work with its host any more.",
    "abandoned": "Nobody looks after it any more.",
    "owner_request": "Its owners want it so.",
    "reported": "It has been reported; somebody is looking into it.",
    "cleared": "What was held against it does not hold, or not any more.",
    "other": "What the text says.",
}
OTHER = "other"
# A version that was yanked by the registry's team for one of these is not handed out any more.
HARMFUL = frozenset({"malware", "data_theft", "deception", "harm", "vulnerable"})
LONGEST = 1000  # characters


class Reason(NamedTuple):
    """``code`` is one of CODES; ``text`` is one line for the owners, and for everybody where it is shown."""

    code: str
    text: str


def read_reason(said: object) -> Reason | None:
    """The reason in another registry's answer; None when it says nothing, and a code that is none here is OTHER."""
    if not isinstance(said, dict):
        return None
    code, text = str(said.get("code")), said.get("text")
    plain = text if isinstance(text, str) and text.isprintable() else ""
    return Reason(code if code in CODES else OTHER, plain[:LONGEST])


def check(reason: Reason, what: str = "decision") -> None:
    """Raises Invalid for a reason that says nothing."""
    if not reason.text.strip():
        raise Invalid(f"A {what} needs a reason; the owner reads it.", "REASON_REQUIRED", "reason")
    if reason.code not in CODES:
        raise Invalid(f"The code of a reason is one of {', '.join(CODES)}.", "BAD_REASON", "reason")


def record(
    session: Session,
    extension_id: int,
    actor_id: int | None,
    reason: Reason,
    happened: Mapping[str, Mapping[str, Any]],
    *,
    public: bool = True,
) -> None:
    """Tell the other owners, and write the events: ``happened`` has the data of each by its kind. Call it last."""
    told = set(owners(session, extension_id)) - {actor_id}
    said: dict[str, Any] = {"code": reason.code, "reason": reason.text}
    for kind, data in happened.items():
        notify(session, told, kind, extension=extension_id, **data, **said)
    where: dict[str, Any] = {"actor_id": actor_id, "extension_id": extension_id, "public": public}
    for kind, data in happened.items():
        events.record(session, kind, **where, **data, **said)
