"""Publishing: from bytes that passed the gate to a version that waits for its signature.

The caller has read the package and made the bytes durable; ``publish`` decides, in one transaction,
what they are: a new extension, a new version, the same version again, or a conflict.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from registry import queue
from registry.domain import details, events, locks, names, validation, visibility
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.findings import finding_json
from registry.domain.ownership import may_publish, publishes
from registry.domain.validation import GATE, SIGN
from registry.models import (
    IMPORTED,
    Blob,
    Channel,
    Extension,
    ExtensionState,
    Job,
    Ownership,
    Validation,
    Verdict,
    Version,
    VersionState,
    table,
)
from registry.packages import Package
from registry.packages.findings import Finding

# Columns of `version` that a package fills directly; everything else it says goes into `facts`.
COLUMNS = ("version", "order_key", "prerelease", "api_range", "api_min", "api_max", "requires_restart")
_NOT_FACTS = frozenset({*COLUMNS, "format", "guid", "name", "tokens", "warnings"})

_EXTENSION = select(
    Extension.id,
    Extension.name,
    Extension.guid,
    Extension.format,
    Extension.state,
    Extension.origin,
    Extension.deleted,
)
_BY_ID = _EXTENSION.where(Extension.id == bindparam("extension_id"))
_BY_NAME = _EXTENSION.where(Extension.name == bindparam("name"))
_BY_GUID = _EXTENSION.where(Extension.guid == bindparam("guid"))
_BY_BYTES = (
    _EXTENSION.join(Version, Version.extension_id == Extension.id)
    .where(Version.upload_sha256 == bindparam("digest"), publishes(Extension.id))
    .limit(1)
)
_RESEMBLED = (
    select(Extension.name)
    .where(Extension.skeleton == bindparam("skeleton"), ~publishes(Extension.id))
    .limit(1)
)
_VERSION = select(Version.id, Version.version, Version.state, Version.upload_sha256, Version.deleted).where(
    Version.extension_id == bindparam("extension_id"), Version.version == bindparam("number")
)
_SAME_FILE = (
    select(Extension.name, Version.version)
    .join(Version, Version.extension_id == Extension.id)
    .where(Version.flat_name == bindparam("flat_name"))
)
_JOB = select(Job.id).where(Job.kind == SIGN, Job.subject_id == bindparam("version_id"))
_BLOB = select(Blob.sha256).where(Blob.sha256 == bindparam("digest"))
_VALIDATION = select(Validation.id, Validation.verdict).where(
    Validation.sha256 == bindparam("digest"), Validation.tool == GATE
)
# Rows are written by Core statements: a unit of work costs several times as much, and this is where writing is hot.
_NEW_EXTENSION = insert(table(Extension)).returning(Extension.id)
_NEW_OWNERSHIP = insert(table(Ownership))
_NEW_BLOB = insert(table(Blob))
_NEW_VERSION = insert(table(Version)).returning(Version.id)
_NEW_VALIDATION = insert(table(Validation))
_OTHER_VERDICT = update(table(Validation)).where(table(Validation).c.id == bindparam("validation_id"))


@dataclass(frozen=True)
class Submission:
    """Bytes in the store, what was read from them, who sent them, and which outside validators are to be asked."""

    package: Package
    sha256: str
    size: int
    user_id: int
    channel: Channel = Channel.LISTED
    tools: Sequence[str] = ()
    # What a new extension is to be named whose package has no name.
    slug: str | None = None
    # Made here, since rendering a README takes time that no transaction should.
    facts: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", facts(self.package))


@dataclass(frozen=True)
class Published:
    """``created`` is False when these very bytes had been published before.

    ``job_id`` is their signing job; None as long as a validator has to be asked first.
    """

    version_id: int
    name: str
    version: str
    created: bool
    job_id: int | None


def publish(session: Session, submission: Submission, into: int | None = None) -> Published:
    """Make the version of ``submission``; ``into`` is the id of the extension it must belong to, if any.

    Raises Forbidden for somebody else's extension, Conflict when the name or the number stands for
    something else, Invalid when the package is not what the URL says.
    """
    connection = session.connection()
    extension = _find(connection, submission, into)
    if extension is None:
        locks.new_names(session)
        extension = _find(connection, submission, into)  # somebody may have been faster
    locks.user(session, submission.user_id)  # nothing is published for an account that is being deleted
    if extension is None:
        return _add(session, submission, *_create(connection, submission))
    if extension.origin not in (None, IMPORTED):
        raise Forbidden(
            f"The extension {extension.name} is mirrored from {extension.origin}; publish there.", "MIRRORED"
        )
    if not may_publish(connection, submission.user_id, extension.id):
        raise Forbidden(f"The extension {extension.name} is somebody else's.", "NOT_OWNER")
    if extension.deleted is not None:
        raise Conflict(
            f"The extension {extension.name} has been deleted; its name and its id are never given again.",
            "EXTENSION_DELETED",
        )
    _belongs(submission.package, extension)
    if extension.state == ExtensionState.DISABLED:
        raise Forbidden(
            f"The extension {extension.name} is disabled; nothing is signed for it until the team enables it again.",
            "EXTENSION_DISABLED",
        )
    wanted = {"extension_id": extension.id, "number": submission.package.version}
    existing = connection.execute(_VERSION, wanted).one_or_none()
    if existing is not None:
        return _again(connection, submission, extension, existing)
    return _add(session, submission, extension.id, extension.name)


def _find(connection: Connection, submission: Submission, into: int | None) -> Any:
    """The extension the package names; one without a name or id of its own is known by its bytes."""
    package = submission.package
    if into is not None:
        found = connection.execute(_BY_ID, {"extension_id": into})
    elif package.name is not None:
        found = connection.execute(_BY_NAME, {"name": package.name})
    elif package.guid is not None:
        found = connection.execute(_BY_GUID, {"guid": package.guid})
    else:
        found = connection.execute(_BY_BYTES, {"digest": submission.sha256, "user_id": submission.user_id})
    return found.one_or_none()


def _create(connection: Connection, submission: Submission) -> tuple[int, str]:
    """A new extension of the sender's: its id and its name."""
    package = submission.package

    def resembled(name: str) -> str | None:
        """Somebody else's name that looks like this one, or is it."""
        return connection.scalar(
            _RESEMBLED, {"skeleton": names.skeleton(name), "user_id": submission.user_id}
        )

    def is_free(name: str) -> bool:
        taken = connection.execute(_BY_NAME, {"name": name}).one_or_none()
        return taken is None and resembled(name) is None

    if package.name is None and submission.slug is not None:
        name = submission.slug
        if not is_free(name):
            raise Invalid(f"The name {name} is taken, or looks like another's.", "NAME_TAKEN", "slug")
    elif package.name is None:
        name = names.slug(package.title.get(package.default_locale, ""), is_free)
    elif other := resembled(package.name):
        raise Conflict(
            f"The name {package.name} looks like {other}, which is somebody else's. "
            "Choose one that cannot be mistaken for it.",
            "NAME_LOOKS_ALIKE",
            name=other,
        )
    else:
        name = package.name
    values = {
        **visibility.presented(submission.facts),
        "name": name,
        "guid": package.guid or package.name or names.new_guid(),
        "skeleton": names.skeleton(name),
        "format": package.format,
    }
    extension_id: int = connection.execute(_NEW_EXTENSION, values).scalar_one()
    owner = {"extension_id": extension_id, "user_id": submission.user_id, "role": "owner"}
    connection.execute(_NEW_OWNERSHIP, owner)
    return extension_id, name


