"""Authors edit add-ons, their policies and their pictures: v5 of Mozilla's API."""

import pytest

from support.amo import GUID
from support.pictures import picture
from support.samples import webextension

ADDON = f"/api/v5/addons/addon/{GUID}/"


@pytest.fixture
def addon(app, ann, work):
    """A listed add-on with a signed version."""
    package = webextension(description="Notes on tabs", homepage_url="https://example.org/")
    app.post("/api/v4/extensions/", package, headers=ann)
    work()
    return app.get(ADDON, headers=ann).json


@pytest.fixture
def edit(app, ann, addon):
    def edit(status=200, headers=None, **body):
        return app.patch_json(ADDON, body, headers=ann if headers is None else headers, status=status).json

    return edit


def test_everything_that_can_be_edited(app, ann, edit):
    wanted = {
        "name": {"en-US": "Notes", "fr": "Notes en onglets"},
        "summary": {"en-US": "Short", "fr": "Court"},
        "description": {"en-US": "Long"},
        "developer_comments": {"en-US": "Thanks"},
        "support_email": {"en-US": "help@example.org"},
        "categories": ["bookmarks", "tabs"],
        "tags": ["notes"],
        "is_disabled": True,
        "is_experimental": True,
        "requires_payment": True,
        "slug": "tab-notes",
    }
    links = {
        "homepage": {"en-US": "https://example.org/notes"},
        "support_url": {"en-US": "https://example.org/help", "fr": "https://example.org/aide"},
    }
    shown = edit(**wanted, **links, contributions_url="https://example.org/give")
    assert {name: shown[name] for name in wanted} == wanted
    assert {name: shown[name]["url"] for name in links} == links
    assert shown["contributions_url"]["url"] == "https://example.org/give"
    assert app.get(ADDON, headers=ann).json == shown
    assert app.get("/api/v4/extensions/").json["count"] == 0
    assert edit(is_disabled=False)["is_disabled"] is False
    assert app.get("/api/v4/extensions/").json["count"] == 1


def test_languages_that_are_not_named_stay_and_null_deletes(edit):
    edit(summary={"en-US": "Short", "fr": "Court", "de": "Kurz"})
    assert edit(summary={"fr": None})["summary"] == {"en-US": "Short", "de": "Kurz"}
    assert edit(summary={"fr": "Bref"})["summary"] == {"en-US": "Short", "de": "Kurz", "fr": "Bref"}
    assert edit(homepage=None, contributions_url=None)["homepage"] is None


def test_an_edit_outlives_the_next_version(app, ann, edit, work):
    edit(homepage=None, name={"en-US": "Notes"})
    package = webextension(version="2.0", homepage_url="https://example.org/two")
    app.post("/api/v4/extensions/", package, headers=ann)
    work()
    shown = app.get(ADDON).json
    assert shown["current_version"]["version"] == "2.0"
    assert (shown["homepage"], shown["name"]) == (None, {"en-US": "Notes"})


def test_the_default_locale_needs_its_texts(edit):
    assert "fr" in edit(default_locale="fr", status=400)["name"][0]
    edit(name={"fr": "Onglets"}, summary={"fr": "Court"}, homepage=None)
    assert edit(default_locale="fr")["default_locale"] == "fr"
    assert "fr" in edit(name={"fr": None}, status=400)["name"][0]
    assert edit(name={"en-US": None})["name"] == {"fr": "Onglets"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Notes"),
        ("name", None),
        ("name", {"en-US": None}),
        ("name", {"no language": "x"}),
        ("name", {"en-US": "n" * 51}),
        ("summary", {"en-US": ""}),
        ("summary", {"en-US": "s" * 251}),
        ("homepage", {"en-US": None, "fr": "https://example.org/"}),
        ("homepage", {"en-US": "javascript:void 0"}),
        ("support_url", ["https://example.org/"]),
        ("categories", ["no-such"]),
        ("categories", []),
        ("categories", ["tabs", "bookmarks", "other", "shopping"]),
        ("tags", "notes"),
        ("slug", "other-name"),
        ("default_locale", "no language"),
        ("default_locale", 7),
        ("is_disabled", "yes"),
        ("contributions_url", "example"),
        ("icon", "data:"),
    ],
)
def test_what_is_refused(edit, addon, app, ann, field, value):
    assert field in edit(**{field: value}, status=400)
    assert app.get(ADDON, headers=ann).json == addon


def test_all_faults_at_once(edit):
    assert edit(name="x", tags=7, is_disabled=3, status=400).keys() == {"name", "tags", "is_disabled"}


