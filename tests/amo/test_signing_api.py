"""The v3 and v4 signing API: what sign-addon sends, and what it is answered."""

import hashlib

import pytest
from cryptography.x509 import load_pem_x509_certificates

from registry.signing import verify
from support.amo import BASE, GUID, local, submission
from support.samples import webextension

MEMBERS = {
    "guid",
    "pk",
    "url",
    "processed",
    "valid",
    "validation_results",
    "validation_url",
    "automated_signing",
}
MEMBERS |= {"reviewed", "active", "passed_review", "files", "version"}


def post(app, package, headers, status=201, **fields):
    files = [("upload", "tab_notes.xpi", package)]
    return app.post("/api/v4/addons/", fields, upload_files=files, headers=headers, status=status)


@pytest.mark.parametrize("api", ["v3", "v4"])
def test_a_version_is_signed(app, ann, sign, work, api):
    made = sign(webextension(), api=api, status=201)
    assert made.headers["Content-Type"] == "application/json"
    assert set(made.json) == MEMBERS
    assert made.json["guid"] == GUID
    assert made.json["url"] == f"{BASE}/api/{api}/addons/{GUID}/versions/1.0/uploads/{made.json['pk']}/"
    assert made.headers["Location"] == made.json["url"]
    assert [made.json[name] for name in ("processed", "valid", "automated_signing")] == [True] * 3
    assert [made.json[name] for name in ("reviewed", "active", "passed_review")] == [False] * 3
    assert made.json["files"][0]["signed"] is False
    assert app.get(local(made.json["url"]), headers=ann).json == made.json
    app.get(local(made.json["files"][0]["download_url"]), headers=ann, status=404)
    work()
    signed = app.get(local(made.json["url"]), headers=ann)
    assert signed.headers["Content-Type"] == "application/json"
    assert signed.json == app.get(submission(api=api), headers=ann).json
    assert [signed.json[name] for name in ("reviewed", "active", "passed_review")] == [True] * 3
    (file,) = signed.json["files"]
    assert file["download_url"].endswith(".xpi?src=api")
    got = app.get(local(file["download_url"]), headers=ann)
    assert got.content_type == "application/x-xpinstall"
    assert file == {**file, "signed": True, "hash": f"sha256:{hashlib.sha256(got.body).hexdigest()}"}


def test_channels(app, ann, sign, work):
    """A new add-on is unlisted whatever it says; what says nothing is as the newest before it."""
    assert sign(webextension(), channel="listed", status=201).json["automated_signing"] is True
    assert sign(webextension(version="2"), "2", status=202).json["automated_signing"] is True
    assert (
        sign(webextension(version="3"), "3", channel="listed", status=202).json["automated_signing"] is False
    )
    assert sign(webextension(version="4"), "4", status=202).json["automated_signing"] is False
    assert (
        sign(webextension(version="5"), "5", channel="unlisted", status=202).json["automated_signing"] is True
    )
    work()
    assert [v["version"] for v in app.get(f"/api/v4/extensions/{GUID}/versions/").json["results"]] == [
        "4",
        "3",
    ]
    assert "listed or unlisted" in sign(webextension(version="6"), "6", channel="x", status=400).json["error"]


def test_the_same_bytes_again(sign, work):
    """An interrupted run is resumed by running it again."""
    package = webextension()
    first = sign(package, status=201).json
    assert sign(package, status=200).json == first
    work()
    again = sign(package, status=200).json
    assert again["passed_review"] is True
    assert again["pk"] == first["pk"]


def test_other_bytes_are_refused_and_what_is_there_is_named(app, ann, sign, work):
    made = sign(webextension(), status=201).json
    work()
    said = sign(webextension(description="other bytes"), status=409).json
    assert said["error"].startswith("Version 1.0 of tab-notes exists")
    signed = app.get(local(made["url"]), headers=ann).json
    assert (said["guid"], said["version"], said["state"]) == (GUID, "1.0", "signed")
    assert (said["url"], said["download_url"]) == (made["url"], signed["files"][0]["download_url"])
    assert said["download_url"] in said["error"]


def test_one_number_for_both_channels(sign):
    sign(webextension(), status=201)
    said = sign(webextension(), channel="listed", status=409).json
    assert "exists as unlisted" in said["error"]


def test_an_addon_without_an_id(app, ann, sign, work):
    package = webextension(None)
    made = post(app, package, ann, version="1.0").json
    assert made["guid"][0] + made["guid"][-1] == "{}"
    assert "%7B" in made["url"]
    assert post(app, package, ann, 200, version="1.0").json["guid"] == made["guid"]
    later = sign(webextension(None, "2.0"), "2.0", made["guid"], status=202).json
    assert later["guid"] == made["guid"]
    work()
    assert app.get(local(later["url"]), headers=ann).json["passed_review"] is True
    assert post(app, webextension(None, "3.0"), ann).json["guid"] != made["guid"]
    other = post(app, webextension(None), ann, 400, version="1.1").json
    assert set(other) == {"error"}
    assert "VERSION_MISMATCH" in other["error"]


def test_post_with_an_id(app, ann):
    assert post(app, webextension(), ann, version="1.0").json["guid"] == GUID
    assert post(app, webextension(version="2.0"), ann, version="2.0").json["guid"] == GUID


def test_the_address_gives_an_id(app, ann, sign, work, chain, tmp_path):
    made = sign(webextension(None), guid="from@address", status=201).json
    work()
    signed = app.get(local(made["url"]), headers=ann).json
    file = tmp_path / "signed.xpi"
    file.write_bytes(app.get(local(signed["files"][0]["download_url"])).body)
    roots = load_pem_x509_certificates(chain.root.read_bytes())
    assert verify(file, roots, "from@address").identity == "from@address"


@pytest.mark.parametrize(
    ("guid", "status"),
    [
        ("some@addon", 201),
        ("{0f2b6b5c-6c6b-4e57-9a43-6c39ab7a2d7e}", 201),
        (f"{'a' * 58}@b.org", 201),
        (f"{'a' * 60}@b.org", 400),
        (f"{'a' * 300}@b.org", 400),
        ("no-at-sign", 400),
        ("{not-a-uuid}", 400),
        ("a b@c", 400),
        ("ü@example.org", 400),
    ],
)
def test_ids_in_addresses(app, ann, sign, guid, status):
    made = sign(webextension(None), guid=guid, status=status)
    raw = submission(guid=guid).replace("%40", "@")
    answer = app.get(raw, headers=ann, status="*")
    if status == 201:
        assert answer.json == made.json
    else:
        assert set(made.json) == {"error"}
        assert answer.json["error"] == "There is no such add-on."
