"""Doing one job: claim, work, settle."""

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from registry import jobs, queue
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.models import JobState
from registry.packages.findings import Finding
from registry.queue import Claim

log = logging.getLogger(__name__)

BATCH = 100


OUT_OF_ATTEMPTS = Finding(
    "OUT_OF_ATTEMPTS",
    "The registry could not do this in several attempts, and not because of the package. "
    "Its administrators can start it again; nothing needs to be published anew.",
)


class ClaimLost(Exception):
    """Somebody else has the job by now; what was done for it counts for nothing."""


class UnknownKind(Exception):
    """A kind of work that came with a later release."""


def run(context: WorkerContext, job_id: int) -> JobState | None:
    """Do a job if it is due; the state it is in then, None when it is not ours to do.

    Raises what the database raises when even that could not be written: the lease will lapse.
    """
    try:
        claim = context.database.write(_start, context, job_id)
    except UnknownKind as error:
        log.warning("Job %d is left to a newer worker: this one knows no work of the kind %s", job_id, error)
        return None
    if claim is None:
        return None
    try:
        with context.heart.beats_for(claim):
            result = jobs.KINDS[claim.kind].work(context, claim)
            context.database.write(_finish, claim, result)
    except ClaimLost:
        log.warning("Job %d: the lease lapsed during attempt %d", job_id, claim.attempt)
        return None
    except Permanent as error:
        log.info("Job %d cannot be done: %s", job_id, error)
        return context.database.write(_give_up, claim, JobState.FAILED, str(error), error.findings)
    except Exception as error:
        log.exception("Job %d, attempt %d", job_id, claim.attempt)
        return context.database.write(_postpone, claim, _said(error), context.settings.attempts)
    return JobState.DONE


def run_due(
    context: WorkerContext, limit: int = BATCH, *, waited: float = 0, stop: Callable[[], bool] = lambda: False
) -> int:
    """Do jobs that have been due for ``waited`` seconds, at most ``limit``; how many were ours to do.

    They are taken in any order, so that several workers at this do not run after the same rows.
    """
    with context.database.read() as connection:
        found = list(queue.due(connection, limit, waited, jobs.KINDS))
    random.shuffle(found)
    done = 0
    for job_id in found:
        if stop():
            break
        done += run(context, job_id) is not None
    return done


def _start(session: Session, context: WorkerContext, job_id: int) -> Claim | None:
    claim = queue.claim(session, job_id, context.new_owner(), context.settings.lease)
    if claim is None:
        return None
    if claim.kind not in jobs.KINDS:
        raise UnknownKind(claim.kind)
    if claim.attempt > context.settings.attempts:
        _give_up(session, claim, JobState.DEAD, "The worker died each time it tried.", [OUT_OF_ATTEMPTS])
        return None
    jobs.KINDS[claim.kind].started(session, claim)
    return claim


def _finish(session: Session, claim: Claim, result: Any) -> None:
    if not queue.settle(session, claim, JobState.DONE):
        raise ClaimLost
    jobs.KINDS[claim.kind].finished(session, claim, result)


def _give_up(
    session: Session, claim: Claim, state: JobState, error: str, findings: Sequence[Finding]
) -> JobState | None:
    if not queue.settle(session, claim, state, error):
        return None
    jobs.KINDS[claim.kind].gave_up(session, claim, findings, state == JobState.DEAD)
    return state


def _postpone(session: Session, claim: Claim, error: str, attempts: int) -> JobState | None:
    state = queue.postpone(session, claim, error, attempts)
    if state == JobState.QUEUED:
        jobs.KINDS[claim.kind].postponed(session, claim)
    elif state == JobState.DEAD:
        jobs.KINDS[claim.kind].gave_up(session, claim, [OUT_OF_ATTEMPTS], True)
    return state


def _said(error: Exception) -> str:
    """What of an error may be kept with the job: texts of others can hold anything, and the log has them."""
    if isinstance(error, Transient):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return f"{type(error).__name__}; the worker's log says more."
