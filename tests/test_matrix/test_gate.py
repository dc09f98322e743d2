"""A version is held back from `latest` until its tests have passed, where the owners want it so."""

import pytest
from sqlalchemy import select

from registry.models import Event
from support import shelf
from support.samples import brackets
from support.wire import assert_failure

BAD, GOOD = {"t": "failed"}, {"t": "passed"}
WHY = {"reason": {"code": "other", "text": "It is urgent."}}


@pytest.fixture
def policy(clock, stocked, accounts, extension):
    """Set a policy: the answer."""

    def policy(status=200, user=shelf.OWNER, **wanted):
        return stocked.put_json(
            f"{extension}test-policy/", wanted, headers=accounts.bearer(user), status=status
        )

    return policy


@pytest.fixture
def publish(stocked, accounts, extension, work, clock):
    """Publish a version and have it signed: its address."""
    work()

    def publish(number):
        answer = stocked.post(
            f"{extension}versions/", brackets(shelf.PUBLIC, number), headers=accounts.bearer(shelf.OWNER)
        )
        assert answer.status_int == 202
        clock.shift(1)
        work()
        return f"{extension}versions/{number}/"

    return publish


@pytest.fixture
def latest(stocked, extension):
    """The number of `latest`, as everybody sees it."""

    def latest():
        number = stocked.get(f"{extension}versions/latest/").json["version"]
        assert stocked.get(extension).json["version"] == number
        return number

    return latest


def held(stocked, version):
    answer = stocked.get(version).json["held"]
    return answer and answer["reason"]


def kinds(database):
    with database.read() as connection:
        wanted = select(Event.kind).where(
            Event.kind.in_(["version.held", "version.released", "test-policy.set"])
        )
        return list(connection.scalars(wanted.order_by(Event.seq)))


def test_nothing_is_held_without_a_policy(publish, latest, stocked, extension):
    assert held(stocked, publish("3.0.0")) is None
    assert latest() == "3.0.0"
    assert stocked.get(f"{extension}test-policy/").json == {
        "passing": 0,
        "hosts": [],
        "os": [],
        "no_regression": False,
        "changed": None,
        "held": [],
    }


def test_enough_platforms_must_have_passed(policy, publish, latest, tested, on, stocked, extension, database):
    before = latest()
    policy(passing=2)
    new = publish("3.0.0")
    assert latest() == before
    assert held(stocked, new) == "Its tests have passed on 0 of 2 platforms."
    tested(on(), of=new)
    tested(on("1.13"), BAD, of=new)
    assert (latest(), held(stocked, new)) == (before, "Its tests have passed on 1 of 2 platforms.")
    waiting = stocked.get(f"{extension}test-policy/").json["held"]
    assert [(each["version"], each["reason"]) for each in waiting] == [
        ("3.0.0", "Its tests have passed on 1 of 2 platforms.")
    ]
    assert stocked.get(waiting[0]["url"]).json["package"]["url"]
    tested(on(os="windows"), of=new)
    assert (latest(), held(stocked, new)) == ("3.0.0", None)
    assert kinds(database) == ["test-policy.set", "version.held", "version.held", "version.released"]
    tested(on(os="windows"), BAD, of=new)
    assert latest() == "3.0.0", "what was let through stays so"


def test_only_named_platforms_count(policy, publish, latest, tested, on, stocked):
    before = latest()
    policy(passing=1, hosts=["Brackets@1.14.2", "phoenix"], os=["Windows"])
    new = publish("3.0.0")
    said = "Its tests have passed on 0 of 1 platforms with brackets@1.14.2 or phoenix on windows."
    for env in (on(), on("1.13", "windows"), {"host_app": "other", "os": "windows"}, {}):
        tested(env, of=new)
        assert (latest(), held(stocked, new)) == (before, said)
    tested({"host_app": "Phoenix", "os": "WINDOWS"}, of=new)
    assert latest() == "3.0.0"


def test_nobody_elses_word_counts(policy, publish, latest, tested, on, stocked):
    before = latest()
    policy(passing=1)
    new = publish("3.0.0")
    tested(on(), of=new, user="bob")
    tested(on(), of=new, tokenless=True)
    form = f"extension={shelf.PUBLIC}&version=3.0.0&host_app=brackets&host_version=1.14.2&os=linux"
    results = {"results": [{"id": "t", "status": "passed"}]}
    assert stocked.post_json(f"/v1/post-result?{form}", results).status_int == 201
    assert latest() == before
    run = tested(on(), {"t": "incomplete"}, of=new)
    assert (run["outcome"], latest()) == ("incomplete", before)


def test_one_platform_passes_when_the_newest_run_of_each_kind_did(policy, publish, latest, tested, on):
    policy(passing=1)
    new = publish("3.0.0")
    tested(on(arch="arm64"), BAD, of=new)
    tested(on(arch="x86_64"), of=new)
    assert latest() != "3.0.0"
    tested(on(arch="arm64"), of=new)
    assert latest() == "3.0.0"


def test_no_regression(policy, publish, latest, tested, on, stocked, extension):
    base = latest()
    old = f"{extension}versions/{base}/"
    tested(on(), {"a": "passed", "b": "failed", "c": "passed", "d": "skipped"}, of=old)
    tested(on("1.13"), GOOD, of=old)
    policy(no_regression=True)
    new = publish("3.0.0")
    assert held(stocked, new) == (
        f"It has not been tested where {base} was: brackets 1.13 linux, brackets 1.14.2 linux."
    )
    tested(on("1.13"), of=new)
    tested(on(), {"a": "failed", "b": "failed", "c": "xpassed", "d": "failed", "e": "failed"}, of=new)
    assert held(stocked, new) == f"Tests that passed in {base} fail: 2 on brackets 1.14.2 linux."
    tested(on(), {"a": "passed"}, of=new, user="bob")
    assert latest() == base
    tested(on(), {"a": "passed", "b": "failed", "c": "passed"}, of=new)
    assert (latest(), held(stocked, new)) == ("3.0.0", None)


