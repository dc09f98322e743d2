"""Authors delete versions and add-ons: v5 of Mozilla's API, and ours."""

import pytest
import time_machine
from sqlalchemy import func, select

from registry.domain import states, yanking
from registry.domain.decisions import Reason
from registry.models import Artifact, Blob, Extension, ExtensionState, Job, Upload, Validation, Version, now
from support.amo import GUID, local
from support.archives import build_zip
from support.samples import brackets, webextension

ADDON = f"/api/v5/addons/addon/{GUID}/"
OURS = "/api/v4/extensions/tab-notes/"


@pytest.fixture
def addon(app, ann, work):
    """A listed add-on with the signed versions 1.0 and 2.0."""
    for version in ("1.0", "2.0"):
        app.post("/api/v4/extensions/", webextension(version=version), headers=ann)
    work()
    return app.get(ADDON).json


@pytest.fixture
def confirm(app, ann, addon):
    """Ask for a confirmation; its token."""

    def confirm(headers=None):
        return app.get(f"{ADDON}delete_confirm/", headers=headers or ann).json["delete_confirm"]

    return confirm


def delete(app, token, headers, status=204):
    return app.delete(f"{ADDON}?delete_confirm={token}", headers=headers, status=status)


def test_a_deleted_version_is_gone(app, ann, addon, database):
    seq = app.get("/api/v4/changes/").json["seq"]
    url = local(addon["current_version"]["file"]["url"])
    version = f"{ADDON}versions/{addon['current_version']['id']}/"
    app.delete(version, headers=ann, status=204)
    app.delete(version, headers=ann, status=404)
    app.get(version, headers=ann, status=404)
    for gone in (url, f"{OURS}versions/2.0/", f"{OURS}versions/2.0/download"):
        app.get(gone, status=404)
        app.get(gone, headers=ann, status=404)
    assert app.get(ADDON).json["current_version"]["version"] == "1.0"
    change = app.get(f"/api/v4/changes/?since={seq}").json["changes"][0]
    assert (change["name"], change["version"]) == ("tab-notes", "1.0")
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Artifact)) == 1
        assert connection.scalar(select(func.count()).select_from(Blob)) == 2
        assert connection.scalar(select(func.count()).select_from(Validation)) == 1


def test_a_deleted_number_is_never_given_again(app, ann, addon, submit, sign):
    app.delete(f"{OURS}versions/2.0/", headers=ann, status=204)
    for package in (webextension(version="2.0"), webextension(version="2.0", description="Other")):
        assert (
            app.post("/api/v4/extensions/", package, headers=ann, status=409).json["code"] == "VERSION_EXISTS"
        )
        assert submit(package, status=409).json["version"]
        assert "2.0" in sign(package, "2.0", status=409).json["error"]


def test_bytes_that_others_have_too_stay(app, ann, addon, database, upload):
    kept = upload(webextension(version="2.0"))
    app.delete(f"{OURS}versions/2.0/", headers=ann, status=204)
    assert app.get(local(kept["url"]), headers=ann).json["valid"]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Upload)) == 1
        assert connection.scalar(select(func.count()).select_from(Blob)) == 3


def test_the_upload_of_a_deleted_version_cannot_be_submitted_again(app, ann, submit, upload):
    key = upload(webextension())["uuid"]
    made = app.put_json(ADDON, {"version": {"upload": key}}, headers=ann).json
    app.delete(f"{ADDON}versions/{made['version']['id']}/", headers=ann, status=204)
    refused = app.put_json(ADDON, {"version": {"upload": key}}, headers=ann, status=400).json
    assert "NO_UPLOAD" in refused["version"]["upload"][0]


def test_a_version_that_waits_is_not_signed_any_more(app, ann, submit, work, database):
    made = submit(webextension()).json["version"]
    app.delete(f"{ADDON}versions/{made['id']}/", headers=ann, status=204)
    work()
    with database.read() as connection:
        (row,) = connection.execute(select(Version.state, Version.deleted, Version.upload_sha256))
        assert (row.state, row.upload_sha256) == ("failed", None)
        assert connection.scalar(select(func.count()).select_from(Artifact)) == 0
        assert connection.scalar(select(Job.state).where(Job.kind == "sign")) != "queued"


def test_the_last_version(app, ann, addon):
    seq = app.get("/api/v4/changes/").json["seq"]
    for number in ("1.0", "2.0"):
        app.delete(f"{OURS}versions/{number}/", headers=ann, status=204)
    assert app.get(f"/api/v4/changes/?since={seq}").json["changes"][0]["changes"] == ["removed"]
    app.get(OURS, status=404)
    assert app.get(OURS, headers=ann).json["version"] is None
    app.post("/api/v4/extensions/", webextension(version="3.0"), headers=ann, status=202)


