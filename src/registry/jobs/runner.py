"""Doing jobs: claim, work, settle; one alone, or many with one transaction to claim and one to settle them."""

import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry import jobs, queue
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.models import JobState
from registry.packages.findings import Finding
from registry.queue import Claim

log = logging.getLogger(__name__)

BATCH = 100
# What has been done for so long is settled, whatever else was claimed with it.
SETTLE_SECONDS = 0.2

OUT_OF_ATTEMPTS = Finding(
    "OUT_OF_ATTEMPTS",
    "The registry could not do this in several attempts, and not because of the package. "
    "Its administrators can start it again; nothing needs to be published anew.",
)


class ClaimLost(Exception):
    """Somebody else has the job by now; what was done for it counts for nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the work on a claim: a ``result``, or an ``error``."""

    claim: Claim
    result: Any = None
    error: Exception | None = None


def run(context: WorkerContext, job_id: int) -> JobState | None:
    """Do a job if it is due; the state it is in then, None when it is not ours to do.

    Raises what the database raises when even that could not be written: the lease will lapse.
    """
    return _run(context, context.database.write(_start, context, [job_id], False)).get(job_id)


def run_together(context: WorkerContext, job_ids: Sequence[int]) -> None:
    """Do those of the jobs that are due, with one transaction to claim and one to settle many of them.

    What has been tried before is done alone: it may be what killed its worker, and the attempts of the
    jobs claimed with it would count as well.
    """
    done: Mapping[int, JobState | None] = {}
    if len(job_ids) > 1:
        done = _run(context, context.database.write(_start, context, job_ids, True))
    for job_id in job_ids:
        if job_id not in done:
            run(context, job_id)


def run_due(
    context: WorkerContext,
    limit: int = BATCH,
    *,
    waited: float = 0,
    stop: Callable[[], bool] = lambda: False,
    kinds: Collection[str] = jobs.KINDS,
) -> int:
    """Do jobs of these kinds that have been due for ``waited`` seconds, at most ``limit``; how many were ours to do.

    They are taken in any order, so that several workers at this do not run after the same rows.
    """
    with context.database.read() as connection:
        found = list(queue.due(connection, limit, waited, kinds))
    random.shuffle(found)
    done = 0
    for job_id in found:
        if stop():
            break
        done += run(context, job_id) is not None
    return done


def _start(session: Session, context: WorkerContext, job_ids: Sequence[int], fresh: bool) -> list[Claim]:
    """Claim what is due of these jobs; only what nobody has tried yet if ``fresh``. All lock rows in one order."""
    claims = (
        queue.claim(
            session, job_id, context.new_owner(), context.settings.lease, kinds=jobs.KINDS, fresh=fresh
        )
        for job_id in sorted(job_ids)
    )
    return [claim for claim in claims if claim is not None and _may_start(session, context, claim)]


def _may_start(session: Session, context: WorkerContext, claim: Claim) -> bool:
    if claim.attempt > _attempts(context, claim.kind):
        _give_up(session, claim, JobState.DEAD, "The worker died each time it tried.", [OUT_OF_ATTEMPTS])
        return False
    jobs.KINDS[claim.kind].started(session, claim)
    return True


def _run(context: WorkerContext, claims: Sequence[Claim]) -> dict[int, JobState | None]:
    """Work on the claims in turn; job id -> state. Nobody waits for long for what comes after their own job."""
    states: dict[int, JobState | None] = {}
    outcomes: list[Outcome] = []
    with context.heart.beats_for(claims):
        began = time.monotonic()
        for claim in claims:
            outcomes.append(_work(context, claim))
            if time.monotonic() - began > SETTLE_SECONDS or claim is claims[-1]:
                states |= _settle_all(context, outcomes)
                context.heart.forget(outcome.claim for outcome in outcomes)
                outcomes, began = [], time.monotonic()
    return states


def _work(context: WorkerContext, claim: Claim) -> Outcome:
    try:
        return Outcome(claim, jobs.KINDS[claim.kind].work(context, claim))
    except Exception as error:  # noqa: BLE001 - it is settled, and logged there
        return Outcome(claim, error=error)


def _settle_all(context: WorkerContext, outcomes: Sequence[Outcome]) -> dict[int, JobState | None]:
    """In one transaction if none of them objects, else each in its own.

    Only where a database has one writer: on others the second job would wait for its extension's row with the
    lock of the event chain in hand, and whoever has that row waits for the lock (a deadlock).
    """
    if len(outcomes) > 1 and context.database.sqlite:
        try:
            return context.database.write(_settle_each, context, outcomes)
        except Exception as error:  # noqa: BLE001 - whose it is shows when they are settled one by one
            log.info("%d jobs are settled one by one: %s", len(outcomes), type(error).__name__)
    return {outcome.claim.job_id: _settle_one(context, outcome) for outcome in outcomes}


def _settle_one(context: WorkerContext, outcome: Outcome) -> JobState | None:
    try:
        return context.database.write(_settle, context, outcome)
    except ClaimLost:
        log.warning("Job %d: the lease lapsed during attempt %d", outcome.claim.job_id, outcome.claim.attempt)
        return None
    except Exception as error:
        if outcome.error is not None:
            raise
        return context.database.write(_settle, context, Outcome(outcome.claim, error=error))


def _settle_each(
    session: Session, context: WorkerContext, outcomes: Sequence[Outcome]
) -> dict[int, JobState | None]:
    return {outcome.claim.job_id: _settle(session, context, outcome) for outcome in outcomes}


def _settle(session: Session, context: WorkerContext, outcome: Outcome) -> JobState | None:
    claim, error = outcome.claim, outcome.error
    if error is None:
        if not queue.settle(session, claim, JobState.DONE):
            raise ClaimLost
        jobs.KINDS[claim.kind].finished(session, claim, outcome.result)
        return JobState.DONE
    if isinstance(error, Permanent):
        log.info("Job %d cannot be done: %s", claim.job_id, error)
        return _give_up(session, claim, JobState.FAILED, str(error), error.findings)
    if isinstance(error, Transient) and claim.kind in jobs.RETRIES:  # it is the other side's
        log.warning("Job %d, attempt %d: %s", claim.job_id, claim.attempt, error)
    else:
        log.error("Job %d, attempt %d", claim.job_id, claim.attempt, exc_info=error)
    return _postpone(session, claim, error, _attempts(context, claim.kind))


def _give_up(
    session: Session, claim: Claim, state: JobState, error: str, findings: Sequence[Finding]
) -> JobState | None:
    if not queue.settle(session, claim, state, error):
        return None
    jobs.KINDS[claim.kind].gave_up(session, claim, findings, state == JobState.DEAD)
    return state


def _postpone(session: Session, claim: Claim, error: Exception, attempts: int) -> JobState | None:
    waits = jobs.RETRIES.get(claim.kind, ())
    seconds = waits[claim.attempt - 1] if claim.attempt <= len(waits) else None
    state = queue.postpone(session, claim, _said(error), attempts, seconds)
    if state == JobState.QUEUED:
        jobs.KINDS[claim.kind].postponed(session, claim, error)
    elif state == JobState.DEAD:
        jobs.KINDS[claim.kind].gave_up(session, claim, [OUT_OF_ATTEMPTS], True)
    return state


def _attempts(context: WorkerContext, kind: str) -> int:
    waits = jobs.RETRIES.get(kind)
    return context.settings.attempts if waits is None else len(waits) + 1


def _said(error: Exception) -> str:
    """What of an error may be kept with the job: texts of others can hold anything, and the log has them."""
    if isinstance(error, Transient):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return f"{type(error).__name__}; the worker's log says more."
