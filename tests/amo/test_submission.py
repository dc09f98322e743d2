"""Uploads become versions of new and old add-ons: v5 of Mozilla's API."""

import functools
import re

import pytest
from sqlalchemy import select

from registry.domain import validation
from registry.models import Upload
from support.amo import GUID
from support.samples import webextension

ADDON = f"/api/v5/addons/addon/{GUID}/"
ADDONS = "/api/v5/addons/addon/"
LISTING = {
    "categories": ["bookmarks"],
    "summary": {"en-US": "Notes on every tab"},
    "version": {"license": "MPL-2.0"},
}


def test_a_new_addon_by_its_id(app, ann, submit, work):
    created = submit(webextension(), status=201).json
    assert created["guid"] == GUID
    assert created["status"] == "incomplete"
    version = created["version"]
    assert version["id"] == created["latest_unlisted_version"]["id"]
    assert version["edit_url"].startswith("http://")
    assert version["file"]["status"] == "unreviewed"
    poll = f"{ADDON}versions/{version['id']}/"
    assert app.get(poll, headers=ann).json == version
    work()
    file = app.get(poll, headers=ann).json["file"]
    assert file["status"] == "public"
    assert app.get(file["url"], headers=ann).body.startswith(b"PK")
    assert app.get(file["url"]).body.startswith(b"PK")


def test_a_new_addon_without_an_id_gets_one(app, submit):
    package = webextension(guid=None, manifest_version=2)
    created = submit(package, guid=None, status=201).json
    assert re.fullmatch(r"\{[0-9a-f-]{36}\}", created["guid"])
    assert submit(package, guid=None, status=200).json["guid"] == created["guid"]


def test_one_that_was_given_an_id_is_known_by_it(app, submit):
    guid = submit(webextension(guid=None, manifest_version=2), guid=None).json["guid"]
    for name in (guid, guid.replace("{", "%7B").replace("}", "%7D")):
        submit(webextension(guid=None, version="2.0", manifest_version=2), name, status=200)


def test_a_version_is_added(app, ann, submit):
    submit(webextension(), status=201)
    added = submit(webextension(version="1.1"), status=200).json
    assert added["version"]["version"] == "1.1"
    rows = app.get(f"{ADDON}versions/?filter=all_with_unlisted", headers=ann).json["results"]
    assert [row["version"] for row in rows] == ["1.1", "1.0"]
    assert rows[0] == added["version"]


def test_an_interrupted_client_may_ask_again(app, ann, upload, database):
    key = upload(webextension())["uuid"]
    put = functools.partial(app.put_json, ADDON, {"version": {"upload": key}}, headers=ann)
    created, again = put(status=201).json, put(status=200).json
    assert again == created
    assert app.get(f"/api/v5/addons/upload/{key}/", headers=ann).json["submitted"]
    elsewhere = app.put_json(
        "/api/v5/addons/addon/other@example.org/", {"version": {"upload": key}}, headers=ann, status=400
    )
    assert "SUBMITTED" in elsewhere.json["version"]["upload"][0]


def test_the_same_bytes_again_are_the_same_version(submit):
    created = submit(webextension(), status=201).json
    assert submit(webextension(), status=200).json["version"] == created["version"]


def test_many_at_once_make_one_version(app, ann, upload, at_once):
    key = upload(webextension())["uuid"]
    put = functools.partial(app.put_json, ADDON, {"version": {"upload": key}}, headers=ann)
    answers = at_once([put] * 4)
    assert sorted(answer.status_int for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json["version"]["id"] for answer in answers}) == 1


def test_a_number_that_is_taken(app, ann, submit, work):
    first = submit(webextension(), status=201).json["version"]
    work()
    for channel, package in (
        ("unlisted", webextension(description="other bytes")),
        ("listed", webextension()),
    ):
        refused = submit(package, channel=channel, status=409, **LISTING).json
        (message,) = refused["version"]
        assert refused["detail"] == message
        assert "1.0" in message
        assert first["file"]["url"] in message
        assert "signed" in message
        assert refused["code"] == "VERSION_EXISTS"
        assert refused["file"]["status"] == "public"
        assert refused["version_id"] == first["id"]


def test_the_id_of_an_addon_that_is_there_cannot_be_made_anew(submit):
    submit(webextension(), status=201)
    refused = submit(webextension(version="2.0"), guid=None, status=409).json
    assert "Duplicate" in refused["guid"][0]
    assert refused["url"].endswith(ADDON)


def test_somebody_elses_addon(app, bob, submit, work):
    submit(webextension(), status=201)
    for _ in range(2):
        refused = submit(webextension(version="2.0"), headers=bob, status=403).json
        assert refused["code"] in ("NOT_OWNER", "ERROR_PERMISSION_DENIED")
        work()


def test_nothing_without_a_login(app):
    assert app.put_json(ADDON, {"version": {"upload": "0" * 32}}, status=401).json["code"]
    assert app.post_json(ADDONS, {"version": {"upload": "0" * 32}}, status=401).json["code"]


