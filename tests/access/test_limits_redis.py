"""Requests counted in Redis: for all web processes together, and not at all while it is away."""

import socket
import time
from collections import Counter
from pathlib import Path

import pytest
import time_machine
import webtest

from registry import limits
from registry.models import now
from registry.wsgi import application
from support import redis_server
from support.application import configure
from support.samples import brackets
from support.wire import assert_failure

pytestmark = pytest.mark.skipif(redis_server.executable() is None, reason="there is no redis-server")
EXTENSIONS, ME = "/api/v4/extensions/", "/api/v4/users/me/"
LIMITS = {"limits.read": "4/minute", "limits.login": "3/minute", "limits.failure": "2/minute"}


@pytest.fixture
def still():
    """Nothing runs out while a test looks at what is left."""
    with time_machine.travel(now(), tick=False):
        yield


@pytest.fixture
def build(ini):
    made = []

    def build(url):
        config = configure({**ini, "limits.storage": url, **LIMITS})
        made.append(config)
        return webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})

    yield build
    for config in made:
        config.registry["downloads"].close()
        config.registry["database"].dispose()


def left(answer):
    return int(answer.headers["RateLimit-Remaining"])


def test_two_processes_count_together(build, accounts, tmp_path, still):
    ann, wrong = accounts.bearer("ann"), {"Auth-Token": "nonsense"}
    with redis_server.running(tmp_path) as url:
        one, other = build(url), build(url)
        assert [left(app.get(ME, headers=ann)) for app in (one, other, one, other)] == [3, 2, 1, 0]
        for app in (one, other):
            answer = app.get(ME, headers=ann, expect_errors=True)
            assert_failure(answer, 429, "ERROR_TOO_MANY_REQUESTS")
            assert 1 <= int(answer.headers["Retry-After"]) <= 61
        found = Counter(app.get("/login/", expect_errors=True).status_int for app in (one, other) * 2)
        assert found == {200: 3, 429: 1}
        guesses = [app.get(ME, headers=wrong, expect_errors=True).status_int for app in (one, other, one)]
        assert guesses == [401, 401, 429]
        one.get(ME, headers=accounts.bearer("bob"), extra_environ={"REMOTE_ADDR": "127.0.0.9"}, status=200)


def test_what_costs_nothing_costs_nothing(build, accounts, tmp_path, still):
    ann = accounts.bearer("ann")
    with redis_server.running(tmp_path) as url:
        app = build(url)
        where = app.post(EXTENSIONS, brackets(), headers=ann).headers["Location"].partition("6543")[2]
        first = app.get(ME, headers=ann)
        assert left(first) == 3
        for _ in range(8):
            assert left(app.get(where, headers=ann)) == 3  # polling what is being signed
            known = ann | {"If-None-Match": first.headers["ETag"]}
            assert left(app.get(ME, headers=known, status=304)) == 3
            app.get(EXTENSIONS, status=200)  # kept after the first time
            app.options(ME, status=204)
        assert left(app.get(ME, headers=ann)) == 2


def test_redis_goes_away_and_comes_back(build, accounts, tmp_path: Path, still, caplog, monkeypatch):
    monkeypatch.setattr(limits, "REST_SECONDS", 0)
    ann = accounts.bearer("ann")
    with redis_server.running(tmp_path) as url:
        app, port = build(url), int(url.rpartition(":")[2].partition("/")[0])
        assert left(app.get(ME, headers=ann)) == 3
    for _ in range(6):
        assert "RateLimit-Remaining" not in app.get(ME, headers=ann, status=200).headers
    assert "the counters are away" in caplog.text
    with redis_server.running(tmp_path, port):
        assert [left(app.get(ME, headers=ann)) for _ in range(4)] == [3, 2, 1, 0]
        assert_failure(app.get(ME, headers=ann, expect_errors=True), 429)


def test_nobody_waits_for_a_redis_that_says_nothing(build, accounts, caplog):
    ann = accounts.bearer("ann")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        app = build(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.perf_counter()
        for _ in range(6):
            app.get(ME, headers=ann, status=200)
        waited = time.perf_counter() - began
    assert waited < limits.PATIENCE_SECONDS + 4
    assert caplog.text.count("the counters are away") == 1
