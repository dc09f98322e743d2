"""Many jobs at once: as each alone, only sooner."""

import dataclasses
import threading

import pytest
from sqlalchemy import event, select, update

from registry import queue
from registry.jobs import runner
from registry.models import Database, Extension, Job, Version, now


@pytest.fixture
def states(database):
    """The states of all versions, in the order they were published."""

    def states() -> list[str]:
        with database.read() as connection:
            return list(connection.scalars(select(Version.state).order_by(Version.id)))

    return states


def test_all_of_them_are_done(context, publisher, states):
    jobs = [publisher.publish(f"extension-{number}").job_id for number in range(10)]
    runner.run_together(context, jobs[:5])
    assert states() == ["signed"] * 5 + ["queued"] * 5


def test_one_that_fails_leaves_the_others_alone(context, database, publisher, states, row):
    published = [publisher.publish(f"extension-{number}") for number in range(4)]
    refused, broken = published[1], published[2]
    version = row(Version, refused.version_id)
    database.write(
        lambda session: (
            session.execute(
                update(Extension).where(Extension.id == version.extension_id).values(state="disabled")
            )
            and None
        )
    )
    context.storage.path(row(Version, broken.version_id).upload_sha256).unlink()
    runner.run_together(context, [each.job_id for each in published])
    assert states() == ["signed", "failed", "queued", "signed"]


def test_one_that_was_taken_away_meanwhile_leaves_the_others_alone(
    context, database, publisher, states, monkeypatch
):
    jobs = [publisher.publish(f"extension-{number}").job_id for number in range(3)]
    keep = context.storage.keep

    def steal(*arguments):
        monkeypatch.setattr(context.storage, "keep", keep)
        keep(*arguments)

        def work(session):
            session.execute(update(Job).where(Job.id == jobs[1]).values(next_at=now().replace(year=2020)))
            assert queue.claim(session, jobs[1], "somebody else", 60)

        database.write(work)

    monkeypatch.setattr(context.storage, "keep", steal)
    runner.run_together(context, jobs)
    assert states() == ["signed", "signing", "signed"]


def test_what_may_have_killed_a_worker_is_not_claimed_with_others(
    context, database, publisher, states, monkeypatch
):
    jobs = [publisher.publish(f"extension-{number}").job_id for number in range(3)]

    def died(session):
        queue.claim(session, jobs[1], "who died of it", 60)
        session.execute(update(Job).where(Job.id == jobs[1]).values(next_at=now().replace(year=2020)))

    database.write(died)
    at_once = []
    store = context.storage.keep

    def keep(*arguments):
        with database.read() as connection:
            mine = select(Job.id).where(Job.state == "running", Job.owner.startswith(context.owner))
            at_once.append(list(connection.scalars(mine)))
        store(*arguments)

    monkeypatch.setattr(context.storage, "keep", keep)
    runner.run_together(context, jobs)
    assert states() == ["signed"] * 3
    assert at_once[-1] == [jobs[1]]
    assert jobs[1] not in at_once[0] + at_once[1]


def test_workers_at_the_same_extensions_do_not_lock_each_other_out(context, database_url, publisher, states):
    names = [f"extension-{number}" for number in range(4)]
    there = [publisher.publish(name, f"1.0.{number}").job_id for number in range(8) for name in names]
    back = [publisher.publish(name, f"2.0.{number}").job_id for number in range(8) for name in names[::-1]]
    errors = []

    def work(mine: list[int]) -> None:
        own = dataclasses.replace(context, database=Database(database_url))
        event.listen(own.database.engine, "handle_error", errors.append)
        for start in range(0, len(mine), 8):
            runner.run_together(own, mine[start : start + 8])
        own.database.dispose()

    threads = [threading.Thread(target=work, args=(part,)) for part in (there, back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states() == ["signed"] * len(there + back)
    assert [str(error.original_exception) + str(error.statement) for error in errors] == []
