"""How much one may ask for, and what one is told about it."""

import pytest
import time_machine
import webtest

from registry.models import now
from registry.settings import BadSetting
from registry.wsgi import application
from support.application import configure
from support.samples import brackets
from support.wire import assert_failure

EXTENSIONS, ME, TOKENS = "/api/v4/extensions/", "/api/v4/users/me/", "/api/v4/users/me/tokens/"


@pytest.fixture
def clock():
    """The time, which stands still but for what the test shifts it by."""
    with time_machine.travel(now(), tick=False) as clock:
        yield clock


@pytest.fixture
def small(ini, clock):
    """The application with few of everything; its own accounts' credentials come from `accounts`."""
    made = []

    def build(**limits):
        wanted = {f"limits.{name}": value for name, value in limits.items()}
        config = configure({**ini, **wanted})
        made.append(config)
        return webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})

    yield build
    for config in made:
        config.registry["database"].dispose()


def test_the_61st_is_one_too_many(small, accounts, clock):
    app, ann = small(read="60/minute"), accounts.bearer("ann")
    for left in range(59, -1, -1):
        answer = app.get(ME, headers=ann)
        assert answer.headers["RateLimit-Limit"] == "60"
        assert answer.headers["RateLimit-Remaining"] == str(left)
    answer = app.get(ME, headers=ann, expect_errors=True)
    assert_failure(answer, 429, "ERROR_TOO_MANY_REQUESTS")
    assert answer.headers["RateLimit-Remaining"] == "0"
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 61
    # Others are not affected: not the account's other credentials, nor other people, nor the anonymous.
    app.get(ME, headers=accounts.bearer("ann"), status=200)
    app.get(ME, headers=accounts.bearer("bob"), status=200)
    app.get(f"{EXTENSIONS}?page_size=1", status=200)
    clock.shift(121)
    app.get(ME, headers=ann, status=200)


def test_sources_are_never_too_many(small, accounts):
    """A client that is stopped there has a version without them."""
    app, ann = small(write="1/minute"), accounts.bearer("ann")
    where = "/api/v5/addons/addon/nothing/versions/1.0/"
    for _ in range(3):
        app.patch(where, upload_files=[("source", "a.zip", b"")], headers=ann, status=404)
    app.patch_json(where, {}, headers=ann, status=404)
    app.patch_json(where, {}, headers=ann, status=429)


def test_an_account_has_an_end_too(small, accounts):
    app = small(read="2/minute")
    tokens = [accounts.bearer("ann") for _ in range(4)]
    for token in tokens[:3]:
        for _ in range(2):
            app.get(ME, headers=token, status=200)
    assert_failure(app.get(ME, headers=tokens[3], expect_errors=True), 429)


def test_what_is_not_there_counts_once(small):
    """A detail is looked for past the tree first, and then by it."""
    app = small(read="3/minute")
    for left in (2, 1, 0):
        answer = app.get(f"{EXTENSIONS}nothing/", status=404)
        assert answer.headers["RateLimit-Remaining"] == str(left)
    assert_failure(app.get(f"{EXTENSIONS}nothing/", expect_errors=True), 429)


def test_addresses_are_counted_apart(small):
    app = small(login="2/minute")

    def ask(address):
        return app.get("/login/", extra_environ={"REMOTE_ADDR": address}, expect_errors=True).status_int

    assert [ask("192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert ask("192.0.2.2") == 200
    assert [ask(f"2001:db8::{number}") for number in (1, 2, 3)] == [200, 200, 429]
    assert ask("2001:db8:0:1::1") == 200


def test_kinds_are_counted_apart(small, accounts):
    app, ann = small(write="1/minute", publish="2/minute"), accounts.bearer("ann")
    body = {"name": "x", "scopes": ["read"]}
    app.post_json(TOKENS, body, headers=ann, status=201)
    assert_failure(app.post_json(TOKENS, body, headers=ann, expect_errors=True), 429)
    for version, status in (("1.0.0", 202), ("2.0.0", 202), ("3.0.0", 429)):
        package = brackets("word-tally", version)
        assert app.post(EXTENSIONS, package, headers=ann, expect_errors=True).status_int == status
    app.get(ME, headers=ann, status=200)


@pytest.mark.parametrize("name", ["login-helper", "device-tools", "oauth2-notes"])
def test_packages_are_no_logins(small, name):
    app = small(login="1/minute")
    for path in (f"/{name}-1.0.0.zip", f"/{name}/{name}-1.0.0.zip", f"/extension/{name}/moreinfo"):
        app.get(path, status=404)


def test_all_of_a_login_is_counted_as_one(small):
    app = small(login="6/minute", write="1/minute")
    answers = [
        app.get("/login/", status=200),
        app.get("/login/developer/", status=200),
        app.get("/login/developer/callback", status=404),
        app.post("/oauth/token", status="*"),
        app.post("/oauth/device_authorization/", status="*"),
        app.post_json("/api/v4/publish-tokens/", {}, status="*"),
    ]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == list("543210")
    assert_failure(app.get("/device", expect_errors=True), 429)


def test_polling_and_what_is_known_cost_nothing(small, accounts):
    app, ann = small(read="3/minute"), accounts.bearer("ann")
    where = app.post(EXTENSIONS, brackets(), headers=ann).headers["Location"].partition("6543")[2]
    for _ in range(30):
        app.get(where, headers=ann, status=200)
    etag = app.get(ME, headers=ann).headers["ETag"]
    for _ in range(30):
        app.get(ME, headers=ann | {"If-None-Match": etag}, status=304)
        app.options(ME, status=204)
        app.get(EXTENSIONS, status=200)  # kept after the first time
    for headers in (ann, {}):
        for since in (0, 1, 2, 3, 3, 3):
            app.get(f"/api/v4/changes/?since={since}", headers=headers, status=200)
    assert app.get(ME, headers=ann).headers["RateLimit-Remaining"] == "1"


def test_guessing_is_slowed(small, accounts):
    app, ann = small(failure="5/minute"), accounts.bearer("ann")
    wrong = {"Authorization": "Bearer nonsense"}
    for _ in range(5):
        assert_failure(app.get(ME, headers=wrong, expect_errors=True), 401)
    assert_failure(app.get(ME, headers=wrong, expect_errors=True), 429)
    assert_failure(app.get(ME, headers=ann, expect_errors=True), 429)
    # Whoever reads anonymously from there may go on, and so may the owner elsewhere.
    app.get(EXTENSIONS, status=200)
    over = {"REMOTE_ADDR": "198.51.100.7", "wsgi.url_scheme": "https"}
    app.get(ME, headers=ann, extra_environ=over, status=200)


def test_off(small, accounts):
    app, ann = small(read="off", write="off"), accounts.bearer("ann")
    assert "RateLimit-Limit" not in app.get(ME, headers=ann).headers


def test_while_the_counters_are_away_nobody_is_limited(small, accounts):
    app, ann = small(storage="redis://127.0.0.1:9", read="1/minute"), accounts.bearer("ann")
    for _ in range(3):
        app.get(ME, headers=ann, status=200)


@pytest.mark.parametrize("text", ["60", "many/minute", "0/minute", "60/fortnight", "-1/minute", ""])
def test_numbers_are_checked_at_the_start(small, text):
    with pytest.raises(BadSetting, match=r"limits\.read"):
        small(read=text)
