"""Add-ons, versions and files as v5 of Mozilla's API shows them."""

import hashlib

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.models import Extension, ExtensionState
from support.samples import brackets, webextension

ADDON = "/api/v5/addons/addon/tab-notes@example.org/"


@pytest.fixture
def published(app, ann, work):
    """An add-on with a signed version 1.0 and one, 2.0, that waits."""
    package = webextension(
        permissions=["tabs"],
        host_permissions=["https://example.org/*"],
        description="Notes on tabs",
        homepage_url="https://example.org/",
    )
    app.post("/api/v4/extensions/", package, headers=ann)
    work()
    app.post("/api/v4/extensions/", webextension(version="2.0"), headers=ann)


def test_an_addon_by_guid_slug_and_number(app, published):
    shown = app.get(ADDON).json
    assert shown["guid"] == "tab-notes@example.org"
    assert shown["slug"] == "tab-notes"
    assert shown["type"] == "extension"
    assert shown["status"] == "public"
    assert shown["name"] == {"en-US": "Tab Notes"}
    assert shown["default_locale"] == "en-US"
    assert shown["current_version"]["version"] == "1.0"
    assert [author["username"] for author in shown["authors"]] == ["ann"]
    assert "latest_unlisted_version" not in shown
    for name in (shown["slug"], str(shown["id"]), "tab-notes%40example.org"):
        assert app.get(f"/api/v5/addons/addon/{name}/").json == shown


def test_it_knows_browser_extensions_only(app, ann, work):
    app.post("/api/v4/extensions/", brackets(), headers=ann)
    work()
    app.get("/api/v5/addons/addon/word-tally/", status=404)


def test_one_language(app, published):
    assert app.get(f"{ADDON}?lang=en-US").json["summary"] == {"en-US": "Notes on tabs"}
    assert app.get(f"{ADDON}?lang=fr").json["summary"] == {
        "en-US": "Notes on tabs",
        "fr": None,
        "_default": "en-US",
    }
    assert app.get(f"{ADDON}?lang=fr").json["description"] is None


def test_links_lead_through_the_bouncer(app, published):
    link = app.get(ADDON).json["homepage"]
    assert link["url"] == {"en-US": "https://example.org/"}
    assert app.get(link["outgoing"]["en-US"], status=302).location == "https://example.org/"


def test_how_many_of_each_rating_only_if_asked(app, published):
    assert "grouped_counts" not in app.get(ADDON).json["ratings"]
    counts = app.get(f"{ADDON}?show_grouped_ratings=true").json["ratings"]["grouped_counts"]
    assert counts == {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0}


def test_a_version_by_id_and_by_number(app, ann, published):
    shown = app.get(ADDON).json["current_version"]
    for which in (shown["id"], "1.0", "v1.0"):
        assert app.get(f"{ADDON}versions/{which}/").json == shown
    assert shown["channel"] == "listed"
    assert shown["compatibility"] == {"firefox": {"min": "109.0", "max": "*"}}
    assert shown["file"]["status"] == "public"
    assert shown["file"]["permissions"] == ["tabs"]
    assert shown["file"]["host_permissions"] == ["https://example.org/*"]
    assert "approval_notes" not in shown
    assert app.get(f"{ADDON}versions/{shown['id']}/", headers=ann).json["approval_notes"] is None
    # A whole number is an id, and never the number of a version.
    app.get(f"{ADDON}versions/{shown['id'] + 10}/", headers=ann, status=404)


def test_the_file_is_what_its_hash_says(app, ann, published):
    file = app.get(ADDON).json["current_version"]["file"]
    assert file["url"].endswith("/tab-notes-1.0.xpi")
    for headers in ({}, ann):
        answer = app.get(file["url"], headers=headers)
        assert file["hash"] == f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        assert file["size"] == len(answer.body)


def test_what_waits_is_unreviewed_and_its_authors_own(app, ann, bob, published):
    waiting = app.get(f"{ADDON}versions/v2.0/", headers=ann).json
    assert waiting["file"]["status"] == "unreviewed"
    assert waiting["reviewed"] is None
    assert app.get(waiting["file"]["url"], headers=ann, status=404).json["code"] == "NOT_SIGNED_YET"
    for headers in ({}, bob):
        app.get(f"{ADDON}versions/v2.0/", headers=headers, status=404)
        app.get(waiting["file"]["url"], headers=headers, status=404)


def test_the_versions_newest_first(app, ann, bob, published, work):
    def numbers(query="", **more):
        return [row["version"] for row in app.get(f"{ADDON}versions/{query}", **more).json["results"]]

    assert numbers() == ["1.0"]
    assert numbers(headers=ann) == ["1.0"]
    assert numbers("?filter=all_without_unlisted", headers=ann) == ["2.0", "1.0"]
    assert numbers("?filter=all_with_unlisted", headers=ann) == ["2.0", "1.0"]
    app.post("/api/v4/extensions/", webextension(version="1.5"), headers=ann)
    assert numbers("?filter=all_with_deleted", headers=ann) == ["1.5", "2.0", "1.0"]
    refused = app.get(f"{ADDON}versions/?filter=all_with_unlisted", status=401)
    assert refused.json["detail"]
    app.get(f"{ADDON}versions/?filter=all_with_unlisted", headers=bob, status=403)
    assert "filter" in app.get(f"{ADDON}versions/?filter=some", headers=ann, status=400).json


def test_pages_are_brought_within_bounds(app, ann, published):
    where = f"{ADDON}versions/?filter=all_with_unlisted"
    for asked, given in (("1", 1), ("51", 50), ("0", 25), ("-3", 25), ("many", 25), ("9" * 400, 25)):
        page = app.get(f"{where}&page_size={asked}", headers=ann).json
        assert list(page) == ["page_size", "page_count", "count", "next", "previous", "results"]
        assert (page["page_size"], page["count"]) == (given, 2)
    second = app.get(app.get(f"{where}&page_size=1", headers=ann).json["next"], headers=ann).json
    assert [row["version"] for row in second["results"]] == ["1.0"]
    for page in ("0", "-1", "x", "3", "99999999999"):
        app.get(f"{where}&page_size=1&page={page}", headers=ann, status=404)


def test_an_addon_without_a_version_on_offer_is_its_authors_own(app, ann, bob):
    app.post("/api/v4/extensions/", webextension(), headers=ann)
    assert app.get(ADDON, headers=ann).json["status"] == "nominated"
    app.get(ADDON, status=404)
    app.get(ADDON, headers=bob, status=404)


@pytest.mark.parametrize("state", [ExtensionState.DISABLED, ExtensionState.PENDING_DISABLE])
def test_one_that_the_team_has_taken_back(app, database, ann, bob, published, state):
    def take_back(session):
        extension = session.scalars(select(Extension)).one()
        states.set_state(session, extension, state, reason="a test", actor_id=None)

    version = app.get(ADDON).json["current_version"]
    database.write(take_back)
    for headers, status in (({}, 401), (bob, 403)):
        refused = app.get(ADDON, headers=headers, status=status).json
        assert refused["is_disabled_by_mozilla"]
        assert not refused["is_disabled_by_developer"]
        app.get(f"{ADDON}versions/{version['id']}/", headers=headers, status=status)
    assert app.get(ADDON, headers=ann).json["status"] == "disabled"


def test_who_one_is(app, ann):
    profile = app.get("/api/v5/accounts/profile/", headers=ann).json
    assert profile["username"] == "ann"
    assert app.get("/api/v5/accounts/profile/", status=401).json["code"] == "ERROR_NOT_AUTHENTICATED"
