"""Hints: a worker hears of a job at once, and no state of the queue does harm."""

import pickle
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.alarm import Alarm
from registry.settings import BadSetting


class Bomb:
    """What Huey's own serializer would run while it reads a message."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hints" / "queue.sqlite"


@pytest.fixture
def heard() -> list[int]:
    return []


@pytest.fixture
def alarm(path: Path, heard: list[int]) -> Alarm:
    return Alarm({"huey.filename": str(path), "sqlalchemy.url": "not mine"}, heard.append)


@pytest.fixture
def plant(path: Path, alarm: Alarm) -> Callable[[object], None]:
    """Put something into the queue behind everybody's back."""
    alarm.take()  # makes the tables

    def plant(data: object) -> None:
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO task (queue, data) VALUES ('registry', ?)", (data,))
        connection.commit()
        connection.close()

    return plant


def listen(alarm: Alarm) -> None:
    while task := alarm.take():
        task.execute()


def test_what_is_hinted_is_heard_in_order(alarm, heard):
    for job_id in (3, 1, 2):
        alarm.hint(job_id)
    listen(alarm)
    assert heard == [3, 1, 2]


def test_another_process_hears_it(path, alarm, heard):
    Alarm({"huey.filename": str(path)}).hint(5)
    listen(alarm)
    assert heard == [5]


def test_a_message_is_the_number_of_a_job_and_nothing_else(alarm, path):
    alarm.hint(12345)
    connection = sqlite3.connect(path)
    assert [bytes(data) for (data,) in connection.execute("SELECT data FROM task")] == [
        b'["registry.alarm.look",12345]'
    ]
    assert connection.execute("SELECT count(*) FROM kv").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"null",
        b"17",
        b'["registry.alarm.look"]',
        b'["registry.alarm.look", "1"]',
        b'["registry.alarm.look", true]',
        b'["registry.alarm.look", -1]',
        b'["registry.alarm.look", 99999999999999999999]',
        b'["registry.alarm.look", 1, 2]',
        b'["os.system", 1]',
        b'["registry.alarm.look", 1' + b" " * 1000 + b"]",
        b"[" * 150,
        b"\xff\xfe",
        "text",
        10**18,
        None,
    ],
)
def test_junk_is_dropped_and_the_next_hint_is_heard(alarm, heard, plant, junk, caplog):
    if junk is not None:
        plant(junk)
    alarm.hint(8)
    listen(alarm)
    assert heard == [8]
    assert ("Dropped from the queue" in caplog.text) == (junk is not None)


def test_many_are_taken_at_once(alarm):
    for job_id in (1, 2, 2, 3, 4):
        alarm.hint(job_id)
    assert alarm.take_many(4) == [1, 2, 3]
    assert alarm.take_many(4) == [4]
    assert alarm.take_many(4) == []


def test_what_was_taken_before_the_queue_broke_is_heard(alarm, monkeypatch):
    for job_id in (1, 2, 3):
        alarm.hint(job_id)
    dequeue, left = alarm.huey.dequeue, [1, 1]

    def breaks():
        if not left:
            raise sqlite3.OperationalError("disk I/O error")
        left.pop()
        return dequeue()

    monkeypatch.setattr(alarm.huey, "dequeue", breaks)
    assert alarm.take_many(4) == [1, 2]
    with pytest.raises(sqlite3.OperationalError):
        alarm.take_many(4)


def test_a_planted_pickle_is_not_read(alarm, heard, plant, tmp_path):
    bomb = pickle.dumps(Bomb(tmp_path / "boom"))
    pickle.loads(bomb)
    (tmp_path / "boom").unlink()  # it would have worked
    plant(bomb)
    alarm.hint(8)
    listen(alarm)
    assert heard == [8]
    assert not (tmp_path / "boom").exists()


def test_a_broken_queue_file_stops_nobody_and_heals(alarm, heard, path, monkeypatch, caplog):
    monkeypatch.setattr("registry.alarm.REST", 0)
    path.write_bytes(b"this is no database" * 1000)
    alarm.hint(1)
    assert "Job 1 must wait for the sweep" in caplog.text
    with pytest.raises(sqlite3.DatabaseError):
        alarm.take()
    path.unlink()
    alarm.hint(2)
    listen(alarm)
    assert heard == [2]


def test_a_queue_that_failed_is_left_alone_for_a_moment(alarm, path, caplog):
    path.write_bytes(b"this is no database" * 1000)
    for job_id in range(5):
        alarm.hint(job_id)
    assert caplog.text.count("must wait for the sweep") == 1


def test_a_locked_queue_file_does_not_hold_up_a_publish(alarm, path):
    alarm.take()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    for job_id in range(5):
        alarm.hint(job_id)
    assert time.monotonic() - began < 2.5
    other.close()


def test_a_redis_that_is_not_there_does_not_hold_up_a_publish(caplog):
    alarm = Alarm({"huey.class": "huey.RedisHuey", "huey.url": "redis://127.0.0.1:1/0"})
    began = time.monotonic()
    alarm.hint(1)
    assert time.monotonic() - began < 2
    assert "Job 1 must wait for the sweep: ConnectionError" in caplog.text


def test_options_of_another_queue_are_refused_in_words():
    with pytest.raises(BadSetting, match=r"huey.filename is for a queue in SQLite"):
        Alarm({"huey.class": "huey.RedisHuey", "huey.filename": "queue.sqlite"})
