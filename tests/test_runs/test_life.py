"""The life of a run, by the clock and by who it belongs to."""

import pytest
from sqlalchemy import select

from registry import models as rows
from registry import settings
from registry.domain import test_uploads
from registry.jobs import housekeeping
from registry.jobs.worker import end_due_runs, open_context
from registry.models import Delivery, Event, Job, Webhook, WebhookState
from support import shelf, subunit
from support.wire import assert_failure

PASSED = b"".join(subunit.packet(f"t.{number}", "success") for number in range(3))
FAILED = subunit.packet("t.1", "fail")
HOUR, DAY = 3600, 24 * 3600
COLUMNS = ("host_app", "host_version", "os", "provenance", "passed", "failed", "incomplete", "pass_only")


@pytest.fixture
def cells(database):
    """The counters of the matrix."""

    def cells():
        with database.read() as connection:
            found = select(*(rows.TestCell.__table__.c[name] for name in COLUMNS))
            ordered = found.order_by(rows.TestCell.host_version, rows.TestCell.provenance)
            return [tuple(row) for row in connection.execute(ordered)]

    return cells


def ended(database):
    with database.read() as connection:
        kinds = select(Event.kind, Event.data).where(Event.kind.startswith("test-run.")).order_by(Event.seq)
        return [(kind, data.get("state")) for kind, data in connection.execute(kinds)]


def test_nobody_begins(make, clock, stocked, database):
    run = make()
    clock.shift(DAY - 1)
    assert stocked.get(run["url"]).json["state"] == "queued"
    clock.shift(1)
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"], shown["reason"]) == ("expired", None, "Nobody began in time.")
    assert ended(database) == [("test-run.created", None), ("test-run.expired", "expired")]


def test_silence(make, post, clock, stocked):
    run = make(tokenless=True)
    where = f"update-test-status/{run['id']}"
    post(where, "status=one")
    clock.shift(899)
    assert post(where, "status=two").status_int == 201
    clock.shift(899)
    assert stocked.get(run["url"]).json["state"] == "running"
    clock.shift(1)
    assert "status" in assert_failure(post(where, "status=three"), 400)
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"]) == ("timed_out", "unknown")
    assert shown["finished"] == "2030-03-17T18:16:39Z"


def test_a_runner_asks_for_more_time(make, post, clock):
    run = make(tokenless=True, silence_seconds=60)
    where = f"update-test-status/{run['id']}"
    assert post(where, "status=one&timeout=3600").json["deadline"] == "2030-03-17T18:46:40Z"
    clock.shift(3599)
    assert post(where, "status=two&timeout=60").json["deadline"] == "2030-03-17T18:47:39Z"
    assert post(where, "status=two&timeout=120").json["deadline"] == "2030-03-17T18:48:39Z"
    for seconds in ("59", "3601", "x"):
        assert "timeout" in assert_failure(post(where, f"status=three&timeout={seconds}"), 400)


def test_no_run_takes_for_ever(make, post, clock, stocked):
    run = make(tokenless=True, total_seconds=HOUR)
    for number in range(5):
        post(f"update-test-status/{run['id']}", f"status={number}")
        clock.shift(800)
    assert stocked.get(run["url"]).json["reason"] == "It took too long."


def test_a_worker_ends_what_nobody_looks_at(make, post, clock, ini, database):
    first = make(tokenless=True)
    make()
    post(f"update-test-status/{first['id']}", "status=x")
    context = open_context(ini, settings.read(ini))
    assert end_due_runs(context) == 0
    clock.shift(DAY)
    assert end_due_runs(context) == 2
    assert end_due_runs(context) == 0
    context.database.dispose()
    assert [state for _, state in ended(database)][-2:] == ["timed_out", "expired"]


def test_a_list_is_right_before_a_worker_looks(make, clock, stocked, runs):
    make()
    clock.shift(DAY)
    assert stocked.get(f"{runs}?state=queued").json["count"] == 0
    assert stocked.get(f"{runs}?state=expired").json["count"] == 1


def test_late_results(make, post, clock, stocked, cells):
    run = make(tokenless=True)
    post(f"update-test-status/{run['id']}", "status=x")
    clock.shift(900)
    assert stocked.get(run["url"]).json["state"] == "timed_out"
    assert cells() == []
    clock.shift(HOUR)
    late = post(f"post-result?test_id={run['id']}", PASSED).json
    assert (late["state"], late["outcome"], late["late"]) == ("timed_out", "passed", True)
    assert [cell[4:] for cell in cells()] == [(1, 0, 0, 0)]
    other = make(tokenless=True)
    post(f"update-test-status/{other['id']}", "status=x")
    clock.shift(900)
    stocked.get(other["url"])
    clock.shift(HOUR + 1)
    assert "file" in assert_failure(post(f"post-result?test_id={other['id']}", PASSED), 400)


def test_calling_off(make, post, stocked, accounts, database):
    owner, stranger, maker = accounts.bearer(shelf.OWNER), accounts.bearer("bob"), accounts.bearer("carl")
    run = make("carl", tokenless=True)
    for headers, status in (({}, 401), (stranger, 403), (owner, 204)):
        stocked.delete(run["url"], headers=headers, status=status)
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"]) == ("cancelled", None)
    assert "status" in assert_failure(post(f"update-test-status/{run['id']}", "status=x"), 400)
    assert "file" in assert_failure(post(f"post-result?test_id={run['id']}", PASSED), 400)
    assert ended(database)[-1] == ("test-run.cancelled", "cancelled")
    run = make("carl")
    stocked.delete(run["url"], headers={"Authorization": f"Bearer {run['token']}"}, status=403)
    stocked.delete(run["url"], headers=maker, status=204)


