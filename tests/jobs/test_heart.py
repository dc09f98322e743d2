"""The heartbeat: what is being worked on is not taken away, unless it hangs."""

import dataclasses
import datetime

import pytest
from sqlalchemy import select, update

from registry import queue
from registry.jobs import WorkerContext, heart, runner
from registry.models import Job, now


@pytest.fixture
def leases(database):
    """The seconds left of each lease."""

    def leases() -> list[float]:
        with database.read() as connection:
            ends = connection.scalars(select(Job.next_at).order_by(Job.id)).all()
        return [round((end - now()).total_seconds()) for end in ends]

    return leases


def take(context: WorkerContext, count: int) -> list[queue.Claim]:
    def work(session):
        jobs = [queue.enqueue(session, "sign", number) for number in range(count)]
        return [queue.claim(session, job, context.new_owner(), 1) for job in jobs]

    return context.database.write(work)


def test_one_beat_renews_all_leases_of_a_worker(context, leases):
    first, second, _ = take(context, 3)
    with context.heart.beats_for([first, second]):
        context.heart.beat()
    assert leases()[:2] == [60, 60]
    assert leases()[2] <= 1


def test_what_has_ended_is_not_renewed(context, leases):
    (claim,) = take(context, 1)
    with context.heart.beats_for([claim]):
        pass
    context.heart.beat()
    assert leases()[0] <= 1


def test_what_was_settled_early_is_not_renewed(context, leases):
    first, second = take(context, 2)
    with context.heart.beats_for([first, second]):
        context.heart.forget([first])
        context.heart.beat()
    assert leases()[0] <= 1
    assert leases()[1] == 60


def test_a_lost_lease_is_not_taken_back(context, leases, caplog):
    caplog.set_level("INFO")
    (claim,) = take(context, 1)
    late = dataclasses.replace(claim, owner="somebody else")
    with context.heart.beats_for([late]):
        context.heart.beat()
    assert leases()[0] <= 1
    assert "somebody else's by now" in caplog.text


def test_work_that_takes_long_keeps_its_job(context, publisher, database, monkeypatch):
    """The lease lapses while the package is read; a beat comes just in time."""
    published = publisher.publish()
    keep = context.storage.keep
    stolen = []

    def slow(*arguments):
        ends = now() + datetime.timedelta(seconds=0.5)
        database.write(lambda session: session.execute(update(Job).values(next_at=ends)) and None)
        context.heart.beat()
        later = now() + datetime.timedelta(seconds=30)
        monkeypatch.setattr(queue, "now", lambda: later)
        stolen.append(runner.run(context, published.job_id))
        keep(*arguments)

    monkeypatch.setattr(context.storage, "keep", slow)
    assert runner.run(context, published.job_id) == "done"
    assert stolen == [None]


def test_work_that_hangs_is_not_renewed_but_told_of(context, leases, monkeypatch):
    (claim,) = take(context, 1)
    with context.heart.beats_for([claim]):
        assert context.heart.hung() == []
        monkeypatch.setattr(heart, "PATIENCE", -1)
        assert context.heart.hung() == [claim]
        context.heart.beat()
    assert leases()[0] <= 1
