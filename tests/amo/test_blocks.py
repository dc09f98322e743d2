"""What Mozilla's clients are told to switch off, one add-on at a time."""

import pytest

from registry.domain import states
from registry.models import Extension, ExtensionState
from support.amo import GUID
from support.samples import brackets, webextension

BLOCK = f"/api/v5/blocklist/block/{GUID}/"


@pytest.fixture
def team(accounts):
    accounts.user("root", admin=True)
    return accounts.bearer("root", scopes=["read", "manage"]) | {"If-Match": "*"}


@pytest.fixture
def signed(sign, work):
    for number in ("1.0", "1.9", "1.10"):
        sign(webextension(version=number), number)
    work()


def test_nothing_is_blocked(app, signed):
    app.get(BLOCK, status=404)
    app.get("/api/v5/blocklist/block/none@example.org/", status=404)


def test_versions_that_the_team_has_taken_back(app, signed, team):
    for number in ("1.10", "1.9"):
        app.patch_json(
            f"/api/v4/extensions/{GUID}/versions/{number}/manage/",
            {"yanked": True, "reason": {"code": "other", "text": "It phones home."}},
            headers=team,
            status=200,
        )
    found = app.get(BLOCK).json
    assert found["guid"] == GUID
    assert (found["blocked"], found["soft_blocked"]) == (["1.9", "1.10"], [])
    assert found["is_all_versions"] is False
    assert found["reason"] == "It phones home."
    assert found["addon_name"] == {"en-US": "Tab Notes"}
    assert app.get(f"{BLOCK}?lang=de").json["addon_name"]["_default"] == "en-US"
    assert app.get(f"/api/v5/blocklist/block/{found['id']}/").json == found


def test_an_addon_that_is_disabled(app, signed, database):
    def disable(session):
        extension = session.query(Extension).one()
        states.set_state(session, extension, ExtensionState.DISABLED, reason="malware", actor_id=None)

    database.write(disable)
    found = app.get(BLOCK).json
    assert (found["is_all_versions"], found["blocked"]) == (True, ["1.0", "1.9", "1.10"])
    assert found["reason"] == "malware"


def test_it_is_for_browser_extensions(app, ann):
    app.post("/api/v4/extensions/", brackets("word-tally"), headers=ann)
    app.get("/api/v5/blocklist/block/word-tally/", status=404)
