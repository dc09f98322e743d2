"""The life of a test run, from its making to its end.

    queued       made; nobody has begun
    running      its runner has fetched its configuration, or has said something
    uploading    a part of its results has come
    finished     its results have come, or its runner has said that it has finished
    error        its runner has said that it failed, or its results could not be read
    timed_out    the clock ended it: its runner was silent for too long, or took too long
    cancelled    by who made it, or by the owners of the extension
    expired      nobody began in time

The clock counts at once, whether or not anybody has looked: whoever shows or changes a run has ``end_due`` end what is
due first, and a worker does so for what nobody looks at.
"""

import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.orm import Session

from registry.domain import events, test_cells, test_policies
from registry.domain.errors import Conflict
from registry.models import (
    OPEN,
    Prepared,
    RunState,
    TestRun,
    TestUpload,
    UploadState,
    Version,
    loaded,
    now,
    table,
    write_back,
)
from registry.results import Outcome, Status, outcome

START = datetime.timedelta(hours=24)
# How long what belongs to a run is still taken after its end, and its token holds.
GRACE = datetime.timedelta(hours=1)
SILENCE, LEAST_SILENCE, MOST_SILENCE = 15 * 60, 60, 60 * 60
TOTAL, MOST_TOTAL = 6 * 3600, 24 * 3600
KEPT = datetime.timedelta(days=30)
AT_ONCE = 100
COUNTS = tuple(map(str, Status))
# How the end of a run is told in the record of events.
_ENDED = {RunState.CANCELLED: "test-run.cancelled", RunState.EXPIRED: "test-run.expired"}
_DUE = select(TestRun.id).where(TestRun.finished.is_(None), TestRun.deadline <= bindparam("moment")).limit(1)
_HELD = Prepared(
    select(*(column for column in table(TestRun).c if column.name not in ("tests", "extra")))
    .where(TestRun.id == bindparam("run_id"))
    .with_for_update()
)
_NUMBER = Prepared(select(Version.version).where(Version.id == bindparam("version_id")))
_WAITING = exists().where(TestUpload.run_id == TestRun.id, TestUpload.state == UploadState.QUEUED)


def held(session: Session, run_id: int) -> TestRun:
    """The run, for whoever changes it; ended first if its time is up."""
    row = _loaded(session, run_id)
    return _loaded(session, run_id) if is_due(row) and end_due(session, run_id=run_id) else row


def _loaded(session: Session, run_id: int) -> TestRun:
    return loaded(session, TestRun, _HELD.one(session.connection(), run_id=run_id))


def is_due(row: Any) -> bool:
    """Whether the clock has ended it, by what is known of the row."""
    return bool(row.finished is None and row.deadline <= now())


def holds_token(row: Any) -> bool:
    """Whether the run's token is good for anything still."""
    return bool(row.finished is None or now() <= row.finished + GRACE)


def is_read_from(session: Session, row: TestRun) -> bool:
    """Whether a worker has files of it to read still."""
    return bool(session.scalar(select(_WAITING).where(TestRun.id == row.id)))


def any_due(connection: Connection) -> bool:
    """Whether the clock has ended some that still look open."""
    return connection.scalar(_DUE, {"moment": now()}) is not None


def end_due(session: Session, run_id: int | None = None, version_id: int | None = None) -> int:
    """End those of the runs (all, one, or a version's) whose time is up; how many that were, at most AT_ONCE."""
    due = select(TestRun).where(TestRun.finished.is_(None), TestRun.deadline <= now(), ~_WAITING)
    if run_id is not None:
        due = due.where(TestRun.id == run_id)
    if version_id is not None:
        due = due.where(TestRun.version_id == version_id)
    rows = session.scalars(
        due.order_by(TestRun.deadline).limit(AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        _time_out(session, row)
    return len(rows)


def heard(row: TestRun, state: RunState = RunState.RUNNING) -> None:
    """Its runner has been heard of: it goes on, in ``state`` if that is not behind where it was."""
    moment = now()
    if row.started is None:
        row.started = moment
    if row.state != RunState.UPLOADING:
        row.state = state
    row.last_seen = moment
    row.deadline = _deadline(row)


def end(
    session: Session, row: TestRun, state: RunState, reason: str | None = None, actor_id: int | None = None
) -> None:
    """End it, and tell; what its results say is counted."""
    row.state, row.reason, row.finished = state, reason, now()
    row.outcome = None if state in _ENDED else judge(row)
    write_back(session, row)
    with test_policies.recounting(session, row.extension_id):
        test_cells.count(session, row)
    record(session, row, actor_id)


def record(session: Session, row: TestRun, actor_id: int | None = None) -> None:
    """Put into the record how it ended."""
    version = _NUMBER.scalar(session.connection(), version_id=row.version_id)
    events.record(
        session,
        _ENDED.get(RunState(row.state), "test-run.finished"),
        actor_id=actor_id,
        extension_id=row.extension_id,
        run=row.id,
        version=version,
        state=row.state,
        outcome=row.outcome,
    )


def judge(row: TestRun) -> Outcome:
    """What the results of a run that has ended come to."""
    counts = {status: getattr(row, status) for status in Status}
    if not any(counts.values()) and not row.uploads:
        return Outcome.UNKNOWN
    cut_short = row.truncated or (row.state != RunState.FINISHED and not row.late)
    return outcome(counts, truncated=cut_short, pass_only=row.pass_only)


def cancel(session: Session, run_id: int, actor_id: int) -> None:
    """Stop a run that has not ended. Raises Conflict for any other."""
    row = held(session, run_id)
    if row.state not in OPEN:
        raise closed(row)
    end(session, row, RunState.CANCELLED, "It was cancelled.", actor_id)


def withdraw(session: Session, run_id: int, actor_id: int) -> None:
    """Take back what has ended: it stays to be read, and counts for nothing."""
    row = held(session, run_id)
    if row.withdrawn is not None:
        raise Conflict("This run has been withdrawn before.", "WITHDRAWN")
    with test_policies.recounting(session, row.extension_id):
        test_cells.uncount(session, row)
        row.withdrawn = now()
        session.flush()
    events.record(session, "test-run.withdrawn", actor_id=actor_id, extension_id=row.extension_id, run=row.id)


def closed(row: TestRun) -> Conflict:
    """Why it takes nothing any more."""
    return Conflict(f"This run is {row.state}; it takes nothing any more.", "RUN_CLOSED", state=row.state)


def _time_out(session: Session, row: TestRun) -> None:
    if row.started is None:
        end(session, row, RunState.EXPIRED, "Nobody began in time.")
        return
    too_long = row.deadline >= row.started + datetime.timedelta(seconds=row.most)
    why = "It took too long." if too_long else "Nothing was heard of it for too long."
    end(session, row, RunState.TIMED_OUT, why)


def _deadline(row: TestRun) -> datetime.datetime:
    if row.started is None or row.last_seen is None:
        return row.created + START
    silent = row.last_seen + datetime.timedelta(seconds=row.silence)
    return min(silent, row.started + datetime.timedelta(seconds=row.most))
