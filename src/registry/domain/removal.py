"""Deleting a version or a whole extension, by its owners: it is gone at once, and what it was called stays taken.

What stays is the row, a tombstone, so that a name, an id and a number are never given to other bytes; and the events.
The bytes go: the signed file, the upload and the sources, unless something else has the same. Who has installed it
keeps it: an owner who wants it switched off asks the registry's team.

While the registry's team has something against an extension or a version its owners cannot take it out of sight.
"""

from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from registry.domain import events, locks, pictures, standing, stored, transfers, visibility
from registry.domain.errors import Conflict, Forbidden
from registry.domain.notifications import notify, owners
from registry.models import (
    Artifact,
    Extension,
    ExtensionState,
    Upload,
    Version,
    VersionDetail,
    VersionState,
    now,
    table,
)

_VERSION, _DETAIL, _ARTIFACT = table(Version), table(VersionDetail), table(Artifact)
_HELD = (ExtensionState.DISABLED, ExtensionState.PENDING_DISABLE)


def require_present(version: Version) -> None:
    """Raises Conflict for a version that has been deleted."""
    if version.deleted is not None:
        raise Conflict(f"Version {version.version} has been deleted.", "VERSION_DELETED")


def delete_version(session: Session, extension_id: int, version_id: int, actor_id: int) -> None:
    """Delete a version for good. Raises Forbidden, and Conflict for one that is gone."""
    extension = _deletable(session, extension_id, actor_id)
    version = session.get_one(Version, version_id, populate_existing=True, with_for_update=True)
    require_present(version)
    if version.blocked is not None:
        raise Forbidden(
            f"Version {version.version} of {extension.name} was yanked by the registry's team; it stays.",
            "YANKED_BY_REGISTRY",
        )
    number, signed = version.version, version.state == VersionState.SIGNED
    _bury(session, Version.id == version_id)
    _show_the_rest(session, extension_id)
    _tell(session, "version.deleted", extension_id, actor_id, public=signed, version=number)


def delete_extension(session: Session, extension_id: int, actor_id: int) -> None:
    """Delete an extension with all its versions for good.

    Raises Forbidden, and Conflict for one that is gone or has versions that the registry's team has yanked.
    """
    extension = _deletable(session, extension_id, actor_id)
    blocked = select(func.count()).where(
        Version.extension_id == extension_id, Version.blocked.is_not(None), Version.deleted.is_(None)
    )
    if session.scalar(blocked):
        raise Forbidden(
            f"The registry's team has yanked versions of {extension.name}; what is said of them stays.",
            "YANKED_BY_REGISTRY",
        )
    shown = extension.ever_shown
    extension.deleted = now()
    _bury(session, (Version.extension_id == extension_id) & Version.deleted.is_(None))
    transfers.withdraw(session, extension_id, actor_id)
    pictures.drop(session, [row.id for row in pictures.rows(session.connection(), extension_id)])
    _show_the_rest(session, extension_id)
    _tell(session, "extension.deleted", extension_id, actor_id, public=shown)


def _deletable(session: Session, extension_id: int, actor_id: int) -> Extension:
    extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    if extension.deleted is not None:
        raise Conflict(f"The extension {extension.name} has been deleted.", "EXTENSION_DELETED")
    if extension.state in _HELD:
        raise Forbidden(
            f"The extension {extension.name} is disabled or under review; nothing of it is deleted meanwhile.",
            "EXTENSION_HELD",
        )
    return extension


def _bury(session: Session, which: ColumnElement[bool]) -> None:
    """Mark these versions as deleted, and have their bytes forgotten."""
    ids = list(session.scalars(select(Version.id).where(which)))
    for begin in range(0, len(ids), locks.AT_ONCE):
        some = ids[begin : begin + locks.AT_ONCE]
        here: Any = _VERSION.c.id.in_(some)
        digests = set(session.scalars(select(_VERSION.c.upload_sha256).where(here)))
        digests |= set(session.scalars(select(_ARTIFACT.c.sha256).where(_ARTIFACT.c.version_id.in_(some))))
        session.execute(delete(_ARTIFACT).where(_ARTIFACT.c.version_id.in_(some)))
        session.execute(delete(Upload).where(Upload.version_id.in_(some)))
        session.execute(
            update(_DETAIL)
            .where(_DETAIL.c.version_id.in_(some))
            .values(source_sha256=None, source_suffix=None)
        )
        session.execute(update(_VERSION).where(here).values(deleted=now(), upload_sha256=None))
        # A worker that has one of them in hand finds nothing to sign any more.
        waiting = _VERSION.c.state.not_in([VersionState.SIGNED, VersionState.FAILED, VersionState.DEAD])
        session.execute(update(_VERSION).where(here, waiting).values(state=VersionState.FAILED))
        stored.forget(session, {digest for digest in digests if digest is not None})
    session.expire_all()


def _show_the_rest(session: Session, extension_id: int) -> None:
    """Make the best of the versions that are left `latest`; pictures of a deleted one that are still shown go."""
    visibility.refresh(session, extension_id)
    gone = select(Version.id).where(Version.extension_id == extension_id, Version.deleted.is_not(None))
    dead = set(session.scalars(gone))
    left = [row.id for row in pictures.rows(session.connection(), extension_id) if row.version_id in dead]
    pictures.drop(session, left)
    pictures.settle(session, extension_id)


def _tell(
    session: Session, kind: str, extension_id: int, actor_id: int, *, public: bool, **data: Any
) -> None:
    told = set(owners(session, extension_id)) - {actor_id}
    notify(session, told, kind, extension=extension_id, **data)
    events.record(session, kind, actor_id=actor_id, extension_id=extension_id, public=public, **data)
