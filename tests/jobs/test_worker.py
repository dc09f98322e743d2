"""The worker process: it hears hints, finds what it was not told of, and ends when it is told to."""

import pickle
import signal
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from registry import settings as reading
from registry.alarm import Alarm
from registry.jobs.worker import run_worker
from registry.models import Version
from registry.settings import BadSetting
from support.workers import WorkerProcess, eventually


@pytest.fixture
def ini(ini):
    return ini | {"jobs.sweep": "0.2", "jobs.lease": "5"}


@pytest.fixture
def is_signed(database):
    def is_signed(published) -> bool:
        with database.read() as connection:
            query = select(Version.state).where(Version.id == published.version_id)
            return connection.scalar(query) == "signed"

    return is_signed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_does_what_it_hears_of_and_ends_on_a_signal(ini, publisher, is_signed, number):
    # Without a sweep in time, all it does is what it hears of.
    ini |= {"jobs.sweep": "3600"}
    early, later = publisher.publish("early"), publisher.publish("later")
    Alarm(ini).hint(early.job_id)
    with WorkerProcess(ini) as worker:
        eventually(lambda: is_signed(early))
        Alarm(ini).hint(later.job_id)
        eventually(lambda: is_signed(later))
        assert worker.stop(number) == 0


def test_a_lost_hint_costs_a_moment(ini, publisher, is_signed):
    with WorkerProcess(ini) as worker:
        for name in ("one", "two"):
            published = publisher.publish(name)
            eventually(lambda published=published: is_signed(published))
        assert worker.stop() == 0


def test_the_job_at_hand_is_finished_before_the_end(ini, publisher, is_signed, row):
    published = publisher.publish()
    with WorkerProcess(ini, linger=1) as worker:
        eventually(lambda: row(Version, published.version_id).state == "signing")
        assert worker.stop() == 0
    assert is_signed(published)


class Bomb:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_what_is_planted_in_the_queue_has_no_effect(ini, publisher, is_signed, tmp_path):
    Alarm(ini).take()
    bomb = pickle.dumps(Bomb(tmp_path / "boom"))
    connection = sqlite3.connect(ini["huey.filename"])
    connection.execute("INSERT INTO task (queue, data) VALUES ('registry', ?)", (bomb,))
    connection.execute("INSERT INTO schedule (queue, data, timestamp) VALUES ('registry', ?, 0)", (bomb,))
    for key in ("rt:registry.alarm.look", "r:1"):
        connection.execute("INSERT INTO kv (queue, key, value) VALUES ('registry', ?, ?)", (key, bomb))
    connection.commit()
    published = publisher.publish()
    with WorkerProcess(ini) as worker:
        eventually(lambda: is_signed(published))
        eventually(lambda: connection.execute("SELECT count(*) FROM task").fetchone() == (0,))
        assert worker.stop() == 0
    connection.close()
    assert not (tmp_path / "boom").exists()


def test_a_broken_queue_stops_nothing(ini, publisher, is_signed):
    Path(ini["huey.filename"]).write_bytes(b"this is no database" * 1000)
    with WorkerProcess(ini) as worker:
        for name in ("one", "two"):
            published = publisher.publish(name)
            eventually(lambda published=published: is_signed(published))
        assert worker.stop() == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"signing.issuer": ""}, "signing.issuer is not set"),
        ({"huey.immediate": "true"}, "is for tests"),
        ({"registry.production": "true", "login.developer": "false"}, "made for development"),
    ],
)
def test_a_worker_that_cannot_work_does_not_start(ini, context, change, said):
    ini |= change
    with pytest.raises(BadSetting, match=said):
        run_worker(ini, reading.read(ini))
