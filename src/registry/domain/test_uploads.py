"""Files of results: which a run takes, and what follows when one has been read, or could not be.

A file that is the last one of its run ends it. The same bytes again are the same upload: whoever did not hear the
answer may ask once more, and one that came as a part may be the last one, too.
"""

import datetime
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry import queue
from registry.domain import test_cells, test_events, test_plans, test_policies, test_results, test_runs
from registry.domain.errors import TooMany
from registry.models import (
    OPEN,
    Job,
    Prepared,
    RefStackResult,
    RunSource,
    RunState,
    TestAttachment,
    TestDetail,
    TestEvent,
    TestResult,
    TestRun,
    TestUpload,
    UploadState,
    now,
    table,
    write_back,
)
from registry.results import Results

READ = "test-results"  # the kind of job that reads a large file
OF_NETWORK = (("an hour", datetime.timedelta(hours=1), 10), ("a day", datetime.timedelta(days=1), 50))
FORGOTTEN_AT_ONCE = 20
# Literally as their indexes have it: a parameter could be anything.
_ANONYMOUS = text(f"test_run.source = '{RunSource.ANONYMOUS}'")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file in the store, or its ``content`` if it is small; the ``final`` one ends its run."""

    sha256: str
    size: int
    content: bytes | None = None
    format: str = ""
    producer: str | None = None
    final: bool = True


_GIVEN = (*File.__dataclass_fields__, "run_id", "state", "created")
_NEW = {
    name: Prepared(
        insert(table(TestUpload)).on_conflict_do_nothing().returning(table(TestUpload).c.id), *_GIVEN
    )
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def unasked(session: Session, plan: test_plans.Plan, file: File, results: Results) -> int:
    """Results that nobody asked for, of a run of their own: its number. Raises TooMany."""
    if plan.created_by is None:
        _quota_of_network(session, plan.network)
    row = test_plans.unasked(session, plan)
    _note(session, row, file, UploadState.STORED)
    _take(session, row, file.final, results)
    return row.id


def _quota_of_network(session: Session, network: str | None) -> None:
    for named, span, most in OF_NETWORK:
        recent = select(TestRun.created).where(
            _ANONYMOUS,
            TestRun.network == network,
            TestRun.created > now() - span,
        )
        last = session.scalars(recent.order_by(TestRun.created.desc()).offset(most - 1).limit(1)).first()
        if last is not None:
            wait = last + span - now()
            said = f"At most {most} anonymous results are taken from a network in {named}; log in and make a test run."
            raise TooMany(said, "TOO_MANY_RESULTS", int(wait.total_seconds()) + 1)


def store(session: Session, run_id: int, file: File, results: Results) -> TestRun:
    """Results that have been read: the run, as it is then.

    Raises Conflict for a run that takes none any more, Invalid for too many tests.
    """
    row = test_runs.held(session, run_id)
    if _note(session, row, file, UploadState.STORED) is not None:
        _must_take(row, file.final)
        _take(session, row, file.final, results)
    else:
        _again(session, row, file)
    return row


def queue_up(session: Session, run_id: int, file: File) -> int | None:
    """A file that a worker is to read: the number of the job; None for one that is known. Raises Conflict."""
    row = test_runs.held(session, run_id)
    upload_id = _note(session, row, file, UploadState.QUEUED)
    if upload_id is None:
        _again(session, row, file)
        return None
    _must_take(row, file.final)
    if row.state in OPEN:
        test_runs.heard(row, RunState.UPLOADING)
    return queue.enqueue(session, READ, upload_id)


def read(session: Session, upload_id: int, file: File, results: Results) -> None:
    """A worker has read it."""
    upload = session.get_one(TestUpload, upload_id)
    row = test_runs.held(session, upload.run_id)
    if row.state == RunState.CANCELLED:
        upload.state, upload.error = UploadState.REJECTED, row.reason
        return
    upload.state, upload.format, upload.producer = UploadState.STORED, file.format, file.producer
    _take(session, row, upload.final, results)


def reject(session: Session, run_id: int, reason: str) -> None:
    """A file came that is none of results: nothing of it is kept but that it came."""
    row = test_runs.held(session, run_id)
    if row.state in OPEN:
        test_runs.heard(row, RunState(row.state) if row.started else RunState.RUNNING)
        if row.events < test_events.MOST:
            test_events.note(session, row, test_events.REJECTED, reason)


def unreadable(session: Session, upload_id: int, reason: str) -> None:
    """A worker could not read it; the last file of a run ends it so."""
    upload = session.get_one(TestUpload, upload_id)
    row = test_runs.held(session, upload.run_id)
    upload.state, upload.error = UploadState.REJECTED, reason
    test_events.note(session, row, test_events.REJECTED, reason)
    # It had been taken, so what the others say is not all that came of the tests.
    row.truncated = True
    if row.state in OPEN:
        _end_if_read(session, row)


def forget(session: Session) -> int:
    """Forget anonymous results that are a month old, some at once: how many runs that were."""
    old = select(TestRun).where(_ANONYMOUS, TestRun.created < now() - test_runs.KEPT)
    rows = session.scalars(old.order_by(TestRun.created).limit(FORGOTTEN_AT_ONCE)).all()
    for row in rows:
        test_cells.uncount(session, row)
        row.withdrawn = now()  # so that none of the others takes its place in the matrix
        session.flush()
    ids = [row.id for row in rows]
    session.execute(update(TestRun).where(TestRun.retry_of.in_(ids)).values(retry_of=None))
    files = select(TestUpload.id).where(TestUpload.run_id.in_(ids))
    session.execute(delete(Job).where(Job.kind == READ, Job.subject_id.in_(files)))
    for model in (TestAttachment, TestDetail, TestResult, TestEvent, TestUpload, RefStackResult):
        session.execute(delete(model).where(model.run_id.in_(ids)))
    session.execute(delete(TestRun).where(TestRun.id.in_(ids)))
    return len(ids)


def _must_take(row: TestRun, final: bool) -> None:
    """The first results are taken for a while after the end, too: they may have been on their way."""
    waits = row.state == RunState.TIMED_OUT or (row.state == RunState.FINISHED and not row.uploads)
    if row.state not in OPEN and not (waits and test_runs.holds_token(row)):
        raise test_runs.closed(row)
    # What its tests came to is never lost because its runner has said too much before.
    is_needed = not row.uploads or (final and row.state in OPEN)
    if row.events >= test_events.MOST and not is_needed:
        said = f"A run has at most {test_events.MOST} events and files of results."
        raise TooMany(said, "TOO_MANY_EVENTS", test_runs.TOTAL)


def _again(session: Session, row: TestRun, file: File) -> None:
    """Bytes that the run has had before; they may be its last file now."""
    if file.final and row.state in OPEN:
        same = update(TestUpload).where(TestUpload.run_id == row.id, TestUpload.sha256 == file.sha256)
        session.execute(same.values(final=True))
        _end_if_read(session, row)


def _take(session: Session, row: TestRun, final: bool, results: Results) -> None:
    if row.state in OPEN:
        alone = row.state != RunState.UPLOADING
        test_runs.heard(row, RunState.UPLOADING)
        _add(session, row, results)
        if not alone:
            _end_if_read(session, row)
        elif final:
            test_runs.end(session, row, RunState.FINISHED)
        return
    with test_policies.recounting(session, row.extension_id):
        test_cells.uncount(session, row)
        _add(session, row, results)
        row.late = row.state == RunState.TIMED_OUT
        row.outcome = test_runs.judge(row)
        write_back(session, row)
        test_cells.count(session, row)
    test_runs.record(session, row)


def _end_if_read(session: Session, row: TestRun) -> None:
    """End a run that was said to have ended, by its last file or its runner, unless a worker has some of it to read.

    A run that has ended is judged, and versions are let through by it: nothing that counts may be missing then.
    """
    if test_runs.is_read_from(session, row):
        return
    last = select(TestUpload).where(TestUpload.run_id == row.id, TestUpload.final)
    good_first = (TestUpload.state == UploadState.REJECTED, TestUpload.id.desc())
    file = session.scalars(last.order_by(*good_first).limit(1)).first()
    if file is not None and file.state == UploadState.REJECTED:
        test_runs.end(session, row, RunState.ERROR, f"Its results could not be read: {file.error}")
    elif file is not None or test_events.says_finished(session, row.id):
        test_runs.end(session, row, RunState.FINISHED)


def _add(session: Session, row: TestRun, results: Results) -> None:
    test_results.add(session, row, results)
    test_events.note(session, row, test_events.RESULTS, f"{results.summary.tests} results have come.")


def _note(session: Session, row: TestRun, file: File, state: UploadState) -> int | None:
    """Write down that the file has come: its number; None for bytes that the run has had before.

    What a worker could not read then it could not read now, so that it was rejected makes no difference.
    """
    connection = session.connection()
    new = _NEW[connection.dialect.name]
    number: int | None = new.scalar(connection, **vars(file), run_id=row.id, state=state, created=now())
    return number
