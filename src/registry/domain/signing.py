"""Signing a version: what must hold before its bytes are signed, and what is written down afterwards.

Only bytes with a verdict "passed" are signed, never for want of a verdict or because a validator failed
to give one. All rules are asked twice, before the work and in the transaction that makes it count,
because signing takes time and the world goes on.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update
from sqlalchemy.orm import Session

from registry import queue
from registry.domain import compatibility, events, test_gate, visibility
from registry.domain.errors import Conflict, Invalid
from registry.domain.findings import error_json
from registry.domain.notifications import tell_owners
from registry.domain.validation import COUNTS, GATE, SIGN
from registry.models import (
    Artifact,
    Blob,
    Channel,
    Extension,
    ExtensionState,
    Job,
    TestPolicy,
    Validation,
    Verdict,
    Version,
    VersionState,
    now,
    table,
)
from registry.packages import Package
from registry.packages.findings import Finding
from registry.signing import Signed

_VERSION = table(Version)
_VERDICTS = select(func.count()).where(Validation.sha256 == Version.upload_sha256).correlate(Version)
_ORDER = (
    select(
        Version.id,
        Version.version,
        Version.upload_sha256,
        Version.deleted,
        Version.channel,
        Extension.id.label("extension_id"),
        Extension.name,
        Extension.guid,
        Extension.format,
        Extension.state,
        _VERDICTS.where(Validation.tool == GATE).scalar_subquery().label("required"),
        _VERDICTS.where(Validation.verdict != Verdict.PASSED, COUNTS).scalar_subquery().label("objections"),
    )
    .join(Extension, Extension.id == Version.extension_id)
    .where(Version.id == bindparam("version_id"))
)
_LOCK = (
    select(Extension.id)
    .join(Version, Version.extension_id == Extension.id)
    .where(Version.id == bindparam("version_id"))
    .with_for_update(of=Extension)
)
_NEW_BLOB = insert(table(Blob))
_NEW_ARTIFACT = insert(table(Artifact))
_CHANGE = update(_VERSION).where(
    _VERSION.c.id == bindparam("version_id"),
    _VERSION.c.state.in_([VersionState.QUEUED, VersionState.SIGNING]),
)
_BEGIN = _CHANGE.values(state=VersionState.SIGNING, attempt=bindparam("claimed"), updated=bindparam("moment"))
_END = _CHANGE.values(
    state=bindparam("new_state"),
    errors=bindparam("found"),
    updated=bindparam("moment"),
    published=func.coalesce(_VERSION.c.published, bindparam("since")),
).returning(_VERSION.c.id)
# Until its tests have passed, where the owners want that.
_HOLD = (
    update(_VERSION)
    .where(
        _VERSION.c.id == bindparam("version_id"),
        _VERSION.c.channel == Channel.LISTED,
        _VERSION.c.prerelease.is_(False),
        exists().where(TestPolicy.extension_id == _VERSION.c.extension_id),
    )
    .values(held=bindparam("moment"), held_reason=test_gate.NEW)
)
# An imported version is listed while its package waits to be signed, and stays so if that fails.
_LISTED_BEFORE = select(_VERSION.c.id).where(
    _VERSION.c.id == bindparam("version_id"),
    _VERSION.c.state == VersionState.SIGNED,
    ~exists().where(Artifact.version_id == _VERSION.c.id),
)


class Damaged(Exception):
    """Stored bytes that are not there, or not what they were."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be signed, for whom: all of it from the rows, none from the package."""

    version_id: int
    extension_id: int
    name: str
    guid: str
    format: str
    version: str
    sha256: str
    channel: str


def order(connection: Connection, version_id: int) -> Order:
    """The order for a version, if it may be signed. Raises Conflict, which says why it may not."""
    row = connection.execute(_ORDER, {"version_id": version_id}).one_or_none()
    if row is None or row.upload_sha256 is None:
        raise Conflict("There is no package to sign.", "NO_PACKAGE")
    if row.deleted is not None:
        raise Conflict("The version was deleted before it was signed.", "VERSION_DELETED")
    if row.state == ExtensionState.DISABLED:
        raise Conflict(
            f"The extension {row.name} is disabled; nothing is signed for it until it is enabled again.",
            "EXTENSION_DISABLED",
        )
    if not row.required or row.objections:
        raise Conflict("Only a package that passed validation is signed; this one has not.", "NOT_VALIDATED")
    return Order(
        row.id,
        row.extension_id,
        row.name,
        row.guid,
        row.format,
        row.version,
        row.upload_sha256,
        row.channel,
    )


