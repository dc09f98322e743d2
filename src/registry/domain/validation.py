"""Outside validators: whose verdict is wanted on which bytes, and what becomes of versions that wait for it.

The bytes are judged, not the version: a ``Validation`` row for each tool, made with verdict ``unknown`` and a job
(``VALIDATE``) that gets the verdict. Whoever publishes the same bytes again finds it there. The row's findings say, as
long as the verdict is unknown, why it is.

A version that waits is ``validating``. It goes on to ``queued``, with a signing job, once every tool that was asked has
passed its bytes; it is ``failed`` as soon as one has not, and ``dead`` when one gave no verdict in all its attempts.
Somebody who waits for bytes alone (an upload that is no version yet) asks for the ``outcome``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, or_, select, update
from sqlalchemy.orm import Session

from registry import linting, queue
from registry.domain import events
from registry.domain.errors import Conflict
from registry.domain.findings import error_json, errors_first, finding_json, read_finding
from registry.domain.notifications import tell_owners
from registry.linting.report import Report
from registry.models import Channel, Job, JobState, Validation, Verdict, Version, VersionState, now, table
from registry.packages.findings import Finding
from registry.packages.webextension import WebExtension
from registry.settings import Settings

GATE = "gate"
SIGN = "sign"
VALIDATE = "validation"

_VALIDATION, _VERSION = table(Validation), table(Version)
_ASKED = (
    select(_VALIDATION.c.id, _VALIDATION.c.tool)
    .where(
        _VALIDATION.c.sha256 == bindparam("digest"),
        _VALIDATION.c.tool.in_(bindparam("tools", expanding=True)),
    )
    .order_by(_VALIDATION.c.id)
)
_ASK = insert(_VALIDATION).returning(_VALIDATION.c.id)
_JOB_OF = select(Job.id).where(Job.kind == VALIDATE, Job.subject_id == bindparam("validation_id"))
_SUBJECT = select(_VALIDATION.c.sha256, _VALIDATION.c.tool).where(
    _VALIDATION.c.id == bindparam("validation_id")
)
_OUTCOME = (
    select(_VALIDATION.c.tool, _VALIDATION.c.verdict, _VALIDATION.c.findings, Job.state)
    .outerjoin(Job, (Job.kind == VALIDATE) & (Job.subject_id == _VALIDATION.c.id))
    .where(
        _VALIDATION.c.sha256 == bindparam("digest"),
        _VALIDATION.c.tool.in_(bindparam("tools", expanding=True)),
    )
    .order_by(_VALIDATION.c.id)
)
_WRITE = (
    update(_VALIDATION)
    .where(_VALIDATION.c.id == bindparam("validation_id"))
    .values(verdict=bindparam("new_verdict"), findings=bindparam("found"), created=bindparam("moment"))
)
# The tools that count for a version: all but those for the other channels.
COUNTS = or_(
    Validation.tool.not_in(linting.TOOLS.values()),
    Validation.tool
    == case(*((Version.channel == channel, tool) for channel, tool in linting.TOOLS.items()), else_=""),
)
_WAITING = (
    select(
        Version.id,
        Version.extension_id,
        Version.version,
        Validation.tool,
        Validation.verdict,
        Validation.findings,
    )
    .join(Validation, (Validation.sha256 == Version.upload_sha256) & COUNTS)
    .where(
        Version.upload_sha256 == bindparam("digest"),
        Version.state == bindparam("wanted_state"),
        Version.deleted.is_(None),
    )
    .order_by(Version.id, Validation.id)
)
_TO_BE_SIGNED = select(Version.id, Version.extension_id, Version.version, Version.upload_sha256).where(
    Version.id == bindparam("version_id"),
    Version.state.in_([VersionState.QUEUED, VersionState.SIGNING]),
)
_MOVE = (
    update(_VERSION)
    .where(_VERSION.c.id == bindparam("version_id"))
    .values(state=bindparam("new_state"), errors=bindparam("found"), updated=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class Order:
    """Bytes that a tool is to judge."""

    sha256: str
    tool: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What tools say of some bytes: ``passed`` when all do, ``failed`` when one does, else ``unknown``.

    ``waiting``: a verdict is still to come; an unknown one without that has been given up.
    ``findings`` has those of all tools, as ``finding_json``, errors first.
    """

    verdict: Verdict
    waiting: bool
    findings: list[dict[str, Any]]


def tools(settings: Settings, format: str, channel: str) -> tuple[str, ...]:
    """The outside validators that this registry asks about a package of that format for that channel."""
    if not settings.addons_linter or format != WebExtension.name:
        return ()
    return (linting.TOOLS[Channel(channel)],)


def want(session: Session, sha256: str, tools: Sequence[str]) -> None:
    """Have these bytes judged by those tools that have not done so yet, or had given up.

    The bytes are in the store and have a ``Blob`` row; they passed the archive gate. From now until the end of the
    transaction no verdict on them is written, so that a row made in it, which waits for them, is not overlooked.
    """
    connection = session.connection()
    asked = connection.execute(_ASKED.with_for_update(), {"digest": sha256, "tools": list(tools)}).all()
    for tool in sorted(set(tools) - {row.tool for row in asked}):
        values = {"sha256": sha256, "tool": tool, "verdict": Verdict.UNKNOWN, "findings": []}
        queue.enqueue(session, VALIDATE, connection.execute(_ASK, values).scalar_one())
    for row in asked:
        job_id = connection.scalar(_JOB_OF, {"validation_id": row.id})
        if job_id is not None:
            queue.requeue(session, job_id)


