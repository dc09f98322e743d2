"""Reports of abuse as v5 of Mozilla's API takes them, from people with an account and without one."""

from pathlib import Path

import pytest
from sqlalchemy import select

from registry.models import Event, Extension, ExtensionState
from support.amo import GUID
from support.samples import webextension

REPORT = "/api/v5/abuse/report/addon/"
QUEUE = "/api/v4/reports/"


@pytest.fixture
def published(app, ann, work):
    app.post("/api/v4/extensions/", webextension(), headers=ann)
    work()


@pytest.fixture
def admin(accounts):
    return accounts.bearer("root", admin=True)


def state(database):
    with database.read() as connection:
        return connection.scalar(select(Extension.state))


def test_without_an_account(app, published, admin, database):
    """It waits for the team, and hides nothing, however often it is sent."""
    said = {
        "addon": GUID,
        "message": "It sends my notes away.",
        "reason": "damage",
        "reporter_email": "me@example.org",
        "addon_version": "1.0",
        "location": "addon",
        "something_new": 1,
        "app": None,
    }
    for _ in range(3):
        answer = app.post_json(REPORT, said, status=201).json
    assert answer["addon"]["guid"] == GUID
    assert answer["addon"]["slug"] == "tab-notes"
    assert answer["reporter"] is None
    assert (answer["message"], answer["reporter_email"], answer["app"]) == (
        said["message"],
        "me@example.org",
        None,
    )
    assert "something_new" not in answer
    assert state(database) == ExtensionState.ACTIVE
    found = app.get(QUEUE, headers=admin).json["results"]
    assert len(found) == 3
    assert (found[0]["reporter"], found[0]["reason"], found[0]["version"]) == (None, "harm", "1.0")
    assert found[0]["context"] == {
        "reason": "damage",
        "reporter_email": "me@example.org",
        "addon_version": "1.0",
        "location": "addon",
    }
    decision = found[0]["url"].removeprefix("http://127.0.0.1:6543") + "decision/"
    app.put_json(decision, {"decision": "uphold", "reason": "So it does.", "all": True}, headers=admin)
    assert state(database) == ExtensionState.DISABLED


def test_with_an_account(app, published, bob, accounts, database):
    said = {"addon": "tab-notes", "message": "Spam."}
    token = accounts.bearer("bob", scopes=["read"])
    assert app.post_json(REPORT, said, headers=token, status=403).json["code"] == "ERROR_SCOPE"
    answer = app.post_json(REPORT, said, headers=bob, status=201).json
    assert answer["reporter"]["username"] == "bob"
    assert state(database) == ExtensionState.PENDING_DISABLE


@pytest.fixture
def ini(ini):
    return ini | {"reports.mail_to": "team@example.org"}


def test_the_mail_says_who_it_is_from(app, published, bob, work, ini):
    for headers in ({}, bob):
        app.post_json(REPORT, {"addon": GUID, "message": "Spam."}, headers=headers, status=201)
    work()
    texts = [path.read_text() for path in sorted(Path(ini["mail.folder"]).glob("*.eml"))]
    assert [text.partition("\n\n")[2].partition(" has reported tab-notes: other.")[0] for text in texts] == [
        "Somebody without an account",
        "bob",
    ]


def test_the_owners_may_not(app, published, ann):
    app.post_json(REPORT, {"addon": GUID, "message": "x"}, headers=ann, status=403)


def test_anonymous_reports_count_for_nothing(app, published, bob, admin, database):
    """Neither do they hide again what the team has cleared, nor keep it hidden."""
    app.post_json(REPORT, {"addon": GUID, "message": "Spam."}, headers=bob)
    app.post_json(REPORT, {"addon": GUID, "message": "Spam."})
    of_bob = next(each for each in app.get(QUEUE, headers=admin).json["results"] if each["reporter"])
    decision = of_bob["url"].removeprefix("http://127.0.0.1:6543") + "decision/"
    app.put_json(decision, {"decision": "dismiss", "reason": "No."}, headers=admin)
    assert state(database) == ExtensionState.ACTIVE
    app.post_json(REPORT, {"addon": GUID, "message": "Spam!"})
    assert state(database) == ExtensionState.ACTIVE


def test_addons_that_are_not_here(app, database):
    answer = app.post_json(REPORT, {"addon": "other@example.org", "message": "It spies."}, status=201).json
    assert answer["addon"] == {"guid": "other@example.org", "id": None, "slug": None}
    with database.read() as connection:
        (event,) = connection.execute(select(Event.kind, Event.data))
    assert event.kind == "report.elsewhere"
    assert (event.data["guid"], event.data["comment"]) == ("other@example.org", "It spies.")


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        ({"addon": None}, {"addon"}),
        ({"message": None}, {"message"}),
        ({"addon": "", "message": ""}, {"addon", "message"}),
        ({"addon": ["x"]}, {"addon"}),
        ({"message": "x" * 10_001}, {"message"}),
        ({"addon_name": "x" * 256}, {"addon_name"}),
        ({"location": "here"}, {"location"}),
        ({"lang": 5}, {"lang"}),
    ],
)
def test_what_is_refused(app, bad, fields):
    assert set(app.post_json(REPORT, {"addon": GUID, "message": "x", **bad}, status=400).json) == fields


def test_bodies_that_are_no_json(app):
    app.post(REPORT, {"addon": GUID, "message": "x"}, status=415)
    app.post(REPORT, b"{", headers={"Content-Type": "application/json"}, status=400)
