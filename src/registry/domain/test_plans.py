"""Making a test run: what it is asked for with, who may have one, and how many."""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from registry.domain import credentials, events, locks, standing
from registry.domain.errors import Invalid, TooMany
from registry.domain.test_runs import SILENCE, START, TOTAL
from registry.models import Membership, Ownership, RunSource, RunState, TestRun, User, now

OPEN_OF_VERSION, OF_ACCOUNT_A_DAY = 20, 200
A_DAY = datetime.timedelta(days=1)
# Cells of the matrix go by these, whatever case they are written in.
_CASELESS = frozenset({"host_app", "host_version", "os", "arch"})


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
