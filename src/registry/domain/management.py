"""Managing: what the registry's team decides about an extension, each time knowing what was decided before."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy.orm import Session

from registry.domain import compatibility, decisions, locks, standing, states
from registry.domain.decisions import Reason
from registry.domain.errors import Stale
from registry.models import Extension

MANAGED = ("state", "state_code", "state_reason", "api_limit")


def revision(row: Any, names: Collection[str] = MANAGED) -> str:
    """Of these columns; another one after each change of them."""
    content = [getattr(row, name) for name in names]
    return hashlib.blake2b(orjson.dumps(content), digest_size=8).hexdigest()


def check_revision(row: Any, names: Collection[str], expected: Collection[str] | None) -> None:
    """Raises Stale unless the row's revision is one of those; None is any."""
    if expected is not None and revision(row, names) not in expected:
        raise Stale("Somebody has changed it since you looked; look again, then decide.", "ERROR_STALE")


def manage(
    session: Session,
    extension_id: int,
    actor_id: int,
    changes: Mapping[str, Any],
    reason: Reason,
    expected: Collection[str] | None = None,
) -> None:
    """Set the ``state`` and the ``api_max`` of an extension, or one of them; all of it or nothing.

    ``expected`` are revisions, None for any. Raises Stale, Forbidden, Invalid, and Conflict for what is so already.
    """
    extension: Extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.administers(actor_id))
    check_revision(extension, MANAGED, expected)
    happened = {}
    if "api_max" in changes:
        happened[compatibility.LIMITED] = compatibility.set_limit(
            session, extension, changes["api_max"], reason
        )
    if "state" in changes:
        happened[states.CHANGED] = states.move(session, extension, changes["state"], reason)
    decisions.record(session, extension_id, actor_id, reason, happened)