def test_who_may_edit(app, addon, ann, bob):
    assert app.patch_json(ADDON, {"tags": []}, status=401).json["code"]
    assert app.patch_json(ADDON, {"tags": []}, headers=bob, status=403).json["code"]
    assert app.patch_json("/api/v5/addons/addon/none/", {"tags": []}, headers=ann, status=404).json["code"]
    assert app.patch(ADDON, b"{}", headers={**ann, "Content-Type": "text/plain"}, status=415).json["code"]


def test_the_icon(app, ann, addon, work):
    sent = app.patch(ADDON, upload_files=[("icon", "icon.png", picture((128, 128)))], headers=ann)
    assert sent.json["guid"] == GUID
    work()
    assert app.get(ADDON, headers=ann).json["icons"]["128"]
    assert app.patch_json(ADDON, {"icon": None}, headers=ann).json["icon_url"] is None
    for files, field in (
        ([("icon", "icon.txt", b"no picture")], "icon"),
        ([("other", "icon.png", picture())], "icon"),
        ([("icon", "a.png", picture()), ("icon", "b.png", picture())], "icon"),
    ):
        assert field in app.patch(ADDON, upload_files=files, headers=ann, status=400).json


def test_previews(app, ann, bob, addon, work):
    previews = f"{ADDON}previews/"

    def send(colour, status=201, headers=ann, **fields):
        files = [("image", "shot.png", picture((400, 300), colour))]
        return app.post(previews, fields, upload_files=files, headers=headers, status=status).json

    first, second = send((1, 2, 3)), send((4, 5, 6), position="0")
    assert first["image_url"] is None
    work()
    shown = app.get(ADDON, headers=ann).json["previews"]
    assert [shot["id"] for shot in shown] == [second["id"], first["id"]]
    assert shown[0]["image_size"] == [400, 300]
    one = f"{previews}{first['id']}/"
    changed = app.patch_json(
        one, {"caption": {"en-US": "A tab", "fr": "Onglet"}, "position": 0}, headers=ann
    ).json
    assert changed["caption"] == {"en-US": "A tab", "fr": "Onglet"}
    assert changed["image_url"]
    assert app.patch_json(one, {"caption": {"fr": None}}, headers=ann).json["caption"] == {"en-US": "A tab"}
    assert [shot["id"] for shot in app.get(ADDON).json["previews"]] == [first["id"], second["id"]]
    assert app.patch_json(one, {"caption": None}, headers=ann).json["caption"] is None
    assert "position" in send((7, 8, 9), position="first", status=400)
    assert "caption" in app.patch_json(one, {"caption": "A tab"}, headers=ann, status=400).json
    assert send((7, 8, 9), headers=bob, status=403)["code"]
    app.delete(one, headers=bob, status=403)
    app.delete(one, headers=ann, status=204)
    app.delete(one, headers=ann, status=404)
    assert app.get(ADDON).json["previews"][0]["id"] == second["id"]


def test_an_icon_is_no_preview(app, ann, addon):
    app.patch(ADDON, upload_files=[("icon", "icon.png", picture())], headers=ann)
    (icon,) = app.get("/api/v4/extensions/tab-notes/images/", headers=ann).json
    app.delete(f"{ADDON}previews/{icon['id']}/", headers=ann, status=404)
    app.patch_json(f"{ADDON}previews/{icon['id']}/", {}, headers=ann, status=404)


def test_policies(app, ann, bob, addon):
    where = f"{ADDON}eula_policy/"
    assert app.get(where).json == {"eula": None, "privacy_policy": None}
    said = app.patch_json(where, {"eula": {"en-US": "Agree\nto this", "fr": "Oui"}}, headers=ann).json
    assert said == {"eula": {"en-US": "Agree\nto this", "fr": "Oui"}, "privacy_policy": None}
    assert app.get(where).json == said
    assert app.get(f"{where}?lang=fr").json["eula"] == {"fr": "Oui"}
    assert app.get(ADDON).json["has_eula"]
    assert not app.get(ADDON).json["has_privacy_policy"]
    assert app.patch_json(where, {"eula": None}, headers=ann).json["eula"] is None
    assert "eula" in app.patch_json(where, {"eula": "Agree"}, headers=ann, status=400).json
    app.patch_json(where, {}, headers=bob, status=403)
    app.patch_json(where, {}, status=401)


def test_what_changed_is_known_to_everybody(app, ann, edit):
    seq = app.get("/api/v4/changes/").json["seq"]
    edit(developer_comments={"en-US": "Thanks"})
    assert app.get(ADDON).json["developer_comments"] == {"en-US": "Thanks"}
    assert app.get(f"/api/v4/changes/?since={seq}").json["changes"][0]["name"] == "tab-notes"
    seq = app.get("/api/v4/changes/").json["seq"]
    edit(developer_comments={"en-US": "Thanks"})
    assert app.get(f"/api/v4/changes/?since={seq}").json["changes"] == []