def test_every_way_an_upload_may_be_wrong(app, ann, bob, upload):
    def refusal(key):
        for send, where in ((app.put_json, ADDON), (app.post_json, ADDONS)):
            refused = send(where, {"version": {"upload": key}}, headers=ann, status=400).json
        (message,) = refused["version"]["upload"]
        return message

    assert "required" in refusal("")
    assert "string" in refusal(7)
    assert "NO_UPLOAD" in refusal("nonsense")
    assert "NO_UPLOAD" in refusal("0" * 32)
    assert "NO_UPLOAD" in refusal(upload(webextension(), headers=bob)["uuid"])
    invalid = upload(webextension(version="1.0b2"))
    assert "INVALID_VERSION_NUMBER" in refusal(invalid["uuid"])
    assert invalid["url"] in refusal(invalid["uuid"])


def test_one_that_a_validator_still_looks_at(app, ann, upload, database):
    sent = upload(webextension())

    def ask_another(session):
        row = session.scalars(select(Upload)).one()
        row.tools = ["another"]
        validation.want(session, row.sha256, row.tools)

    database.write(ask_another)
    shown = app.get(sent["url"], headers=ann).json
    assert (shown["processed"], shown["valid"], shown["validation"]) == (False, False, None)
    refused = app.put_json(ADDON, {"version": {"upload": sent["uuid"]}}, headers=ann, status=400).json
    assert "STILL_VALIDATING" in refused["version"]["upload"][0]
    assert "retry" in refused["version"]["upload"][0]


def test_the_address_and_the_manifest_agree_about_the_id(app, ann, submit):
    refused = submit(webextension(), "other@example.org", status=400).json
    assert "GUID_MISMATCH" in refused["version"]["upload"][0]
    refused = submit(webextension(guid=None), "new@example.org", status=400).json
    assert "NO_GUID" in refused["version"]["upload"][0]


@pytest.mark.parametrize("guid", ["no-id", "a b", "x@" + "y" * 300, "{1234}", "%00", "1", "a%2fb@c"])
def test_what_is_no_id_is_not_found(app, ann, guid):
    app.put_json(f"{ADDONS}{guid}/", {"version": {"upload": "0" * 32}}, headers=ann, status=404)


def test_verbs(app, ann, submit):
    submit(webextension(), status=201)
    refused = app.put_json(ADDONS, {}, headers=ann, status=405)
    assert refused.headers["Allow"] == "OPTIONS, POST"
    allowed = app.options(ADDON, headers=ann, status=204).headers["Allow"].split(", ")
    assert {"GET", "PUT"} <= set(allowed)


def test_bodies_that_are_no_json_object(app, ann):
    for body in ("[]", "7", "{", '{"version": {"upload": "\\ud800"}}'):
        answer = app.put(ADDON, body, headers=ann | {"Content-Type": "application/json"}, status=400)
        assert answer.json
    app.put(ADDON, {"version": "x"}, headers=ann, status=415)
    app.put(ADDON, upload_files=[("upload", "x", b"x")], headers=ann, status=415)
    for version in (None, "x", [], {}):
        refused = app.put_json(ADDON, {"version": version}, headers=ann, status=400).json
        assert refused["version"]
    app.put_json(ADDON, {}, headers=ann, status=400)


@pytest.mark.parametrize("version", ["1.0.0.0.1", "99999999999.0", "01.0", "1.0rc1", "v1", "", "1..0"])
def test_numbers_that_are_none(upload, version):
    assert not upload(webextension(version=version))["valid"]


def test_a_listed_addon_needs_all_of_it_and_is_told_so_at_once(submit):
    refused = submit(webextension(), channel="listed", status=400).json
    assert set(refused) == {"categories", "summary", "version"}
    for messages in (refused["categories"], refused["summary"], refused["version"]["license"]):
        assert "for example" in messages[0]


def test_a_listed_addon(app, ann, submit, work):
    created = submit(webextension(), channel="listed", status=201, **LISTING).json
    assert created["status"] == "nominated"
    assert created["categories"] == ["bookmarks"]
    assert created["summary"] == {"en-US": "Notes on every tab"}
    assert created["version"]["channel"] == "listed"
    assert created["current_version"] == created["version"]
    license = created["version"]["license"]
    assert (license["slug"], license["is_custom"]) == ("MPL-2.0", False)
    work()
    shown = app.get(ADDON).json
    assert shown["status"] == "public"
    assert shown["summary"] == {"en-US": "Notes on every tab"}
    # What was said once need not be said again.
    later = submit(webextension(version="2.0"), channel="listed", status=200).json
    assert later["version"]["license"]["slug"] == "MPL-2.0"


