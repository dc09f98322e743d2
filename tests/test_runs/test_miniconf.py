"""`GET /v1/get-miniconf`: what a remote runner is told (seed 003), so that runners of 2014 can read it."""

import json

from support import shelf
from support.wire import assert_failure


def test_what_is_told(make, stocked, runs):
    env = {"host_app": "brackets", "host_version": "1.14", "os": "linux", "arch": "x86_64"}
    run = make(tokenless=True, env=env, tests={"suite": "test", "include": "a,b"}, extra={"display": ":1"})
    answer = stocked.get(f"/v1/get-miniconf?test_id={run['id']}")
    assert answer.headers["Content-Disposition"].endswith("filename=miniconf.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    # Runners read the first line only, and put every value into an ini file.
    first = answer.body.splitlines()[0]
    told = json.loads(first)
    assert told == answer.json
    assert all(isinstance(value, str) for options in told.values() for value in options.values())
    assert list(told) == [
        "meta",
        "run",
        "report",
        "target",
        "host",
        "environment",
        "tests",
        "dependencies",
        "extra",
    ]
    assert told["meta"] == {
        "schema": "1",
        "generated": "2030-03-17T17:46:40Z",
        "registry": "http://127.0.0.1:6543",
    }
    assert (told["run"]["test_id"], told["run"]["state"]) == (str(run["id"]), "running")
    assert told["target"]["package_sha256"] == run["package_sha256"]
    assert (told["host"]["app"], told["host"]["wanted_version"]) == ("brackets", "1.14")
    assert told["environment"] == {"os": "linux", "arch": "x86_64", "locale": ""}
    assert told["tests"]["include"] == "a,b"
    assert told["extra"] == {"display": ":1"}
    package = stocked.get(told["target"]["package_url"])
    assert len(package.body) == int(told["target"]["package_size"])


def test_one_runs_options_are_never_anothers(make, stocked):
    """The server of 2014 kept them in one dictionary for all."""
    first = make(tokenless=True, extra={"mine": "alone"}, env={"os": "windows"})
    second = make(tokenless=True)
    for _ in range(2):
        assert stocked.get(f"/v1/get-miniconf?test_id={first['id']}").json["extra"] == {"mine": "alone"}
        told = stocked.get(f"/v1/get-miniconf/{second['id']}").json
        assert (told["extra"], told["environment"]["os"]) == ({}, "")


def test_fetching_it_begins_the_run(make, stocked):
    run = make()
    token = {"Authorization": f"Bearer {run['token']}"}
    where = f"/v1/get-miniconf?test_id={run['id']}"
    head = stocked.head(where, headers=token)
    assert (head.status_int, head.headers["Content-Disposition"]) == (
        200,
        "attachment; filename=miniconf.json",
    )
    assert stocked.get(run["url"]).json["state"] == "queued"
    stocked.get(where, headers=token)
    assert stocked.get(run["url"]).json["state"] == "running"
    stocked.get(where, headers=token)
    events = stocked.get(f"{run['url']}events/").json["results"]
    assert [event["kind"] for event in events] == ["started"]


def test_bad_numbers_are_400(make, stocked):
    make(tokenless=True)
    for query in (
        "",
        "test_id=",
        "test_id=abc",
        "test_id=0",
        "test_id=1e1",
        "test_id=999",
        "test_id=1&test_id=2",
    ):
        answer = stocked.get(f"/v1/get-miniconf?{query}", expect_errors=True)
        assert list(assert_failure(answer, 400)) == ["test_id"], query
    assert_failure(stocked.get("/v1/get-miniconf/abc", expect_errors=True), 400)
    assert_failure(stocked.get("/v1/get-miniconf/1/2", expect_errors=True), 404)


def test_who_is_told(make, stocked, accounts):
    run, other = make(), make()
    where = f"/v1/get-miniconf?test_id={run['id']}"
    assert_failure(stocked.get(where, expect_errors=True), 401)
    assert_failure(stocked.get(f"{where}&token={run['token']}", expect_errors=True), 401)
    assert_failure(stocked.get(where, headers=accounts.bearer("bob"), expect_errors=True), 403)
    token = {"Authorization": f"Bearer {other['token']}"}
    assert_failure(stocked.get(where, headers=token, expect_errors=True), 403)
    stocked.get(where, headers=accounts.bearer(shelf.OWNER), status=200)


def test_anonymous_runs_are_of_no_target(post, stocked, clock):
    number = post("post-result", b'{"results": ["a"]}').json["test_id"]
    assert_failure(stocked.get(f"/v1/get-miniconf?test_id={number}", expect_errors=True), 401)
