"""Publishing: from bytes that passed the gate to a version that waits for its signature.

The caller has read the package and made the bytes durable; ``publish`` decides, in one transaction,
what they are: a new extension, a new version, the same version again, or a conflict.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import queue
from registry.domain import events, names, visibility
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.ownership import may_publish, publishes
from registry.models import (
    Blob,
    Channel,
    Extension,
    ExtensionState,
    Job,
    Ownership,
    Validation,
    Verdict,
    Version,
    now,
)
from registry.packages import Package
from registry.packages.findings import Finding

GATE = "gate"
SIGN = "sign"
# Columns of `version` that a package fills directly; everything else it says goes into `facts`.
_COLUMNS = frozenset(
    {"format", "guid", "version", "order_key", "prerelease", "api_range", "api_min", "api_max"}
)
_NOT_FACTS = _COLUMNS | {"name", "warnings", "requires_restart"}


@dataclass(frozen=True)
class Submission:
    """Bytes in the store, what was read from them, and who sent them."""

    package: Package
    sha256: str
    size: int
    user_id: int
    channel: Channel = Channel.LISTED


@dataclass(frozen=True)
class Published:
    """``created`` is False when these very bytes had been published before; ``job_id`` is their signing job."""

    version_id: int
    name: str
    version: str
    created: bool
    job_id: int


def publish(session: Session, submission: Submission, into: int | None = None) -> Published:
    """Make the version of ``submission``; ``into`` is the id of the extension it must belong to, if any.

    Raises Forbidden for somebody else's extension, Conflict when the name or the number stands for
    something else, Invalid when the package is not what the URL says.
    """
    package = submission.package
    extension = session.get(Extension, into) if into is not None else _find(session, submission)
    if extension is None:
        extension = _create(session, submission)
    if not may_publish(session, submission.user_id, extension.id):
        raise Forbidden(f"The extension {extension.name} is somebody else's.", "NOT_OWNER")
    _belongs(package, extension)
    if extension.state == ExtensionState.DISABLED:
        raise Forbidden(
            f"The extension {extension.name} is disabled; nothing is signed for it until the team enables it again.",
            "EXTENSION_DISABLED",
        )
    existing = session.scalars(
        select(Version).where(Version.extension_id == extension.id, Version.version == package.version)
    ).one_or_none()
    if existing is not None:
        return _again(session, submission, extension, existing)
    return _add(session, submission, extension)


def _find(session: Session, submission: Submission) -> Extension | None:
    """The extension the package names; one without a name or id of its own is known by its bytes."""
    package = submission.package
    if package.name is not None:
        return session.scalars(select(Extension).where(Extension.name == package.name)).one_or_none()
    if package.guid is not None:
        return session.scalars(select(Extension).where(Extension.guid == package.guid)).one_or_none()
    return session.scalars(
        select(Extension)
        .join(Version, Version.extension_id == Extension.id)
        .where(Version.upload_sha256 == submission.sha256, publishes(submission.user_id, Extension.id))
        .limit(1)
    ).one_or_none()


def _create(session: Session, submission: Submission) -> Extension:
    package = submission.package

    def resembles(name: str) -> Extension | None:
        return session.scalars(
            select(Extension)
            .where(
                Extension.skeleton == names.skeleton(name),
                ~publishes(submission.user_id, Extension.id),
            )
            .limit(1)
        ).one_or_none()

    def is_free(name: str) -> bool:
        taken = session.scalar(select(Extension.id).where(Extension.name == name))
        return taken is None and resembles(name) is None

    name = package.name
    if name is None:
        name = names.slug(package.title.get(package.default_locale, ""), is_free)
    elif (other := resembles(name)) is not None:
        raise Conflict(
            f"The name {name} looks like {other.name}, which is somebody else's. Choose one that cannot be mistaken.",
            "NAME_LOOKS_ALIKE",
            name=other.name,
        )
    extension = Extension(
        name=name,
        guid=package.guid or (package.name or names.new_guid()),
        skeleton=names.skeleton(name),
        format=package.format,
    )
    extension.ownerships.append(Ownership(user_id=submission.user_id, role="owner"))
    session.add(extension)
    session.flush()
    return extension


def _belongs(package: Package, extension: Extension) -> None:
    if package.format != extension.format:
        raise Invalid(
            f"{extension.name} is a {extension.format} extension; this package is for {package.format}.",
            "FORMAT_MISMATCH",
            "file",
        )
    if package.name is not None and package.name != extension.name:
        raise Invalid(f"The package is named {package.name}, not {extension.name}.", "NAME_MISMATCH", "name")
    if package.guid is not None and package.guid != extension.guid:
        raise Invalid(f"The package's id is {package.guid}, not {extension.guid}.", "NAME_MISMATCH", "guid")


def _again(session: Session, submission: Submission, extension: Extension, existing: Version) -> Published:
    """The number is taken for ever: by these bytes, which is fine, or by others."""
    if existing.deleted is not None or existing.upload_sha256 != submission.sha256:
        raise Conflict(
            f"Version {existing.version} of {extension.name} exists with other bytes and is never replaced; "
            "publish under a new version number.",
            "VERSION_EXISTS",
            name=extension.name,
            version=existing.version,
            state=existing.state,
        )
    job_id = session.scalars(select(Job.id).where(Job.kind == SIGN, Job.subject_id == existing.id)).one()
    return Published(existing.id, extension.name, existing.version, created=False, job_id=job_id)


def _add(session: Session, submission: Submission, extension: Extension) -> Published:
    package = submission.package
    flat_name = f"{extension.name}-{package.version}"
    other = session.scalars(select(Version).where(Version.flat_name == flat_name)).one_or_none()
    if other is not None:
        raise Conflict(
            f"The file name {flat_name} already stands for version {other.version} of {other.extension.name}; "
            "publish under another version number.",
            "FILE_NAME_TAKEN",
        )
    if session.get(Blob, submission.sha256) is None:
        session.add(Blob(sha256=submission.sha256, size=submission.size))
        session.flush()
    version = Version(
        extension_id=extension.id,
        flat_name=flat_name,
        channel=submission.channel,
        upload_sha256=submission.sha256,
        submitted_by=submission.user_id,
        requires_restart=package.requires_restart,
        facts=facts(package),
        **{column: getattr(package, column) for column in _COLUMNS - {"format", "guid"}},
    )
    session.add(version)
    session.flush()
    if extension.latest_id is None:
        visibility.present(extension, version)
    extension.updated = now()
    _store_validation(session, submission)
    job = queue.enqueue(session, SIGN, version.id)
    events.record(
        session,
        "version.published",
        actor_id=submission.user_id,
        extension_id=extension.id,
        version=version.version,
        sha256=submission.sha256,
        channel=version.channel,
    )
    return Published(version.id, extension.name, version.version, created=True, job_id=job.id)


def facts(package: Package) -> dict[str, Any]:
    """Everything the package says of itself that has no column, as JSON."""
    return {
        item.name: getattr(package, item.name)
        for item in dataclasses.fields(package)
        if item.name not in _NOT_FACTS
    }


def _store_validation(session: Session, submission: Submission) -> None:
    known = session.scalar(
        select(Validation.id).where(Validation.sha256 == submission.sha256, Validation.tool == GATE)
    )
    if known is None:
        session.add(
            Validation(
                sha256=submission.sha256,
                tool=GATE,
                verdict=Verdict.PASSED,
                findings=[finding_json(finding) for finding in submission.package.warnings],
            )
        )


def finding_json(finding: Finding) -> dict[str, Any]:
    return dataclasses.asdict(finding)