def test_results_of_latest_count_too(policy, publish, latest, tested, on, accounts, stocked, extension):
    first = tested(on(), GOOD, of=f"{extension}versions/{latest()}/")
    policy(no_regression=True)
    new = publish("3.0.0")
    tested(on(), BAD, of=new)
    assert latest() != "3.0.0"
    stocked.delete(first["url"], headers=accounts.bearer(shelf.OWNER))
    assert latest() == "3.0.0"


def test_a_looser_policy_lets_through_at_once(
    policy, publish, latest, tested, on, stocked, extension, accounts
):
    policy(passing=5)
    new = publish("3.0.0")
    tested(on(), of=new)
    assert latest() != "3.0.0"
    assert policy(passing=1).json["held"] == []
    assert latest() == "3.0.0"
    policy(passing=5)
    assert latest() == "3.0.0", "a stricter one is for versions to come"
    publish("4.0.0")
    assert latest() == "3.0.0"
    stocked.delete(f"{extension}test-policy/", headers=accounts.bearer(shelf.OWNER), status=204)
    assert latest() == "4.0.0"


def test_the_first_version_waits_too(stocked, accounts, work, tested, on, clock):
    owner = accounts.bearer(shelf.OWNER)
    mine = f"/api/v4/extensions/{shelf.PRIVATE}/"
    stocked.put_json(f"{mine}test-policy/", {"passing": 1}, headers=owner)
    work()
    assert stocked.get(mine, expect_errors=True).json["version"] is None
    assert_failure(stocked.get(f"{mine}versions/latest/", expect_errors=True), 404)
    tested(on(), of=f"{mine}versions/{shelf.SIGNED}/")
    assert stocked.get(mine).json["version"] == shelf.SIGNED


def test_released_by_hand(policy, publish, latest, stocked, accounts, extension, database):
    policy(passing=1)
    new = publish("3.0.0")
    for user, status in ((None, 401), ("bob", 403)):
        headers = accounts.bearer(user) if user else {}
        assert_failure(stocked.post_json(f"{new}release/", WHY, headers=headers, expect_errors=True), status)
    owner = accounts.bearer(shelf.OWNER)
    assert "reason" in assert_failure(
        stocked.post_json(f"{new}release/", {}, headers=owner, expect_errors=True), 400
    )
    assert stocked.post_json(f"{new}release/", WHY, headers=owner).json["held"] is None
    assert latest() == "3.0.0"
    again = stocked.post_json(f"{new}release/", WHY, headers=owner, expect_errors=True)
    assert_failure(again, 409, "NOT_HELD")
    newer = publish("4.0.0")
    stocked.post_json(f"{newer}release/", WHY, headers=accounts.bearer("root", admin=True))
    assert latest() == "4.0.0"
    with database.read() as connection:
        rows = connection.execute(
            select(Event).where(Event.kind == "version.released").order_by(Event.seq)
        ).all()
    assert [(row.data["version"], row.data["reason"]) for row in rows] == [
        ("3.0.0", "It is urgent."),
        ("4.0.0", "It is urgent."),
    ]


def test_results_that_come_at_once(policy, publish, latest, stocked, on, accounts, at_once):
    """Whichever comes last sees the others, and lets the version through."""
    policy(passing=4)
    new = publish("3.0.0")
    owner = accounts.bearer(shelf.OWNER)
    runs = [
        stocked.post_json(f"{new}test-runs/", {"env": on(f"1.{number}")}, headers=owner).json
        for number in range(4)
    ]
    body = {"results": [{"id": "t", "status": "passed"}]}

    def send(run):
        return lambda: stocked.post_json(f"{run['url']}results/", body, headers=owner, status=201)

    at_once([send(run) for run in runs])
    assert latest() == "3.0.0"


def test_whose_policy_it_is(policy, stocked, accounts, extension):
    policy(status=403, user="bob", passing=1)
    assert_failure(stocked.put_json(f"{extension}test-policy/", {"passing": 1}, expect_errors=True), 401)
    assert_failure(
        stocked.delete(f"{extension}test-policy/", headers=accounts.bearer("bob"), expect_errors=True), 403
    )


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("passing", {}),
        ("passing", {"hosts": ["brackets"]}),
        ("passing", {"passing": -1}),
        ("passing", {"passing": 101}),
        ("passing", {"passing": "1"}),
        ("passing", {"passing": True}),
        ("hosts", {"passing": 1, "hosts": ["a@b@c"]}),
        ("hosts", {"passing": 1, "hosts": ["x" * 65]}),
        ("hosts", {"passing": 1, "hosts": "brackets"}),
        ("hosts", {"passing": 1, "hosts": [f"h{number}" for number in range(21)]}),
        ("os", {"passing": 1, "os": [1]}),
        ("os", {"passing": 1, "os": ["a\nb"]}),
        ("no_regression", {"no_regression": "yes"}),
        ("color", {"passing": 1, "color": "red"}),
    ],
)
def test_policies_that_mean_nothing(policy, field, wanted):
    assert field in assert_failure(policy(status=400, **wanted), 400)