def _belongs(package: Package, extension: Any) -> None:
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


def _again(connection: Connection, submission: Submission, extension: Any, existing: Any) -> Published:
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
    job_id = connection.scalar(_JOB, {"version_id": existing.id})
    return Published(existing.id, extension.name, existing.version, created=False, job_id=job_id)


def _add(session: Session, submission: Submission, extension_id: int, name: str) -> Published:
    package, connection = submission.package, session.connection()
    flat_name = f"{name}-{package.version}"
    if other := connection.execute(_SAME_FILE, {"flat_name": flat_name}).one_or_none():
        raise Conflict(
            f"The file name {flat_name} already stands for version {other.version} of {other.name}; "
            "publish under another version number.",
            "FILE_NAME_TAKEN",
        )
    store_verdict(connection, submission.package, submission.sha256, submission.size)
    values = {column: getattr(package, column) for column in COLUMNS}
    values |= {
        "extension_id": extension_id,
        "flat_name": flat_name,
        "state": VersionState.VALIDATING if submission.tools else VersionState.QUEUED,
        "channel": submission.channel,
        "upload_sha256": submission.sha256,
        "submitted_by": submission.user_id,
        "facts": submission.facts,
    }
    version_id: int = connection.execute(_NEW_VERSION, values).scalar_one()
    job_id = None if submission.tools else queue.enqueue(session, SIGN, version_id)
    events.record(
        session,
        "version.published",
        actor_id=submission.user_id,
        extension_id=extension_id,
        version=package.version,
        sha256=submission.sha256,
        channel=submission.channel,
    )
    if submission.tools:
        job_id = _have_judged(session, submission, version_id)
    return Published(version_id, name, package.version, created=True, job_id=job_id)


def _have_judged(session: Session, submission: Submission, version_id: int) -> int | None:
    """Have the bytes of a version judged; its signing job if all validators passed them already."""
    validation.want(session, submission.sha256, submission.tools)
    validation.decide(session, submission.sha256)
    return session.connection().scalar(_JOB, {"version_id": version_id})


def facts(package: Package) -> dict[str, Any]:
    """Everything the package says of itself that has no column, as JSON, and its texts as they are shown."""
    said = {
        item.name: getattr(package, item.name)
        for item in dataclasses.fields(package)
        if item.name not in _NOT_FACTS
    }
    return said | details.made_of(said)


def store_verdict(connection: Connection, package: Package, sha256: str, size: int) -> None:
    """The bytes of a package, which the gate has passed; the same bytes may be in another version too."""
    put_verdict(connection, sha256, size, Verdict.PASSED, package.warnings)


def put_verdict(
    connection: Connection, sha256: str, size: int, verdict: Verdict, findings: Sequence[Finding]
) -> None:
    """The bytes, and what the gate says of them now."""
    if connection.scalar(_BLOB, {"digest": sha256}) is None:
        connection.execute(_NEW_BLOB, {"sha256": sha256, "size": size})
    before = connection.execute(_VALIDATION, {"digest": sha256}).one_or_none()
    values = {"verdict": verdict, "findings": [finding_json(finding) for finding in findings]}
    if before is None:
        connection.execute(_NEW_VALIDATION, {"sha256": sha256, "tool": GATE, **values})
    elif before.verdict != verdict or verdict == Verdict.FAILED:
        connection.execute(_OTHER_VERDICT.values(**values), {"validation_id": before.id})
