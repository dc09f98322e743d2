"""Job rows: who may take one, for how long, and what becomes of it."""

import datetime
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from registry import queue
from registry.models import Database, Job, JobState, now
from registry.queue import Claim

LEASE = 60.0


@pytest.fixture
def job(database: Database) -> int:
    return database.write(lambda session: queue.enqueue(session, "sign", 7))


@pytest.fixture
def claim(database: Database) -> Callable[..., Claim | None]:
    return lambda job_id, owner="ann", lease=LEASE: database.write(queue.claim, job_id, owner, lease)


@pytest.fixture
def shift(database: Database) -> Callable[[int, float], None]:
    """Let so many seconds pass for one job."""

    def shift(job_id: int, seconds: float) -> None:
        def work(session: Any) -> None:
            row = session.get_one(Job, job_id)
            row.next_at -= datetime.timedelta(seconds=seconds)

        database.write(work)

    return shift


def test_one_job_for_each_subject(database, job):
    with pytest.raises(IntegrityError):
        database.write(queue.enqueue, "sign", 7)
    assert database.write(lambda session: queue.enqueue(session, "sign", 8)) != job


def test_a_claim_says_what_to_do_and_counts(job, claim, row):
    assert claim(job) == Claim(job, "sign", 7, 1, "ann")
    assert (row(Job, job).state, row(Job, job).owner, row(Job, job).attempt) == ("running", "ann", 1)


def test_a_job_at_work_is_not_given_away(job, claim):
    assert claim(job, "ann")
    assert claim(job, "bob") is None


def test_a_lapsed_lease_is_free_for_the_next(job, claim, shift):
    claim(job, "ann")
    shift(job, LEASE + 1)
    assert claim(job, "bob") == Claim(job, "sign", 7, 2, "bob")


def test_a_job_is_not_taken_before_its_time(job, claim, shift):
    shift(job, -5)
    assert claim(job) is None
    shift(job, 10)
    assert claim(job)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.DEAD])
def test_what_has_ended_is_not_taken(database, job, claim, shift, state):
    assert database.write(queue.settle, claim(job), state)
    shift(job, LEASE + 1)
    assert claim(job, "bob") is None


def test_no_such_job(claim):
    assert claim(999) is None


def test_of_eight_who_want_it_one_gets_it(database_url, database):
    """Eight connections of their own, as eight processes have."""
    jobs = [database.write(lambda session, n=n: queue.enqueue(session, "sign", n)) for n in range(10)]
    start = threading.Barrier(8)
    won: list[Claim] = []

    def grab(owner: str) -> None:
        mine = Database(database_url)
        start.wait()
        for job_id in jobs:
            claim = mine.write(queue.claim, job_id, owner, LEASE)
            if claim:
                won.append(claim)
        mine.dispose()

    threads = [threading.Thread(target=grab, args=(f"worker {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claim.job_id for claim in won) == jobs
    assert {claim.attempt for claim in won} == {1}


@pytest.mark.parametrize(
    "act",
    [
        lambda session, claim: queue.settle(session, claim, JobState.DONE),
        lambda session, claim: queue.postpone(session, claim, "no", 8),
        lambda session, claim: queue.extend(session, claim, 3600),
    ],
    ids=["settle", "postpone", "extend"],
)
def test_who_was_thought_dead_can_do_nothing(database, job, claim, shift, row, act):
    late = claim(job, "ann")
    shift(job, LEASE + 1)
    claim(job, "bob")
    before = row(Job, job).next_at
    assert not database.write(act, late)
    after = row(Job, job)
    assert (after.state, after.owner, after.attempt, after.next_at) == ("running", "bob", 2, before)


def test_the_same_owner_one_attempt_later_is_somebody_else(database, job, claim, shift):
    late = claim(job, "ann")
    shift(job, LEASE + 1)
    claim(job, "ann")
    assert not database.write(queue.settle, late, JobState.DONE)


def test_a_claim_ends_once(database, job, claim, row):
    mine = claim(job)
    assert database.write(queue.settle, mine, JobState.DONE)
    assert not database.write(queue.settle, mine, JobState.FAILED)
    assert not database.write(queue.extend, mine, LEASE)
    assert row(Job, job).state == JobState.DONE


def test_a_renewed_lease_does_not_lapse(database, job, claim, shift):
    mine = claim(job, "ann")
    shift(job, LEASE - 1)
    assert database.write(queue.extend, mine, LEASE)
    shift(job, 2)
    assert claim(job, "bob") is None


def test_delays_double_up_to_an_hour_and_scatter():
    for attempt in range(1, 40):
        full = min(3600, 2**attempt)
        delays = {queue.delay(attempt) for _ in range(20)}
        assert len(delays) > 1
        assert all(full / 2 <= delay <= full for delay in delays)


def test_a_postponed_job_comes_back_later(database, job, claim, shift, row):
    assert database.write(queue.postpone, claim(job), "The disk is full.", 8) == JobState.QUEUED
    assert row(Job, job).last_error == "The disk is full."
    assert 0.5 < (row(Job, job).next_at - now()).total_seconds() <= 2
    assert claim(job) is None
    shift(job, 2)
    assert claim(job).attempt == 2


def test_after_the_last_attempt_a_job_is_dead(database, job, claim, shift, row):
    states = []
    for _ in range(3):
        states.append(database.write(queue.postpone, claim(job), "no", 3))
        shift(job, 3600)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.DEAD]
    assert claim(job) is None


def test_a_dead_job_gets_all_its_attempts_again(database, job, claim, row):
    assert not database.write(queue.requeue, job), "a job that waits is left alone"
    database.write(queue.postpone, claim(job), "no", 1)
    assert database.write(queue.requeue, job)
    assert claim(job).attempt == 1


def test_a_long_error_is_cut(database, job, claim, row):
    database.write(queue.settle, claim(job), JobState.FAILED, "x" * 100_000)
    assert row(Job, job).last_error == "x" * queue.ERROR_CHARACTERS


def test_what_is_due(database, claim, shift):
    jobs = [database.write(lambda session, n=n: queue.enqueue(session, "sign", n)) for n in range(6)]
    waiting, oldest, lapsed, at_work, done, later = jobs
    shift(waiting, 1)
    shift(oldest, 200)
    claim(lapsed)
    shift(lapsed, LEASE + 100)
    claim(at_work)
    database.write(queue.settle, claim(done), JobState.DONE)
    shift(done, 100)
    shift(later, -100)
    with database.read() as connection:
        assert queue.due(connection, 10) == [oldest, lapsed, waiting]
        assert queue.due(connection, 10, waited=50) == [oldest, lapsed]
        assert queue.due(connection, 1) == [oldest]


def test_looking_for_due_jobs_reads_an_index(database):
    if not database.sqlite:
        pytest.skip("PostgreSQL reads small tables whole")
    said: list[Any] = []
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: said.append(call[2:4]))
        queue.due(connection, 10)
        statement, parameters = said[0]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert any("ix_job_due (state=? AND next_at<?)" in line.detail for line in plan)