def outcome(connection: Connection, sha256: str, tools: Sequence[str]) -> Outcome:
    """What these tools have said of these bytes so far; without any tool it is ``passed``."""
    rows = connection.execute(_OUTCOME, {"digest": sha256, "tools": list(tools)}).all()
    verdicts = [row.verdict for row in rows] + [Verdict.UNKNOWN] * (len(set(tools)) - len(rows))
    waiting = any(
        row.verdict == Verdict.UNKNOWN and row.state in (JobState.QUEUED, JobState.RUNNING) for row in rows
    )
    return Outcome(
        _together(verdicts), waiting, errors_first(finding for row in rows for finding in row.findings)
    )


def asked(connection: Connection, sha256: str, tools: Sequence[str]) -> bool:
    """Whether all these tools have been asked about these bytes, whatever they said."""
    rows = connection.execute(_ASKED, {"digest": sha256, "tools": list(tools)})
    return {row.tool for row in rows}.issuperset(tools)


def hold(session: Session, version_id: int, tools: Sequence[str]) -> None:
    """A version that was to be signed waits for these tools: it came in when they were not asked yet."""
    version = session.connection().execute(_TO_BE_SIGNED, {"version_id": version_id}).one_or_none()
    if version is not None:
        _move(session, version, VersionState.VALIDATING, "version.validating")
        want(session, version.upload_sha256, tools)
        decide(session, version.upload_sha256)


def order(connection: Connection, validation_id: int) -> Order:
    """What is to be judged, by which tool. Raises Conflict when nobody wants that any more."""
    row = connection.execute(_SUBJECT, {"validation_id": validation_id}).one_or_none()
    if row is None:
        raise Conflict("There is nothing to judge.", "NO_PACKAGE")
    return Order(row.sha256, row.tool)


def judged(session: Session, validation_id: int, report: Report) -> None:
    """A tool has given its verdict; versions that waited for it go on."""
    found = [finding_json(finding) for finding in report.findings]
    _write(session, validation_id, report.verdict, found)
    decide(session, order(session.connection(), validation_id).sha256)


def unknown(session: Session, validation_id: int, reason: str) -> None:
    """A tool could not give its verdict, and will be asked again; the owner reads why."""
    finding = Finding("NO_VERDICT", reason, severity="warning")
    _write(session, validation_id, Verdict.UNKNOWN, [finding_json(finding)])


def given_up(session: Session, validation_id: int, findings: Sequence[Finding]) -> None:
    """Nobody will ask that tool again, until an admin says so: what waits for it is dead."""
    connection = session.connection()
    subject = order(connection, validation_id)
    told = connection.execute(_OUTCOME, {"digest": subject.sha256, "tools": [subject.tool]}).one().findings
    errors = [error_json(finding) for finding in (*map(read_finding, told), *findings)]
    waiting = connection.execute(
        _WAITING, {"digest": subject.sha256, "wanted_state": VersionState.VALIDATING}
    )
    for row in waiting.all():
        if row.tool == subject.tool:
            _move(session, row, VersionState.DEAD, "version.dead", errors)


def requeue(session: Session, validation_id: int) -> None:
    """Have a tool asked once more that had given up. Raises Conflict for any other."""
    connection = session.connection()
    subject = order(connection, validation_id)
    job_id = connection.scalar(_JOB_OF, {"validation_id": validation_id})
    if job_id is None or not queue.requeue(session, job_id):
        raise Conflict("Only a validation that was given up can be queued again.", "NOT_FAILED")
    dead = connection.execute(_WAITING, {"digest": subject.sha256, "wanted_state": VersionState.DEAD})
    for row in dead.all():
        if row.tool == subject.tool:
            _move(session, row, VersionState.VALIDATING, "version.requeued")


def decide(session: Session, sha256: str) -> None:
    """Versions of these bytes that wait go on, if what they wait for is there."""
    connection = session.connection()
    rows = connection.execute(_WAITING, {"digest": sha256, "wanted_state": VersionState.VALIDATING}).all()
    for version in {row.id: row for row in rows}.values():
        said = [row for row in rows if row.id == version.id]
        verdict = _together([row.verdict for row in said])
        if verdict == Verdict.PASSED:
            queue.ensure(session, SIGN, version.id)
            _move(session, version, VersionState.QUEUED, "version.validated")
        elif verdict == Verdict.FAILED:
            found = errors_first(finding for row in said for finding in row.findings)
            errors = [error_json(read_finding(each)) for each in found if each["severity"] == "error"]
            _move(session, version, VersionState.FAILED, "version.failed", errors)


def _together(verdicts: Sequence[str]) -> Verdict:
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.PASSED


def _write(session: Session, validation_id: int, verdict: Verdict, found: list[dict[str, Any]]) -> None:
    values = {"validation_id": validation_id, "new_verdict": verdict, "found": found, "moment": now()}
    session.connection().execute(_WRITE, values)


def _move(
    session: Session, version: Any, state: VersionState, kind: str, errors: Sequence[dict[str, Any]] = ()
) -> None:
    values = {"version_id": version.id, "new_state": state, "found": list(errors), "moment": now()}
    session.connection().execute(_MOVE, values)
    data: dict[str, Any] = {"codes": list(dict.fromkeys(error["code"] for error in errors))} if errors else {}
    if errors:
        tell_owners(session, version.extension_id, kind, version=version.version, **data)
    events.record(session, kind, extension_id=version.extension_id, version=version.version, **data)
