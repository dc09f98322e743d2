"""Results that nobody asked for: taken without a name, in bounded numbers, and shown as what they are."""

import pytest
import webtest

from registry.wsgi import application
from support import shelf, subunit
from support.application import configure
from support.wire import assert_failure

PASSED = b"".join(subunit.packet(f"t.{number}", "success") for number in range(3))
PLACE = f"extension={shelf.PUBLIC}&version={shelf.SIGNED}"


def test_of_a_version(post, stocked, runs, clock):
    where = f"post-result?{PLACE}&host_app=Brackets&host_version=1.14&os=linux&test_id="
    answer = post(where, PASSED)
    run = answer.json
    assert answer.status_int == 201
    assert (run["test_id"], run["source"], run["created_by"], run["outcome"]) == (
        1,
        "anonymous",
        None,
        "passed",
    )
    assert (run["extension"], run["version"]) == (shelf.PUBLIC, shelf.SIGNED)
    assert (run["env"]["host_app"], run["env"]["host_version"]) == ("brackets", "1.14")
    assert answer.headers["Location"].endswith(f"{runs}1/")
    assert stocked.get(f"{runs}?source=anonymous").json["count"] == 1
    assert stocked.get(f"{run['url']}results/").json["count"] == 3


def test_of_none(post, stocked, clock):
    answer = post("post-result", PASSED)
    run = answer.json
    assert (run["extension"], run["version"], run["package_sha256"]) == (None, None, None)
    assert run["url"].endswith("/api/v4/test-runs/1/")
    assert stocked.get(run["url"]).json["counts"]["passed"] == 3
    results = stocked.get(f"{run['url']}results/").json["results"]
    assert stocked.get(results[0]["url"]).json["test"] == "t.0"


def test_of_versions_that_are_not_there(post, clock):
    for place in (
        f"extension=nothing&version={shelf.SIGNED}",
        f"extension={shelf.PUBLIC}&version=9.9.9",
        f"extension={shelf.PUBLIC}&version={shelf.UNSIGNED}",
        f"extension={shelf.PRIVATE}&version={shelf.SIGNED}",
        f"extension={shelf.PUBLIC}",
        f"version={shelf.SIGNED}",
        f"extension={shelf.PUBLIC}&version=%00",
        f"extension={shelf.PUBLIC}&version=..",
        f"{PLACE}&os=%00",
        f"{PLACE}&os={'x' * 65}",
    ):
        assert_failure(post(f"post-result?{place}", PASSED), 400)


def test_limits(post, clock):
    many = b"".join(subunit.packet(f"t.{number}", "success") for number in range(5001))
    assert_failure(post("post-result", many), 400)
    large = subunit.packet("t", "success", name="x", media_type="text/plain", data=b"x" * 2**21)
    assert_failure(post("post-result", large), 413)


def test_quotas_of_a_network(stocked, clock):
    def send(address):
        return stocked.post(
            "/v1/post-result", PASSED, extra_environ={"REMOTE_ADDR": address}, expect_errors=True
        )

    for _ in range(5):
        assert [send("192.0.2.1").status_int, send("192.0.2.200").status_int] == [201, 201]
    answer = send("192.0.2.3")
    assert "in an hour" in assert_failure(answer, 429, "TOO_MANY_RESULTS")["detail"]
    assert answer.headers["Retry-After"] == "3601"
    assert send("198.51.100.1").status_int == 201
    for _ in range(4):
        clock.shift(3600)
        for _ in range(10):
            assert send("192.0.2.1").status_int == 201
    clock.shift(3600)
    assert_failure(send("192.0.2.1"), 429, "TOO_MANY_RESULTS")


@pytest.fixture
def strict(ini, stocked):
    """The same registry, which takes nothing without a token."""
    config = configure(ini | {"results.anonymous": "false", "results.tokenless": "false"})
    yield webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    config.registry["downloads"].close()
    config.registry["database"].dispose()


def test_a_registry_need_not_take_them(strict, accounts, runs):
    assert_failure(strict.post("/v1/post-result", PASSED, expect_errors=True), 401, "ERROR_NOT_AUTHENTICATED")
    headers = accounts.bearer("ann")
    answer = strict.post_json(runs, {"tokenless": True}, headers=headers, expect_errors=True)
    assert "tokenless" in assert_failure(answer, 400)
    strict.post_json(runs, {}, headers=headers, status=201)
