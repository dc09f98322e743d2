"""Who sees what: which version is `latest`, what is offered, and what an exact URL answers.

``refresh`` keeps the derived columns of an extension true; call it in every transaction that changes
a state, a version or a flag. The rest are plain questions to a row.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from registry.models import Channel, Extension, ExtensionState, Version, VersionState, now

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

_LATEST = (
    select(Version.id)
    .where(
        Version.extension_id == bindparam("extension_id"),
        Version.state == VersionState.SIGNED,
        Version.channel == Channel.LISTED,
        Version.prerelease.is_(False),
        Version.yanked.is_(None),
        Version.held.is_(None),
        Version.deleted.is_(None),
    )
    .order_by(Version.order_key.desc())
    .limit(1)
)


class Download(Enum):
    """What a stranger gets who asks for a file by its exact URL."""

    OPEN = "open"
    PENDING = "pending"
    GONE = "gone"


def refresh(session: Session, extension: Extension) -> None:
    """Recompute ``latest`` and ``listed``; what `latest` says of the extension becomes what is shown."""
    session.flush()
    latest_id = session.scalar(_LATEST, {"extension_id": extension.id})
    if latest_id is not None and latest_id != extension.latest_id:
        facts = session.scalars(select(Version.facts).where(Version.id == latest_id)).one()
        for name, value in presented(facts, extension.edited).items():
            setattr(extension, name, value)
    extension.latest_id = latest_id
    extension.listed = (
        latest_id is not None and extension.state == ExtensionState.ACTIVE and not extension.hidden_by_owner
    )
    extension.updated = now()


def presented(facts: Mapping[str, Any], edited: Collection[str] = ()) -> dict[str, Any]:
    """The extension's columns as a version's ``facts`` have them, but for those its owner has ``edited``."""
    return {name: facts[name] for name in PRESENTED if name not in edited}


def detail_is_open(extension: Any) -> bool:
    """Whether strangers see the detail of an extension that has something to show."""
    return bool(extension.state != ExtensionState.PENDING_DISABLE)


def download(extension: Any) -> Download:
    if extension.state == ExtensionState.DISABLED:
        return Download.GONE
    if extension.state == ExtensionState.PENDING_DISABLE:
        return Download.PENDING
    return Download.OPEN


# SQL: the extension has a signed file, so it is known to the world; until then it is its publishers' own.
SHOWN = (
    exists()
    .where(
        Version.extension_id == Extension.id, Version.state == VersionState.SIGNED, Version.deleted.is_(None)
    )
    .correlate(Extension)
)