def test_a_licence_of_ones_own(submit):
    custom = {"name": {"en-US": "Mine"}, "text": {"en-US": "Be kind.\n"}}
    created = submit(webextension(), version={"custom_license": custom}).json
    license = created["version"]["license"]
    assert (license["is_custom"], license["slug"]) == (True, None)
    assert (license["name"], license["text"]) == ({"en-US": "Mine"}, {"en-US": "Be kind."})


def test_licences_and_categories_that_there_are_not(app, ann, submit):
    refused = submit(webextension(), status=400, categories=["music"], version={"license": "mit"}).json
    assert "bookmarks" in refused["categories"][0]
    assert "MIT" in refused["version"]["license"][0]
    theme = webextension(theme={"colors": {}})
    submit(theme, status=400, version={"license": "MIT"})
    submit(theme, status=201, categories=["music"], version={"license": "CC-BY-3.0"})
    both = {"license": "MIT", "custom_license": {"name": {"en-US": "x"}, "text": {"en-US": "x"}}}
    refused = submit(webextension(version="2.0"), status=400, version=both).json
    assert set(refused["version"]) == {"license", "custom_license"}


def test_everything_that_may_be_said(app, ann, submit, work):
    said = {
        "name": {"en-US": "Notes", "de": "Notizen"},
        "summary": {"en-US": "Short"},
        "description": {"en-US": "*Long*"},
        "developer_comments": {"en-US": "Be patient."},
        "homepage": {"en-US": "https://example.org/"},
        "support_url": {"en-US": "https://example.org/help"},
        "support_email": {"en-US": "help@example.org"},
        "contributions_url": "https://example.org/give",
        "tags": ["notes"],
        "categories": {"firefox": ["tabs"]},
        "slug": "notes-of-mine",
        "is_experimental": True,
        "requires_payment": True,
        "something_new": 7,
    }
    version = {
        "license": "MIT",
        "release_notes": {"en-US": "First", "de": "Erste"},
        "approval_notes": "Look at the map.",
        "compatibility": {"firefox": {"min": "120.0"}, "android": {}},
    }
    created = submit(webextension(), channel="listed", status=201, version=version, **said).json
    work()
    shown = app.get(ADDON).json
    for field in ("name", "summary", "description", "developer_comments", "support_email"):
        assert shown[field] == said[field]
    assert shown["homepage"]["url"] == said["homepage"]
    assert shown["support_url"]["url"] == said["support_url"]
    assert shown["contributions_url"]["url"] == said["contributions_url"]
    assert (shown["slug"], shown["tags"], shown["categories"]) == ("notes-of-mine", ["notes"], ["tabs"])
    assert (shown["is_experimental"], shown["requires_payment"]) == (True, True)
    assert shown["current_version"]["release_notes"] == version["release_notes"]
    assert shown["current_version"]["compatibility"]["firefox"]["min"] == "120.0"
    assert set(shown["current_version"]["compatibility"]) == {"firefox", "android"}
    assert created["version"]["approval_notes"] == "Look at the map."
    # Later words go over the former ones, language by language.
    submit(webextension(version="2.0"), status=200, name={"de": None, "fr": "Notes"}, support_email=None)
    later = app.get(ADDON).json
    assert later["name"] == {"en-US": "Notes", "fr": "Notes"}
    assert later["support_email"] is None


def test_another_default_language(app, submit, work):
    refused = submit(webextension(), status=400, default_locale="fr").json
    assert "name" in refused
    created = submit(webextension(), status=201, default_locale="fr", name={"fr": "Notes d'onglets"}).json
    assert created["default_locale"] == "fr"
    assert created["name"]["fr"] == "Notes d'onglets"


def test_texts_that_cannot_be(submit):
    for field, value in (
        ("name", "Notes"),
        ("name", {"en-US": "x" * 51}),
        ("summary", {"en-US": "x" * 251}),
        ("summary", {"klingon!": "x"}),
        ("homepage", {"en-US": "javascript:alert(1)"}),
        ("contributions_url", "javascript:alert(1)"),
        ("categories", "tabs"),
        ("tags", [1]),
        ("slug", "Not A Slug"),
        ("slug", "12"),
        ("is_experimental", "yes"),
        ("default_locale", "no language"),
    ):
        assert field in submit(webextension(), status=400, **{field: value}).json, (field, value)
    for field, value in (
        ("release_notes", "x"),
        ("approval_notes", "x" * 3001),
        ("compatibility", ["netscape"]),
        ("custom_license", {"name": {"en-US": "x"}}),
        ("custom_license", {"name": {}, "text": {}}),
    ):
        refused = submit(webextension(), status=400, version={field: value}).json
        assert field in refused["version"], (field, value)


def test_a_refused_submission_leaves_nothing(app, ann, submit):
    submit(webextension(), status=400, slug="12")
    app.get(ADDON, headers=ann, status=404)


def test_no_slug_is_a_number(app, ann, submit):
    created = submit(webextension(name="2048"), status=201).json
    assert created["slug"] == "2048-extension"
    assert app.get(f"{ADDONS}2048-extension/", headers=ann).json["id"] == created["id"]
