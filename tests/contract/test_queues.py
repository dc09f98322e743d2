"""What every kind of queue must do, tried on each: SQLite always, Redis where there is a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.alarm import Alarm
from support import redis_server
from support.workers import WorkerProcess, eventually


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if redis_server.executable() is None:
        pytest.skip("there is no redis-server here")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite", "redis"])
def queue_ini(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "redis":
        return {"huey.class": "huey.RedisHuey", "huey.url": request.getfixturevalue("redis_url")}
    return {"huey.class": "huey.SqliteHuey", "huey.filename": f"{tmp_path}/queue.sqlite"}


@pytest.fixture
def alarm(queue_ini: dict[str, str]) -> Iterator[Alarm]:
    alarm = Alarm(queue_ini)
    alarm.take_many(1)  # makes what the queue needs
    alarm.huey.storage.flush_all()
    yield alarm
    alarm.huey.storage.flush_all()


def taken(alarm: Alarm) -> list[int]:
    found: list[int] = []
    while more := alarm.take_many(16):
        found += more
    return found


def test_hints_are_heard_in_order(alarm):
    for job_id in (3, 1, 2):
        alarm.hint(job_id)
    assert taken(alarm) == [3, 1, 2]


def test_another_process_hears_them(alarm, queue_ini):
    alarm.hint(7)
    assert Alarm(queue_ini).take_many(16) == [7]
    assert taken(alarm) == []


def test_what_is_no_hint_is_dropped(alarm):
    for planted in (b"\x80\x04\x95", b"{}", b'["other", 1]', b""):
        alarm.huey.storage.enqueue(planted)
    alarm.hint(5)
    assert taken(alarm) == [5]


def test_a_worker_signs_what_it_is_told_of(alarm, queue_ini, ini, app, accounts):
    from support.samples import brackets

    package = brackets()
    answer = app.post("/api/v4/extensions/", package, headers=accounts.bearer("ann"))
    others = {key: value for key, value in ini.items() if not key.startswith("huey.")}
    with WorkerProcess(others | queue_ini | {"jobs.sweep": "600"}) as worker:
        alarm.hint(1)
        headers = accounts.bearer("ann")
        eventually(lambda: app.get(answer.headers["Location"], headers=headers).json["state"] == "signed")
        assert worker.stop() == 0
