"""Who sees what: which version is `latest`, what is offered, and what an exact URL answers.

``refresh`` keeps the derived columns of an extension true, and the full-text index; call it in every
transaction that changes a state, a version or a flag, and record a public event. The rest are plain
questions to a row.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update
from sqlalchemy.orm import Session

from registry import search
from registry.domain import details, events, pictures, tallies, test_gate
from registry.domain.decisions import HARMFUL
from registry.models import Channel, Extension, ExtensionState, Version, VersionState, now, table

# What a package says of its extension, and the newest offered version speaks for.
PRESENTED = (
    "title",
    "summary",
    "description",
    "homepage",
    "support_url",
    "categories",
    "keywords",
    "author",
    "languages",
    "default_locale",
)

_TABLE = table(Extension)
_EXTENSION = select(
    Extension.state,
    Extension.hidden_by_owner,
    Extension.listed,
    Extension.ever_shown,
    Extension.latest_id,
    Extension.edited,
    exists()
    .where(Version.extension_id == Extension.id, Version.held_reason.is_not(None))
    .label("holds_back"),
).where(Extension.id == bindparam("extension_id"))
_SHOWN_BEFORE = select(*(_TABLE.c[name] for name in (*PRESENTED, "theme", "license"))).where(
    _TABLE.c.id == bindparam("extension_id")
)
_LATEST_FACTS = select(Version.facts, Version.published).where(Version.id == bindparam("version_id"))
# SQL: the version is signed, and nobody has taken it back.
SOUND = (
    Version.state == VersionState.SIGNED,
    Version.yanked.is_(None),
    Version.blocked.is_(None),
    Version.held.is_(None),
    Version.deleted.is_(None),
)
# SQL: the version may be `latest`.
OFFERED = (*SOUND, Version.channel == Channel.LISTED, Version.prerelease.is_(False))
_LATEST = (
    select(Version.id)
    .where(Version.extension_id == bindparam("extension_id"), *OFFERED)
    .order_by(Version.order_key.desc())
    .limit(1)
)


class Download(Enum):
    """What a stranger gets who asks for a file by its exact URL."""

    OPEN = "open"
    PENDING = "pending"
    GONE = "gone"
    BLOCKED = "blocked"


def refresh(session: Session, extension_id: int, *, anew: bool = False) -> list[str]:
    """Recompute ``latest`` and ``listed``; what `latest` says of the extension becomes what is shown.

    What was held until its tests have passed is judged first, and events say what has become of it.

    ``anew`` when the same version may say something else now, as only imported and mirrored ones do.
    The names of the columns that are now others: "listed", and those that its package speaks for.
    """
    session.flush()
    connection = session.connection()
    extension = connection.execute(_EXTENSION, {"extension_id": extension_id}).one()
    latest_id = connection.scalar(_LATEST, {"extension_id": extension_id})
    judged = test_gate.judge(connection, extension_id, latest_id) if extension.holds_back else []
    if judged:
        latest_id = connection.scalar(_LATEST, {"extension_id": extension_id})
    values: dict[str, Any] = {}
    changed: list[str] = []
    if latest_id is not None and (anew or latest_id != extension.latest_id):
        latest = connection.execute(_LATEST_FACTS, {"version_id": latest_id}).one()
        values = presented(latest.facts, extension.edited)
        before = connection.execute(_SHOWN_BEFORE, {"extension_id": extension_id}).one()._mapping
        changed = sorted(name for name, value in values.items() if before[name] != value)
        values["updated"] = latest.published or now()
        details.write(connection, extension_id, latest.facts, extension.edited)
        if extension.latest_id is not None or latest.facts.get("pictures"):
            pictures.follow(session, extension_id, latest_id, latest.facts)
    active = extension.state == ExtensionState.ACTIVE and not extension.hidden_by_owner
    listed = latest_id is not None and active
    if listed != extension.listed:
        tallies.change(connection, tallies.LISTED, 1 if listed else -1)
        changed.append("listed")
    shown = listed or (extension.state == ExtensionState.DISABLED and _was_shown(connection, extension_id))
    values |= {"latest_id": latest_id, "listed": listed, "ever_shown": extension.ever_shown or shown}
    connection.execute(update(_TABLE).where(_TABLE.c.id == extension_id), values)
    search.index(connection, extension_id)
    session.expire_all()
    for version, why in judged:
        kind = "version.released" if why is None else "version.held"
        events.record(session, kind, extension_id=extension_id, public=True, version=version, reason=why)
    return changed


def presented(facts: Mapping[str, Any], edited: Collection[str] = ()) -> dict[str, Any]:
    """The extension's columns as a version's ``facts`` have them, but for those its owner has ``edited``."""
    values = {name: facts[name] for name in PRESENTED if name not in edited}
    return values | {"theme": bool(facts.get("theme")), "license": (facts.get("license") or "")[:200] or None}


def _was_shown(connection: Connection, extension_id: int) -> bool:
    return bool(connection.scalar(_WAS_SHOWN, {"extension_id": extension_id}))


def detail_is_open(extension: Any) -> bool:
    """Whether strangers see the detail of an extension that has something to show."""
    return bool(extension.state != ExtensionState.PENDING_DISABLE)


def download(extension: Any, version: Any) -> Download:
    if extension.state == ExtensionState.DISABLED:
        return Download.GONE
    if extension.state == ExtensionState.PENDING_DISABLE:
        return Download.PENDING
    return Download.BLOCKED if is_blocked(version) else Download.OPEN


def is_blocked(version: Any) -> bool:
    """The registry's team has yanked it because it does harm: its file is not handed out."""
    return version.blocked is not None and version.blocked_code in HARMFUL


# SQL: the extension has a signed file, so it is known to the world; until then it is its publishers' own.
SHOWN = (
    exists()
    .where(
        Version.extension_id == Extension.id, Version.state == VersionState.SIGNED, Version.deleted.is_(None)
    )
    .correlate(Extension)
)
# SQL: it has had one, which some client may have still, whatever its owners have deleted since.
WAS_SHOWN = (
    exists()
    .where(Version.extension_id == Extension.id, Version.state == VersionState.SIGNED)
    .correlate(Extension)
)
_WAS_SHOWN = select(Extension.id).where(Extension.id == bindparam("extension_id"), WAS_SHOWN)