def check_bytes(path: Path, sha256: str) -> None:
    """Raises Damaged unless the file at ``path`` is there and is what it is called."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Damaged("The uploaded package is missing in the store.") from None
    if found != sha256:
        raise Damaged("The uploaded package has changed in the store: its SHA-256 is another one.")


def check_identity(order: Order, package: Package | None) -> None:
    """Raises Invalid unless the manifest in the bytes speaks of that extension and version."""
    if package is None or package.version != order.version:
        raise Invalid(f"The package is not version {order.version}.", "VERSION_MISMATCH", "version")
    if package.name not in (None, order.name):
        raise Invalid(f"The package is named {package.name}, not {order.name}.", "NAME_MISMATCH", "name")
    if package.guid not in (None, order.guid):
        raise Invalid(f"The package's id is {package.guid}, not {order.guid}.", "NAME_MISMATCH", "guid")


def began(session: Session, version_id: int, attempt: int) -> None:
    session.connection().execute(_BEGIN, {"version_id": version_id, "claimed": attempt, "moment": now()})


def waits(session: Session, version_id: int) -> None:
    """It could not be signed now, and will be tried again."""
    _end(session.connection(), version_id, VersionState.QUEUED, ())


def signed(session: Session, version_id: int, file: Signed) -> None:
    """The signed file is in the store: from now on it is what is served. Raises Conflict, like ``order``."""
    # Of two versions signed at once the second to come here waits for the first, and sees it.
    connection = session.connection()
    connection.execute(_LOCK, {"version_id": version_id}).one()
    subject = order(connection, version_id)
    waited = _end(connection, version_id, VersionState.SIGNED, ())
    if not waited and connection.scalar(_LISTED_BEFORE, {"version_id": version_id}) is None:
        raise Conflict("The version does not wait for a signature any more.", "NOT_WAITING")
    connection.execute(_NEW_BLOB, {"sha256": file.sha256, "size": file.size})
    connection.execute(_NEW_ARTIFACT, {"version_id": version_id} | dataclasses.asdict(file))
    if waited:
        connection.execute(_HOLD, {"version_id": version_id, "moment": now()})
    compatibility.assign(session, subject.extension_id, version_id)
    shown = visibility.refresh(session, subject.extension_id)
    identity = {"sha256": file.sha256, "key_id": file.key_id, "serial": file.serial}
    _record(session, "version.signed", subject, public=True, shown=shown, **identity)


def given_up(session: Session, version_id: int, findings: Sequence[Finding], *, dead: bool) -> None:
    """It will not be signed: because of what it is, or (``dead``) because every attempt went wrong."""
    state = VersionState.DEAD if dead else VersionState.FAILED
    if not _end(session.connection(), version_id, state, findings):
        return
    version, kind = session.get_one(Version, version_id), f"version.{state}"
    codes = [finding.code for finding in findings]
    tell_owners(session, version.extension_id, kind, version=version.version, codes=codes)
    _record(session, kind, version, codes=codes)


def requeue(session: Session, version_id: int, actor_id: int | None) -> int:
    """Try once more to sign a version that failed or is dead; the id of its job.

    Raises Conflict for a version in any other state.
    """
    job_id = session.scalar(select(Job.id).where(Job.kind == SIGN, Job.subject_id == version_id))
    if job_id is None or not queue.requeue(session, job_id):
        raise Conflict("Only a version whose signing failed can be queued again.", "NOT_FAILED")
    version = session.get_one(Version, version_id)
    version.state, version.attempt, version.errors, version.updated = VersionState.QUEUED, 0, [], now()
    _record(session, "version.requeued", version, actor_id=actor_id)
    return job_id


def _record(session: Session, kind: str, version: Any, **data: Any) -> None:
    events.record(session, kind, extension_id=version.extension_id, version=version.version, **data)


def _end(connection: Connection, version_id: int, state: VersionState, findings: Sequence[Finding]) -> bool:
    found = [error_json(finding) for finding in findings]
    moment = now()
    values = {"version_id": version_id, "new_state": state, "found": found, "moment": moment}
    values["since"] = moment if state == VersionState.SIGNED else None
    return connection.execute(_END, values).one_or_none() is not None