def test_what_the_team_has_decided_about_stays(app, ann, addon, accounts, database):
    team = accounts.user("root", admin=True)
    with database.read() as connection:
        extension_id = connection.scalar(select(Extension.id))
        version_id = connection.scalar(select(Version.id).where(Version.version == "2.0"))
    why = Reason("malware", "It does harm.")
    wanted = yanking.Yank(True, why, yanking.REGISTRY)
    database.write(yanking.yank, extension_id, version_id, team, wanted)
    body = {"confirm": "tab-notes"}
    assert app.delete(f"{OURS}versions/2.0/", headers=ann, status=403).json["code"] == "YANKED_BY_REGISTRY"
    assert app.delete_json(OURS, body, headers=ann, status=403).json["code"] == "YANKED_BY_REGISTRY"

    def hold(session):
        extension = session.get_one(Extension, extension_id)
        states.set_state(session, extension, ExtensionState.PENDING_DISABLE, reason="a test", actor_id=team)

    database.write(hold)
    assert app.delete(f"{OURS}versions/1.0/", headers=ann, status=403).json["code"] == "EXTENSION_HELD"
    assert app.delete_json(OURS, body, headers=ann, status=403).json["code"] == "EXTENSION_HELD"


def test_a_deleted_addon_is_gone(app, ann, addon, confirm, work, database):
    seq = app.get("/api/v4/changes/").json["seq"]
    url = local(addon["current_version"]["file"]["url"])
    delete(app, confirm(), ann)
    for gone in (ADDON, OURS, url, f"/updates/{GUID}.json", f"{ADDON}versions/", f"{OURS}reviews/"):
        app.get(gone, status=404)
        app.get(gone, headers=ann, status=404)
    app.delete(f"{ADDON}?delete_confirm=x", headers=ann, status=404)
    assert app.get("/api/v4/extensions/").json["count"] == 0
    assert app.get("/api/v5/addons/search/").json["count"] == 0
    (change,) = app.get(f"/api/v4/changes/?since={seq}").json["changes"]
    assert (change["name"], change["changes"]) == ("tab-notes", ["removed"])
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Artifact)) == 0
        assert connection.scalar(select(func.count()).select_from(Blob)) == 0


def test_its_name_and_id_are_never_given_again(app, ann, bob, addon, confirm, submit, sign):
    delete(app, confirm(), ann)
    package = webextension(version="3.0")
    for headers, status, code in ((ann, 409, "EXTENSION_DELETED"), (bob, 403, "NOT_OWNER")):
        assert app.post("/api/v4/extensions/", package, headers=headers, status=status).json["code"] == code
        assert submit(package, headers=headers, status=status).json["code"] == code
        assert sign(package, "3.0", headers=headers, status=status).json["code"] == code
    other = submit(webextension(guid="other@example.org"), "other@example.org", headers=bob).json
    assert other["slug"] != "tab-notes"


def test_a_confirmation_is_for_one_account_one_addon_and_a_minute(app, ann, addon, confirm, accounts, submit):
    token = confirm()
    other = submit(webextension("other@example.org"), "other@example.org").json["id"]
    app.delete(f"/api/v5/addons/addon/{other}/?delete_confirm={token}", headers=ann, status=400)
    for wrong in ("", "x", "1:x", f"{token}x", "9" * 20, f"9{token}", "%C3%A9:%C3%A9"):
        assert "delete_confirm" in delete(app, wrong, ann, 400).json
    app.delete(ADDON, headers=ann, status=400)
    with time_machine.travel(now().timestamp() + 61, tick=False):
        headers = accounts.jwt("ann")
        assert "CONFIRMATION_EXPIRED" in delete(app, token, headers, 400).json["delete_confirm"][0]
    assert delete(app, token, ann)


def test_who_may_delete(app, bob, addon):
    version = f"{ADDON}versions/{addon['current_version']['id']}/"
    for verb, where in (
        (app.delete, version),
        (app.delete, ADDON),
        (app.get, f"{ADDON}delete_confirm/"),
        (app.delete, f"{OURS}versions/1.0/"),
    ):
        verb(where, headers=bob, status=403)
        verb(where, status=401)
    app.delete_json(OURS, {"confirm": "tab-notes"}, headers=bob, status=403)


def test_our_own_api_takes_the_name(app, ann, work):
    app.post("/api/v4/extensions/", brackets(), headers=ann)
    work()
    where = "/api/v4/extensions/word-tally/"
    assert app.delete_json(where, {}, headers=ann, status=409).json["code"] == "CONFIRM_DELETION"
    assert "confirm" in app.delete_json(where, {"confirm": "other"}, headers=ann, status=400).json
    assert "version" in app.delete(f"{where}versions/latest/", headers=ann, status=400).json
    app.delete_json(where, {"confirm": "word-tally"}, headers=ann, status=204)
    app.get(where, headers=ann, status=404)
    app.post("/api/v4/extensions/", brackets(version="2.0.0"), headers=ann, status=409)


def test_reports_of_it_can_still_be_decided(app, ann, bob, addon, confirm, accounts):
    team = accounts.bearer("root", admin=True)
    delete(app, confirm(), ann)
    assert app.get(OURS, headers=team).json["name"] == "tab-notes"
    app.get(OURS, headers=bob, status=404)


def test_the_chain_holds(app, ann, addon, confirm, cli):
    app.delete(f"{OURS}versions/1.0/", headers=ann, status=204)
    delete(app, confirm(), ann)
    assert cli("audit", "verify").exit_code == 0


def test_sources_go_with_their_version(app, ann, addon, database):
    version = f"{ADDON}versions/{addon['current_version']['id']}/"
    files = [("source", "a.zip", build_zip({"a": b"a"}))]
    app.patch(version, upload_files=files, headers=ann)
    app.delete(version, headers=ann, status=204)
    app.get(f"/firefox/downloads/source/{addon['current_version']['id']}", headers=ann, status=404)
