"""Background work: rows that are promises, leases on them, and an alarm clock.

A job is a row, written in the transaction of what it belongs to, so it exists exactly when its reason
does. Whoever works on it holds a lease, which must be renewed; one that has lapsed is free for the next.
Every claim has the next attempt number, and what a claim leads to is only written while owner and
attempt are still those of the row (a fencing token): somebody who was thought dead and comes back can
do no harm.

Who is to look at a row, and when, is told by a hint (``registry.alarm``) or found out by a sweep (``due``).
"""

import datetime
import logging
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from registry.models import Job, JobState, now, table

log = logging.getLogger(__name__)

LONGEST_DELAY = 3600.0
ERROR_CHARACTERS = 1000
# The subject of a job that is a duty, not about any row.
STANDING = 0

_JOB = table(Job)
_FREE = or_(
    and_(_JOB.c.state == JobState.QUEUED, _JOB.c.next_at <= bindparam("moment")),
    and_(_JOB.c.state == JobState.RUNNING, _JOB.c.next_at < bindparam("moment")),
)
_NEW = insert(_JOB).returning(_JOB.c.id)
_STANDING = select(_JOB.c.id).where(_JOB.c.kind == bindparam("wanted"), _JOB.c.subject_id == STANDING)
_CLAIM = (
    update(_JOB)
    .where(_JOB.c.id == bindparam("job_id"), _FREE)
    .values(
        state=JobState.RUNNING,
        attempt=_JOB.c.attempt + 1,
        owner=bindparam("claimant"),
        next_at=bindparam("until"),
        updated=bindparam("moment"),
    )
    .returning(_JOB.c.kind, _JOB.c.subject_id, _JOB.c.attempt)
)
_FENCED = (
    update(_JOB)
    .where(
        _JOB.c.id == bindparam("job_id"),
        _JOB.c.owner == bindparam("claimant"),
        _JOB.c.attempt == bindparam("claimed_attempt"),
        _JOB.c.state == JobState.RUNNING,
    )
    .returning(_JOB.c.id)
)
_EXTEND = _FENCED.values(next_at=bindparam("until"))
_SETTLE = _FENCED.values(
    state=bindparam("new_state"),
    next_at=bindparam("until"),
    last_error=bindparam("new_error"),
    updated=bindparam("moment"),
)
_REQUEUE = (
    update(_JOB)
    .where(_JOB.c.id == bindparam("job_id"), _JOB.c.state.in_([JobState.FAILED, JobState.DEAD]))
    .values(
        state=JobState.QUEUED, attempt=0, owner=None, next_at=bindparam("moment"), updated=bindparam("moment")
    )
    .returning(_JOB.c.id)
)
_AGAIN = (
    update(_JOB)
    .where(_JOB.c.kind == bindparam("wanted"), _JOB.c.subject_id == bindparam("about"))
    .values(
        state=JobState.QUEUED, attempt=0, owner=None, next_at=bindparam("moment"), updated=bindparam("moment")
    )
    .returning(_JOB.c.id)
)
_DUE = (
    select(_JOB.c.id)
    .where(_JOB.c.state.in_([JobState.QUEUED, JobState.RUNNING]), _JOB.c.next_at < bindparam("moment"))
    .order_by(_JOB.c.next_at)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job, until its lease lapses. ``attempt`` counts from 1."""

    job_id: int
    kind: str
    subject_id: int
    attempt: int
    owner: str


def enqueue(session: Session, kind: str, subject_id: int) -> int:
    """Promise work of this kind on that row: the job's id. There can be one job for each, ever (IntegrityError)."""
    job_id: int = session.connection().execute(_NEW, {"kind": kind, "subject_id": subject_id}).scalar_one()
    return job_id


def ensure(session: Session, kind: str, subject_id: int) -> int:
    """Promise that work, or promise it once more with all its attempts, whatever became of it before: the job's id."""
    parameters = {"wanted": kind, "about": subject_id, "moment": now()}
    found = session.connection().execute(_AGAIN, parameters).scalar_one_or_none()
    return enqueue(session, kind, subject_id) if found is None else found


def standing(session: Session, kind: str) -> int:
    """The id of the one job of this kind, which is never done; it is made when it is asked for first."""
    found = session.connection().scalar(_STANDING, {"wanted": kind})
    return enqueue(session, kind, STANDING) if found is None else found


def claim(
    session: Session,
    job_id: int,
    owner: str,
    lease: float,
    *,
    kinds: Collection[str] | None = None,
    fresh: bool = False,
) -> Claim | None:
    """Take a job that is due, or whose holder has been silent for too long, for ``lease`` seconds.

    ``owner`` (at most 100 characters) must be another one for each claim. Only a job of these ``kinds``, and
    only one that nobody has tried yet if ``fresh``. None if there is nothing to take.
    """
    moment = now()
    parameters = {"job_id": job_id, "claimant": owner, "moment": moment, "until": _after(moment, lease)}
    statement = _CLAIM if kinds is None else _CLAIM.where(_JOB.c.kind.in_(kinds))
    if fresh:
        statement = statement.where(_JOB.c.attempt == 0)
    row = session.connection().execute(statement, parameters).one_or_none()
    return Claim(job_id, row.kind, row.subject_id, row.attempt, owner) if row else None


def extend(session: Session, claim: Claim, lease: float) -> bool:
    """Renew a lease; False when the job is somebody else's by now."""
    return _fenced(session, _EXTEND, claim, until=_after(now(), lease))


def settle(session: Session, claim: Claim, state: JobState, error: str | None = None) -> bool:
    """End a claim in ``state``; False, and nothing written, when the job is somebody else's by now."""
    return _settle(session, claim, state, error, 0)


def postpone(
    session: Session, claim: Claim, error: str, attempts_allowed: int, seconds: float | None = None
) -> JobState | None:
    """Try again later, or never if this was the last attempt allowed; in ``seconds``, or by ``delay``.

    The state the job is in now, queued or dead; None when it is somebody else's.
    """
    dead = claim.attempt >= attempts_allowed
    state = JobState.DEAD if dead else JobState.QUEUED
    wait = delay(claim.attempt) if seconds is None else seconds
    return state if _settle(session, claim, state, error, 0 if dead else wait) else None


def delay(attempt: int) -> float:
    """Seconds until the try after ``attempt``: doubling up to an hour, less up to half of it by chance, so
    that jobs which failed together do not come back together."""
    jitter = random.uniform(0.5, 1)  # noqa: S311 - nothing depends on nobody guessing it
    return min(LONGEST_DELAY, 2.0 ** min(attempt, 16)) * jitter


def requeue(session: Session, job_id: int) -> bool:
    """Give a job that failed or is dead all its attempts again; False for any other."""
    row = session.connection().execute(_REQUEUE, {"job_id": job_id, "moment": now()}).one_or_none()
    return row is not None


def due(
    connection: Connection, limit: int, waited: float = 0, kinds: Collection[str] | None = None
) -> Sequence[int]:
    """Jobs, of these kinds, that could have been claimed for ``waited`` seconds or longer, the oldest first."""
    statement = _DUE if kinds is None else _DUE.where(_JOB.c.kind.in_(kinds))
    return connection.scalars(statement, {"moment": _after(now(), -waited), "most": limit}).all()


def _settle(session: Session, claim: Claim, state: JobState, error: str | None, delay: float) -> bool:
    moment = now()
    text = error and error[:ERROR_CHARACTERS]
    return _fenced(
        session, _SETTLE, claim, new_state=state, new_error=text, moment=moment, until=_after(moment, delay)
    )


def _fenced(session: Session, statement: Any, claim: Claim, **values: Any) -> bool:
    fence = {"job_id": claim.job_id, "claimant": claim.owner, "claimed_attempt": claim.attempt}
    return session.connection().execute(statement, fence | values).one_or_none() is not None


def _after(moment: datetime.datetime, seconds: float) -> datetime.datetime:
    return moment + datetime.timedelta(seconds=seconds)
