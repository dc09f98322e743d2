"""What owners want to have passed before a version becomes `latest`, and letting one through by hand.

``domain.test_gate`` judges; here is what makes it look.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from registry.domain import decisions, events, locks, standing, test_gate, visibility
from registry.domain.decisions import Reason
from registry.domain.errors import Conflict, Invalid
from registry.domain.test_gate import Policy
from registry.models import TestPolicy, Version, now

SET, RELEASED = "test-policy.set", "version.released"


def put(session: Session, extension_id: int, actor_id: int, wanted: Policy) -> None:
    """Have versions held by this policy from now on; those that are held are judged by it at once.

    Raises Forbidden, and Invalid for a policy that wants nothing.
    """
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    if not wanted.passing and not wanted.no_regression:
        raise Invalid(
            "Say how many platforms must have passed (`passing`), or set `no_regression`; DELETE ends the policy.",
            "EMPTY_POLICY",
            "passing",
        )
    session.merge(TestPolicy(extension_id=extension_id, changed=now(), **_columns(wanted)))
    visibility.refresh(session, extension_id)
    _tell(session, extension_id, actor_id, **_columns(wanted))


def remove(session: Session, extension_id: int, actor_id: int) -> None:
    """Hold nothing any more. Raises Forbidden."""
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    session.execute(delete(TestPolicy).where(TestPolicy.extension_id == extension_id))
    visibility.refresh(session, extension_id)
    _tell(session, extension_id, actor_id)


def release(session: Session, extension_id: int, version_id: int, actor_id: int, reason: Reason) -> None:
    """Let a version through, whatever its tests say. Raises Forbidden, Invalid, and Conflict if it is not held."""
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id), standing.administers(actor_id))
    decisions.check(reason)
    version = session.get_one(Version, version_id, populate_existing=True, with_for_update=True)
    if version.held_reason is None:
        raise Conflict(f"Version {version.version} is not held back by its tests.", "NOT_HELD")
    said = {"version": version.version, "before": version.held_reason}
    version.held = version.held_reason = None
    visibility.refresh(session, extension_id)
    decisions.record(session, extension_id, actor_id, reason, {RELEASED: said})


@contextlib.contextmanager
def recounting(session: Session, extension_id: int | None) -> Iterator[None]:
    """What a run comes to changes inside: whatever is held for want of tests is judged by it in the same transaction.

    The extension is held from before the counters are touched, as whoever makes a run does, so none waits in a ring.
    """
    held = extension_id is not None and test_gate.holds_any(session.connection(), extension_id)
    if held and extension_id is not None:
        locks.extension(session, extension_id)
    yield
    if held and extension_id is not None:
        visibility.refresh(session, extension_id)


def _columns(wanted: Policy) -> dict[str, Any]:
    return {
        "passing": wanted.passing,
        "hosts": list(wanted.hosts),
        "os": list(wanted.os),
        "no_regression": wanted.no_regression,
    }


def _tell(session: Session, extension_id: int, actor_id: int, **data: Any) -> None:
    events.record(session, SET, actor_id=actor_id, extension_id=extension_id, **data)