def test_only_who_made_it_takes_back_what_has_ended(make, post, stocked, accounts, cells):
    run = make("carl", tokenless=True)
    post(f"post-result?test_id={run['id']}", FAILED)
    assert len(cells()) == 1
    answer = stocked.delete(run["url"], headers=accounts.bearer(shelf.OWNER), expect_errors=True)
    assert_failure(answer, 409, "RUN_CLOSED")
    stocked.delete(run["url"], headers=accounts.bearer("carl"), status=204)
    assert cells() == []
    shown = stocked.get(run["url"]).json
    assert (shown["outcome"], shown["withdrawn"]) == ("failed", "2030-03-17T17:46:40Z")
    again = stocked.delete(run["url"], headers=accounts.bearer("carl"), expect_errors=True)
    assert_failure(again, 409, "WITHDRAWN")


def test_the_counters_of_the_matrix(make, post, clock, stocked, accounts, cells):
    def run(body, user=shelf.OWNER, tokenless=False, version="1.14"):
        env = {"host_app": "Brackets", "host_version": version, "os": "Linux"}
        made = make(user, env=env, tokenless=tokenless)
        token = {} if tokenless else {"token": made["token"]}
        assert post(f"post-result?test_id={made['id']}", body, **token).status_int == 201
        clock.shift(1)
        return made

    run(PASSED), run(FAILED), run(b'{"results": ["a"]}')
    last = run(FAILED)
    run(PASSED, "bob"), run(PASSED, tokenless=True)
    run(PASSED, version="2.0")
    assert cells() == [
        ("brackets", "1.14", "linux", "community", 1, 0, 0, 0),
        ("brackets", "1.14", "linux", "owner", 1, 2, 0, 1),
        ("brackets", "1.14", "linux", "tokenless", 1, 0, 0, 0),
        ("brackets", "2.0", "linux", "owner", 1, 0, 0, 0),
    ]
    stocked.delete(last["url"], headers=accounts.bearer(shelf.OWNER), status=204)
    assert ("brackets", "1.14", "linux", "owner", 1, 1, 0, 1) in cells()


def test_quotas(make, clock, stocked, accounts, runs):
    for _ in range(20):
        make("bob")
    answer = stocked.post_json(runs, {}, headers=accounts.bearer("bob"), expect_errors=True)
    assert_failure(answer, 429, "TOO_MANY_OPEN_RUNS")
    clock.shift(DAY)
    make("bob")


def test_so_many_a_day(make, stocked, accounts, runs):
    bob = accounts.bearer("bob")
    for _ in range(10):
        for made in [make("bob") for _ in range(20)]:
            stocked.delete(made["url"], headers=bob)
    answer = stocked.post_json(runs, {}, headers=bob, expect_errors=True)
    assert_failure(answer, 429, "TOO_MANY_RUNS")
    assert int(answer.headers["Retry-After"]) == DAY + 1
    make("carl")


def test_webhooks_are_told(make, post, accounts, database):
    def subscribe(session):
        owner = accounts.user(shelf.OWNER)
        hook = Webhook(url="https://x.test/", events=["test-run.finished"], secret=b"x", created_by=owner)
        hook.state = WebhookState.ACTIVE
        session.add(hook)

    database.write(subscribe)
    run = make(tokenless=True)
    post(f"post-result?test_id={run['id']}", PASSED)
    with database.read() as connection:
        told = connection.execute(
            select(Delivery.type, Event.data).join(Event, Event.seq == Delivery.event_seq)
        ).one()
    assert told.type == "test-run.finished"
    assert (told.data["run"], told.data["outcome"]) == (run["id"], "passed")


def test_anonymous_results_are_forgotten_after_a_month(post, clock, stocked, database, cells, ini):
    fields = f"extension={shelf.PUBLIC}&version={shelf.SIGNED}"
    old = post(f"post-result?{fields}", PASSED).json
    clock.shift(10 * DAY)
    new = post(f"post-result?{fields}", FAILED).json
    clock.shift(21 * DAY)
    context = open_context(ini, settings.read(ini))
    housekeeping.tidy(context)
    context.database.dispose()
    stocked.get(old["url"], status=404)
    assert stocked.get(new["url"]).json["outcome"] == "failed"
    assert [cell[4:] for cell in cells()] == [(0, 1, 0, 0)]
    with database.read() as connection:
        for model in (rows.TestUpload, rows.TestResult):
            assert set(connection.scalars(select(model.run_id))) == {new["id"]}
        assert connection.scalars(select(rows.TestRun.id)).all() == [new["id"]]
        assert connection.scalars(select(rows.TestName.name)).all()
        assert not connection.scalars(select(Job.id).where(Job.kind == test_uploads.READ)).all()


def test_many_that_are_forgotten_at_once(post, make, clock, stocked, database, cells):
    """Of one platform, and one that somebody has repeated."""
    fields = f"extension={shelf.PUBLIC}&version={shelf.SIGNED}"
    old = [
        post(f"post-result?{fields}", PASSED + subunit.packet(f"u.{number}", "success")).json
        for number in range(3)
    ]
    clock.shift(31 * DAY)
    again = make(retry_of=old[1]["id"])
    new = post(f"post-result?{fields}", FAILED).json
    assert database.write(test_uploads.forget) == 3
    assert [cell[4:] for cell in cells()] == [(0, 1, 0, 0)]
    shown = stocked.get(again["url"]).json
    assert (shown["attempt"], shown["retry_of"]) == (2, None)
    assert stocked.get(new["url"]).json["outcome"] == "failed"
