"""What happened can be read: all of it by admins, an extension's by its owners, one's own by everybody."""

import pytest

from registry.domain import events
from support import shelf
from support.wire import assert_failure

EVENTS, ME = "/api/v4/events/", "/api/v4/users/me/"
PUBLIC = f"/api/v4/extensions/{shelf.PUBLIC}/events/"


@pytest.fixture
def root(accounts):
    return accounts.bearer("root", admin=True)


def kinds(app, path, headers):
    return [event["kind"] for event in app.get(path, headers=headers).json["results"]]


def test_an_owner_reads_what_happened_to_the_extension(stocked, accounts, root):
    owner = accounts.bearer(shelf.OWNER)
    assert kinds(stocked, PUBLIC, owner) == ["version.published", "version.signed", "version.published"]
    assert kinds(stocked, PUBLIC, root) == kinds(stocked, PUBLIC, owner)
    assert_failure(stocked.get(PUBLIC, headers=accounts.bearer("bob"), expect_errors=True), 403)
    assert_failure(stocked.get(PUBLIC, expect_errors=True), 401)
    newest = stocked.get(PUBLIC, headers=owner).json["results"][0]
    assert (newest["actor"], newest["extension"], newest["network"]) == (shelf.OWNER, shelf.PUBLIC, None)
    assert newest["data"]["version"] == shelf.UNSIGNED


def test_an_owner_filters_them_too(stocked, accounts, root):
    owner = accounts.bearer(shelf.OWNER)
    every = stocked.get(PUBLIC, headers=owner).json["results"]
    for query, holds in (
        ("kind=version.signed", lambda event: event["kind"] == "version.signed"),
        ("kind=version.", lambda event: True),
        (f"actor={shelf.OWNER}", lambda event: event["actor"] == shelf.OWNER),
        ("until=2020-01-01T00:00:00Z", lambda event: False),
        ("kind=report.&since=2020-01-01T00:00:00Z", lambda event: False),
    ):
        for path in (PUBLIC, f"{ME}events/"):
            if path == PUBLIC or "actor" not in query:
                found = stocked.get(f"{path}?{query}", headers=owner).json
                assert found["count"] == len(found["results"])
                assert path != PUBLIC or found["results"] == [event for event in every if holds(event)], query
    mine = stocked.get(f"{ME}events/?kind=version.", headers=owner).json["results"]
    assert {event["kind"] for event in mine} == {"version.published"}
    assert_failure(stocked.get(f"{PUBLIC}?since=yesterday", headers=owner, expect_errors=True), 400)


def test_who_reported_it_is_not_told(stocked, accounts, config):
    bob = accounts.user("bob")

    def report(session):
        events.record(session, "report.filed", actor_id=bob, extension_id=1, report=1)

    config.registry["database"].write(report)
    assert "report.filed" not in kinds(stocked, PUBLIC, accounts.bearer(shelf.OWNER))


def test_an_event_names_its_request(stocked, accounts, root):
    body = {"name": "ci", "scopes": ["read"]}
    ann = accounts.bearer("ann")
    made = stocked.post_json(f"{ME}tokens/", body, headers=ann, status=201)
    event = stocked.get(f"{EVENTS}?kind=token.created&actor=ann", headers=root).json["results"][0]
    assert event["request"] == made.headers["X-Request-Id"]
    assert event["network"] == "127.0.0.0/24"
    assert (event["actor"], event["data"]["token"]) == ("ann", made.json["id"])
    assert made.json["token"] not in stocked.get(EVENTS, headers=root).text
    assert kinds(stocked, f"{ME}events/", ann)[0] == "token.created"


def test_filters(stocked, accounts, root):
    every = stocked.get(EVENTS, headers=root).json
    assert every["count"] == every["results"][0]["seq"]
    for query, holds in (
        ("kind=version.signed", lambda event: event["kind"] == "version.signed"),
        ("kind=version.", lambda event: event["kind"].startswith("version.")),
        (f"actor={shelf.OWNER}", lambda event: event["actor"] == shelf.OWNER),
        (f"extension={shelf.PUBLIC}", lambda event: event["extension"] == shelf.PUBLIC),
        ("since=2020-01-01T00:00:00Z", lambda event: True),
        ("until=2020-01-01T00:00:00Z", lambda event: False),
        ("actor=nobody", lambda event: False),
        ("kind=%25", lambda event: False),
    ):
        found = stocked.get(f"{EVENTS}?{query}", headers=root).json
        assert found["results"] == [event for event in every["results"] if holds(event)], query
        assert found["count"] == len(found["results"])
    for query in ("since=yesterday", "until=x", f"kind={'x' * 256}", "page=0"):
        assert_failure(stocked.get(f"{EVENTS}?{query}", headers=root, expect_errors=True), 400)


def test_pages_follow_the_chain(stocked, root):
    first = stocked.get(f"{EVENTS}?page_size=2", headers=root).json
    second = stocked.get(first["next"].partition("6543")[2], headers=root).json
    numbers = [event["seq"] for event in first["results"] + second["results"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4


def test_all_of_it_is_for_admins(stocked, accounts):
    assert_failure(stocked.get(EVENTS, headers=accounts.bearer(shelf.OWNER), expect_errors=True), 403)
    assert_failure(stocked.get(EVENTS, expect_errors=True), 401)
    scoped = accounts.bearer("root", admin=True, scopes=["publish", "review"])
    stocked.get(EVENTS, headers=scoped, status=200)
    unscoped = accounts.bearer("root", admin=True, scopes=["review"])
    assert_failure(stocked.get(EVENTS, headers=unscoped, expect_errors=True), 403, "ERROR_SCOPE")
