"""Submitting an upload: it becomes a version, once, with what its sender says of version and add-on beside it.

All of it happens or nothing does. An upload that has been submitted before stands for the version that it became.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from registry.domain import describing, editing, locks, publishing
from registry.domain.errors import Conflict, Invalid
from registry.domain.publishing import Published, Submission
from registry.models import AddonDetail, Extension, Upload, Version, VersionDetail

LICENSE = ("license", "license_name", "license_text")

_PUBLISHED = (
    select(Version.id, Version.version, Version.channel, Extension.name)
    .join(Extension, Extension.id == Version.extension_id)
    .where(Version.id == bindparam("version_id"))
)
_LAST_LICENSE = (
    select(*(getattr(VersionDetail, name) for name in LICENSE))
    .join(Version, Version.id == VersionDetail.version_id)
    .where(
        Version.extension_id == bindparam("extension_id"),
        (VersionDetail.license.is_not(None)) | (VersionDetail.license_name != {}),
    )
    .order_by(Version.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Order:
    """An upload with its package, the extension it is for if that exists, and what is said beside the package.

    ``addon`` and ``version`` are by column of ``AddonDetail`` and ``VersionDetail``; of a translated column the texts
    that change. ``html`` is ``editing.rendered`` of ``edit``.
    """

    upload_id: int
    submission: Submission
    into: int | None
    edit: editing.Edit = field(default_factory=lambda: editing.Edit({}))
    html: Mapping[str, str] = field(default_factory=dict)
    addon: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] = field(default_factory=dict)


def submit(session: Session, order: Order) -> Published:
    """Make an upload a version. Raises what ``publishing.publish`` and ``editing.edit`` do."""
    upload = session.get(Upload, order.upload_id, with_for_update=True)
    if upload is None:
        raise Invalid("This upload is not there any more; send the package again.", "NO_UPLOAD", "upload")
    if upload.version_id is not None:
        return submitted(session, upload.version_id)
    if order.into is not None:
        locks.extension(session, order.into)
    published = publishing.publish(session, order.submission, order.into)
    existing = session.get_one(Version, published.version_id)
    if existing.channel != upload.channel:
        raise Conflict(
            f"Version {published.version} of {published.name} exists in the {existing.channel} channel; both channels "
            "share one row of numbers. Submit it under a new version number.",
            "VERSION_EXISTS",
            name=published.name,
            version=published.version,
            state=existing.state,
        )
    upload.version_id = published.version_id
    if published.created:
        describing.describe(session, VersionDetail, published.version_id, order.version)
    extension_id = existing.extension_id
    describing.describe(session, AddonDetail, extension_id, order.addon)
    if order.edit.changes:
        editing.edit(session, extension_id, order.submission.user_id, order.edit, order.html)
    return published


def submitted(session: Session, version_id: int) -> Published:
    """What an upload became that has been submitted before."""
    row = session.execute(_PUBLISHED, {"version_id": version_id}).one()
    return Published(row.id, row.name, row.version, created=False, job_id=None)


def last_license(connection: Any, extension_id: int) -> dict[str, Any] | None:
    """The licence of the newest version that has one, by column."""
    row = connection.execute(_LAST_LICENSE, {"extension_id": extension_id}).one_or_none()
    return None if row is None else dict(row._mapping)
