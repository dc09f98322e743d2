"""Yanking: a bad version is taken back, and `latest` is the best of the others again.

A yanked version is never offered or resolved again, and never gets other bytes; who has it, or asks for it by its
number, still gets it. Owners yank their versions (``Version.yanked``). The registry's team yanks for itself
(``Version.blocked``): only the team lifts that, it is in the blocklist, and where the reason is harm (HARMFUL) the
file is gone. The two know nothing of each other: a version is offered again when neither holds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.domain import decisions, locks, standing, visibility
from registry.domain.decisions import Reason
from registry.domain.errors import Conflict, Forbidden
from registry.domain.management import check_revision
from registry.models import Version, VersionState, now

YANKED, RESTORED = "version.yanked", "version.restored"
OWNER, REGISTRY = "owner", "registry"
COLUMNS = ("yanked", "yanked_code", "yanked_reason", "blocked", "blocked_code", "blocked_reason")


@dataclass(frozen=True)
class Yank:
    """Whether the version is to be yanked, why, and in whose name: OWNER's or REGISTRY's."""

    yanked: bool
    reason: Reason
    by: str


def yank(
    session: Session,
    extension_id: int,
    version_id: int,
    actor_id: int,
    wanted: Yank,
    expected: Collection[str] | None = None,
) -> None:
    """Yank a version, or take that back; it may still wait for its signature.

    ``expected`` are revisions of COLUMNS, None for any. Raises Stale, Forbidden, Invalid, and Conflict for what
    is so already.
    """
    extension = locks.extension(session, extension_id)
    team = wanted.by == REGISTRY
    right = standing.administers(actor_id) if team else standing.owns(extension_id, actor_id)
    standing.require(session, actor_id, right)
    decisions.check(wanted.reason)
    version = session.get_one(Version, version_id, populate_existing=True, with_for_update=True)
    check_revision(version, COLUMNS, expected)
    column = "blocked" if team else "yanked"
    before = getattr(version, column) is not None
    if before == wanted.yanked:
        raise _nothing_to_do(f"Version {version.version} of {extension.name}", version, wanted)
    setattr(version, column, now() if wanted.yanked else None)
    setattr(version, f"{column}_code", wanted.reason.code if wanted.yanked else None)
    setattr(version, f"{column}_reason", wanted.reason.text if wanted.yanked else None)
    signed = version.state == VersionState.SIGNED
    said = {"version": version.version, "whose": wanted.by, "before": before, "after": wanted.yanked}
    visibility.refresh(session, extension_id)
    kind = YANKED if wanted.yanked else RESTORED
    decisions.record(session, extension_id, actor_id, wanted.reason, {kind: said}, public=signed)


def by(version: Any) -> str | None:
    """Who has yanked a version; None when nobody has."""
    if version.blocked is not None:
        return REGISTRY
    return OWNER if version.yanked is not None else None


def reason(version: Any) -> Reason | None:
    """Why a version is yanked; the registry's reason comes first."""
    if version.blocked is not None:
        return Reason(version.blocked_code or decisions.OTHER, version.blocked_reason or "")
    if version.yanked is not None:
        return Reason(version.yanked_code or decisions.OTHER, version.yanked_reason or "")
    return None


def _nothing_to_do(which: str, version: Version, wanted: Yank) -> Conflict | Forbidden:
    if wanted.yanked:
        return Conflict(f"{which} is yanked already.", "ALREADY_YANKED")
    if wanted.by == OWNER and version.blocked is not None:
        return Forbidden(
            f"{which} was yanked by the registry's team; only they can take that back.", "YANKED_BY_REGISTRY"
        )
    if wanted.by == REGISTRY and version.yanked is not None:
        return Conflict(f"{which} was yanked by its owners; only they can take that back.", "YANKED_BY_OWNER")
    return Conflict(f"{which} is not yanked.", "NOT_YANKED")
