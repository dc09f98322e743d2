"""Test runs by our own API, below the version that is tested."""

import pytest

from registry.domain import states
from registry.models import Extension, ExtensionState
from support import shelf, subunit
from support.wire import assert_failure, send

PASSED = b"".join(subunit.packet(f"pkg.t{number}", "success", tags=("fast",)) for number in range(60))
FAILED = subunit.packet(
    "pkg.bad", "fail", media_type="text/plain", name="traceback", data=b"Boom\nat <line> 3"
)


@pytest.fixture
def done(make, stocked):
    """A run whose results have come."""
    run = make()
    token = {"Authorization": f"Bearer {run['token']}"}
    return stocked.post(f"{run['url']}results/", PASSED + FAILED, headers=token, status=201).json


def test_making_one(make, stocked, accounts, runs):
    env = {"host_app": "Brackets", "host_version": "1.14.2", "os": "Linux", "locale": "de-DE"}
    run = make(env=env, runner="lab 7", silence_seconds=60, extra={"colour": "blue"})
    assert run["token"].startswith("regrun_")
    assert (run["state"], run["source"], run["attempt"], run["created_by"]) == (
        "queued",
        "owner",
        1,
        shelf.OWNER,
    )
    assert (run["env"]["host_app"], run["env"]["locale"], run["env"]["arch"]) == ("brackets", "de-DE", "")
    shown = stocked.get(run["url"]).json
    assert "token" not in shown
    assert {name: run[name] for name in shown} == shown
    assert run["token"] not in stocked.get(runs).text
    assert make("bob")["source"] == "community"
    assert make(tokenless=True)["token"] is None
    again = make(retry_of=run["id"])
    assert (again["attempt"], again["retry_of"]) == (2, run["id"])


def test_what_is_tested_is_what_is_served(make, stocked):
    served = stocked.get(f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.SIGNED}/").json["package"]
    assert make()["package_sha256"] == served["sha256"]


BAD = (
    {"env": {"os": "x" * 65}},
    {"env": {"os": "a\nb"}},
    {"env": "linux"},
    {"silence_seconds": 59},
    {"silence_seconds": 3601},
    {"silence_seconds": "60"},
    {"total_seconds": 86401},
    {"tokenless": "yes"},
    {"retry_of": 999},
    {"retry_of": -1},
    {"nonsense": 1},
    {"extra": {"a": 1}},
    {"extra": {"a": None}},
    {"extra": {"a": {"b": "c"}}},
    {"extra": {"": "x"}},
    {"extra": {"a": "x" * 257}},
    {"extra": {str(number): "x" for number in range(51)}},
    {"extra": {"password": "x"}},
    {"extra": {"GITHUB_TOKEN": "x"}},
    {"extra": {"api-key": "x"}},
    {"extra": {"url": "https://ann:hunter2@example.org/"}},
    {"extra": {"note": "-----BEGIN RSA PRIVATE KEY-----"}},
    {"extra": {"note": "ghp_" + "a" * 36}},
    {"extra": {"note": "reg_" + "a" * 49}},
)


def test_what_cannot_be_asked_for(stocked, accounts, runs, subtests):
    headers = accounts.bearer(shelf.OWNER)
    for body in BAD:
        with subtests.test(str(body)[:60]):
            assert_failure(stocked.post_json(runs, body, headers=headers, expect_errors=True), 400)
    assert stocked.get(runs).json["count"] == 0


def test_who_makes_one(stocked, accounts, runs):
    assert_failure(stocked.post_json(runs, {}, expect_errors=True), 401)
    scoped = accounts.bearer("bob", scopes=["publish", "read"])
    assert_failure(stocked.post_json(runs, {}, headers=scoped, expect_errors=True), 403, "ERROR_SCOPE")
    stocked.post_json(runs, {}, headers=accounts.bearer("bob", scopes=["test-results"]), status=201)


