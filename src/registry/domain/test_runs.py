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
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, func, select
from sqlalchemy.orm import Session

from registry.domain import credentials, events, locks, standing, test_cells, test_policies
from registry.domain.errors import Conflict, Invalid, TooMany
from registry.models import (
    OPEN,
    Membership,
    Ownership,
    RunSource,
    RunState,
    TestRun,
    TestUpload,
    UploadState,
    User,
    Version,
    now,
)
from registry.results import Outcome, Status, outcome

START = datetime.timedelta(hours=24)
# How long what belongs to a run is still taken after its end, and its token holds.
GRACE = datetime.timedelta(hours=1)
SILENCE, LEAST_SILENCE, MOST_SILENCE = 15 * 60, 60, 60 * 60
TOTAL, MOST_TOTAL = 6 * 3600, 24 * 3600
OPEN_OF_VERSION, OF_ACCOUNT_A_DAY = 20, 200
A_DAY = datetime.timedelta(days=1)
KEPT = datetime.timedelta(days=30)
AT_ONCE = 100
COUNTS = tuple(map(str, Status))
# How the end of a run is told in the record of events.
_ENDED = {RunState.CANCELLED: "test-run.cancelled", RunState.EXPIRED: "test-run.expired"}
# Cells of the matrix go by these, whatever case they are written in.
_CASELESS = frozenset({"host_app", "host_version", "os", "arch"})
_DUE = select(TestRun.id).where(TestRun.finished.is_(None), TestRun.deadline <= bindparam("moment")).limit(1)
_WAITING = exists().where(TestUpload.run_id == TestRun.id, TestUpload.state == UploadState.QUEUED)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run as it is asked for. ``silence`` and ``most`` are seconds; ``env`` has values for ``ENVIRONMENT``."""

    extension_id: int | None = None
    version_id: int | None = None
    package_sha256: str | None = None
    created_by: int | None = None
    network: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    runner_label: str | None = None
    silence: int = SILENCE
    most: int = TOTAL
    tokenless: bool = False
    retry_of: int | None = None
    tests: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


class Created(NamedTuple):
    """``token`` in full; it is never shown again. None for a run that takes none."""

    run_id: int
    token: str | None


def create(session: Session, plan: Plan, runners: tuple[str, ...] = ()) -> Created:
    """A run that waits for its runner. ``runners`` are the user names of the registry's own runners.

    Raises TooMany, and Invalid for a run that it cannot be a retry of.
    """
    if plan.extension_id is None or plan.version_id is None or plan.created_by is None:
        raise Invalid("A run is made by somebody, for a version of an extension.", "NO_VERSION", "version")
    locks.extension(session, plan.extension_id)
    standing.require(session, plan.created_by, standing.oneself(plan.created_by, plan.created_by))
    _quotas(session, plan.version_id, plan.created_by)
    source = _source(session, plan.extension_id, plan.created_by, runners)
    token = None if plan.tokenless else credentials.new_token(credentials.OF_RUN)
    row = _row(plan, source)
    row.token = None if token is None else credentials.digest(token)
    row.attempt = _attempt(session, plan)
    session.add(row)
    session.flush()
    events.record(
        session,
        "test-run.created",
        actor_id=plan.created_by,
        extension_id=plan.extension_id,
        run=row.id,
        source=source,
        tokenless=plan.tokenless,
    )
    return Created(row.id, token)


def unasked(session: Session, plan: Plan) -> TestRun:
    """The run of results that somebody sent without having been asked. Raises TooMany for an account's too many."""
    if plan.created_by is not None:
        standing.require(session, plan.created_by, standing.oneself(plan.created_by, plan.created_by))
        _quota_of_account(session, plan.created_by)
    row = _row(plan, RunSource.ANONYMOUS if plan.created_by is None else RunSource.COMMUNITY)
    moment = now()
    row.state, row.started, row.last_seen = RunState.RUNNING, moment, moment
    session.add(row)
    session.flush()
    return row


def held(session: Session, run_id: int) -> TestRun:
    """The run, for whoever changes it; ended first if its time is up."""
    row = session.get_one(TestRun, run_id, with_for_update=True, populate_existing=True)
    if is_due(row) and end_due(session, run_id=run_id):
        session.refresh(row)
    return row


def is_due(row: Any) -> bool:
    """Whether the clock has ended it, by what is known of the row."""
    return bool(row.finished is None and row.deadline <= now())


def holds_token(row: Any) -> bool:
    """Whether the run's token is good for anything still."""
    return bool(row.finished is None or now() <= row.finished + GRACE)


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
    session.flush()
    with test_policies.recounting(session, row.extension_id):
        test_cells.count(session, row)
    record(session, row, actor_id)


def record(session: Session, row: TestRun, actor_id: int | None = None) -> None:
    """Put into the record how it ended."""
    version = session.scalar(select(Version.version).where(Version.id == row.version_id))
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


def _row(plan: Plan, source: RunSource) -> TestRun:
    moment = now()
    return TestRun(
        uuid=str(uuid.uuid4()),
        extension_id=plan.extension_id,
        version_id=plan.version_id,
        package_sha256=plan.package_sha256,
        source=source,
        tokenless=plan.tokenless,
        created_by=plan.created_by,
        network=plan.network,
        runner_label=plan.runner_label,
        created=moment,
        deadline=moment + START,
        silence=plan.silence,
        most=plan.most,
        retry_of=plan.retry_of,
        tests=dict(plan.tests),
        extra=dict(plan.extra),
        **{name: text.lower() if name in _CASELESS else text for name, text in plan.env.items()},
    )


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


def _quotas(session: Session, version_id: int, user_id: int) -> None:
    still_open = select(func.count()).where(
        TestRun.version_id == version_id, TestRun.finished.is_(None), TestRun.deadline > now()
    )
    if (session.scalar(still_open) or 0) >= OPEN_OF_VERSION:
        raise TooMany(f"A version has at most {OPEN_OF_VERSION} open runs.", "TOO_MANY_OPEN_RUNS", SILENCE)
    _quota_of_account(session, user_id)


def _quota_of_account(session: Session, user_id: int) -> None:
    made = select(TestRun.created).where(TestRun.created_by == user_id).order_by(TestRun.id.desc())
    first = session.scalars(made.offset(OF_ACCOUNT_A_DAY - 1).limit(1)).first()
    if first is not None and first > now() - A_DAY:
        wait = int((first + A_DAY - now()).total_seconds()) + 1
        raise TooMany(f"An account makes at most {OF_ACCOUNT_A_DAY} runs a day.", "TOO_MANY_RUNS", wait)


def _source(session: Session, extension_id: int, user_id: int, runners: tuple[str, ...]) -> RunSource:
    """What somebody is to the extension: of its owners and publishers, a runner of the registry's own, or neither."""
    teams = select(Membership.team_id).where(Membership.user_id == user_id)
    theirs = exists().where(
        Ownership.extension_id == extension_id,
        (Ownership.user_id == user_id) | Ownership.team_id.in_(teams),
    )
    if session.scalar(select(theirs)):
        return RunSource.OWNER
    username = session.scalar(select(User.username).where(User.id == user_id))
    return RunSource.RUNNER if username in runners else RunSource.COMMUNITY


def _attempt(session: Session, plan: Plan) -> int:
    if plan.retry_of is None:
        return 1
    first = session.scalar(
        select(TestRun.attempt).where(TestRun.id == plan.retry_of, TestRun.version_id == plan.version_id)
    )
    if first is None:
        raise Invalid("There is no such run of this version.", "NO_RUN", "retry_of")
    return first + 1