def test_versions_that_nobody_sees(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for name, version in ((shelf.PUBLIC, shelf.UNSIGNED), (shelf.PRIVATE, shelf.SIGNED)):
        where = f"/api/v4/extensions/{name}/versions/{version}/test-runs/"
        for headers in ({}, accounts.bearer("bob")):
            assert_failure(send(stocked, "GET", where, headers), 404)
        answer = stocked.post_json(where, {}, headers=owner, expect_errors=True)
        assert_failure(answer, 409, "NOT_SIGNED_YET")


def test_extensions_that_are_under_review(done, stocked, accounts, database, runs):
    def report(session):
        row = session.query(Extension).filter_by(name=shelf.PUBLIC).one()
        states.set_state(session, row, ExtensionState.PENDING_DISABLE, reason="a test", actor_id=None)

    database.write(report)
    paths = (runs, done["url"], f"{done['url']}results/", f"{done['url']}events/")
    for path in paths:
        assert_failure(stocked.get(path, expect_errors=True), 404)
        stocked.get(path, headers=accounts.bearer(shelf.OWNER), status=200)


def test_lists_and_filters(make, stocked, accounts, runs):
    first = make(env={"host_app": "brackets", "host_version": "1.14", "os": "linux", "arch": "arm64"})
    make("bob", env={"host_app": "phoenix", "os": "windows"})
    stocked.delete(first["url"], headers=accounts.bearer(shelf.OWNER))
    for question, expected in (
        ("", [2, 1]),
        ("?state=queued", [2]),
        ("?state=cancelled&source=owner", [1]),
        ("?outcome=passed", []),
        ("?source=community", [2]),
        ("?host_app=Brackets&host_version=1.14", [1]),
        ("?os=windows", [2]),
        ("?arch=arm64", [1]),
        ("?page_size=1", [2]),
        ("?page_size=1&page=2", [1]),
    ):
        found = stocked.get(f"{runs}{question}").json
        assert [run["id"] for run in found["results"]] == expected, question
    for question in ("?state=lost", "?source=me", "?page=0", f"?os={'x' * 65}", "?cursor=x"):
        assert_failure(stocked.get(f"{runs}{question}", expect_errors=True), 400)


def test_events(make, stocked):
    run = make()
    token = {"Authorization": f"Bearer {run['token']}"}
    where = f"{run['url']}events/"
    noted = stocked.post_json(where, {"status": "one", "progress": "1/9"}, headers=token, status=201)
    assert noted.json["state"] == "running"
    stocked.post_json(where, {"status": "two", "finished": True}, headers=token, status=201)
    answer = stocked.post_json(where, {"status": "three"}, headers=token, expect_errors=True)
    assert_failure(answer, 409, "RUN_CLOSED")
    assert answer.json["state"] == "finished"
    events = stocked.get(where).json["results"]
    assert [(event["status"], event["progress"]) for event in events] == [("one", "1/9"), ("two", None)]
    assert stocked.get(events[0]["url"]).json == events[0]
    assert_failure(stocked.post_json(where, {}, headers=token, expect_errors=True), 400)
    assert_failure(stocked.post_json(where, {"status": "x"}, expect_errors=True), 401)


def test_results(done, stocked):
    where = f"{done['url']}results/"
    pages = stocked.get(where).json
    assert (pages["count"], len(pages["results"]), pages["page_count"]) == (61, 25, 3)
    seen = []
    address = where
    while address:
        page = stocked.get(address).json
        seen += [result["test"] for result in page["results"]]
        address = page["next"]
    assert len(set(seen)) == 61
    bad = stocked.get(f"{where}?status=failed").json
    assert (bad["count"], [result["test"] for result in bad["results"]]) == (1, ["pkg.bad"])
    assert stocked.get(f"{where}?status=error").json["count"] == 0
    assert stocked.get(f"{where}?q=t1&page_size=50").json["count"] == 11
    assert stocked.get(f"{where}?q=PKG.BAD").json["count"] == 1
    assert stocked.get(f"{where}?q=%25").json["count"] == 0
    detail = stocked.get(bad["results"][0]["url"]).json
    assert (detail["message"], detail["detail"], detail["detail_cut"]) == (
        "at <line> 3",
        "Boom\nat <line> 3",
        False,
    )
    assert pages["results"][0]["tags"] == ["fast"]
    for path in ("999999/", "x/", f"?status=lost&q={'x' * 101}"):
        answer = stocked.get(f"{where}{path}", expect_errors=True)
        assert answer.status_int == (400 if "?" in path else 404)


def test_a_test_has_one_number_in_all_runs(done, make, stocked):
    other = make()
    token = {"Authorization": f"Bearer {other['token']}"}
    stocked.post(f"{other['url']}results/", FAILED, headers=token, status=201)
    first = stocked.get(f"{done['url']}results/?status=failed").json["results"][0]
    second = stocked.get(f"{other['url']}results/?status=failed").json["results"][0]
    assert (first["id"], first["key"]) == (second["id"], second["key"])


def test_raw_files(make, stocked, accounts):
    run = make()
    token = {"Authorization": f"Bearer {run['token']}"}
    stocked.post(f"{run['url']}results/?finished=false", PASSED, headers=token, status=201)
    stocked.post(f"{run['url']}results/", FAILED, headers=token, status=201)
    owner = accounts.bearer(shelf.OWNER)
    files = stocked.get(run["url"]).json["raw"]
    assert stocked.get(f"{run['url']}raw/", headers=owner).body == FAILED
    first = stocked.get(f"{run['url']}raw/?sha256={files[0]['sha256']}", headers=owner)
    assert first.body == PASSED
    part = stocked.get(f"{run['url']}raw/", headers=owner | {"Range": "bytes=0-3"})
    assert (part.status_int, part.body) == (206, FAILED[:4])
    for sha256, status in (("0" * 64, 404), ("x", 400)):
        stocked.get(f"{run['url']}raw/?sha256={sha256}", headers=owner, status=status)


def test_a_runs_token_does_nothing_else(done, make, stocked, runs):
    run = make()
    token = {"Authorization": f"Bearer {run['token']}"}
    for verb, path, status in (
        ("POST", runs, 403),
        ("DELETE", run["url"], 403),
        ("GET", f"{run['url']}raw/", 403),
        ("POST", f"{done['url']}events/", 403),
        ("POST", f"{done['url']}results/", 403),
        ("GET", "/api/v4/users/me/", 403),
        ("GET", "/api/v4/users/me/tokens/", 403),
        ("GET", "/api/v4/users/me/tokens/1/", 404),
        ("PUT", f"/api/v4/extensions/{shelf.PUBLIC}/owners/ann/", 403),
        ("POST", "/api/v4/extensions/", 403),
        ("GET", run["url"], 200),
    ):
        path = path.removeprefix("http://127.0.0.1:6543")
        body = b"" if verb == "GET" else b"{}"
        answer = send(stocked, verb, path, token | {"Content-Type": "application/json"}, body)
        assert answer.status_int == status, (verb, path, answer.text)
