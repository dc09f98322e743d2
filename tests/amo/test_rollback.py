"""An earlier version comes back under a new number: v5 of Mozilla's API."""

import io
import json
import zipfile

import pytest

from support.amo import GUID, local
from support.archives import build_zip
from support.samples import webextension

ADDON = f"/api/v5/addons/addon/{GUID}/"


@pytest.fixture
def versions(submit, work):
    """The addresses of 1.0 and 2.0, both signed."""
    made = [
        submit(webextension(version=number), version={"license": "MIT", "release_notes": {"en-US": number}})
        for number in ("1.0", "2.0")
    ]
    work()
    return [f"{ADDON}versions/{answer.json['version']['id']}/" for answer in made]


@pytest.fixture
def roll_back(app, ann, versions):
    def roll_back(number, status=202, headers=None, of=versions[0], **body):
        body = {"new_version_string": number, **body}
        return app.post_json(f"{of}rollback/", body, headers=headers or ann, status=status)

    return roll_back


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.startswith("META-INF/")}


def test_the_same_package_but_for_its_number(app, ann, versions, roll_back, work):
    answer = roll_back("2.1", release_notes={"en-US": "As it was"})
    made = answer.json
    assert (made["version"], made["channel"]) == ("2.1", "unlisted")
    assert made["file"]["status"] == "unreviewed"
    assert made["license"]["slug"] == "MIT"
    assert made["release_notes"] == {"en-US": "As it was"}
    where = local(answer.headers["Location"])
    assert app.get(where, headers=ann).json == made
    work()
    signed = app.get(where, headers=ann).json["file"]
    assert signed["status"] == "public"
    first = app.get(versions[0], headers=ann).json["file"]
    before, after = (members(app.get(local(file["url"])).body) for file in (first, signed))
    manifests = [json.loads(each.pop("manifest.json")) for each in (before, after)]
    assert before == after
    assert manifests[0] | {"version": "2.1"} == manifests[1]


def test_who_asks_again_gets_the_same(roll_back):
    assert roll_back("2.1").json == roll_back("2.1", status=200).json


def test_numbers_that_are_taken(app, ann, versions, roll_back):
    assert roll_back("2.0", status=409).json["code"] == "VERSION_EXISTS"
    assert "new_version_string" in roll_back("1.0", status=400).json
    app.delete(versions[1], headers=ann, status=204)
    assert roll_back("2.0", status=409).json["code"] == "VERSION_EXISTS"


@pytest.mark.parametrize(
    "number", ["1.0b2", "01.0", "1.2.3.4.5", "", None, 3, "1" * 101, "9999999999", 'a"b']
)
def test_what_is_no_number(roll_back, number):
    assert "new_version_string" in roll_back(number, status=400).json


def test_only_what_is_signed_comes_back(app, ann, submit, roll_back):
    made = submit(webextension(version="3.0")).json["version"]
    refused = roll_back("4.0", status=409, of=f"{ADDON}versions/{made['id']}/")
    assert refused.json["code"] == "NOT_SIGNED_YET"


def test_who_may(app, bob, versions, roll_back):
    roll_back("2.1", status=404, headers=bob)
    app.post_json(f"{versions[0]}rollback/", {}, status=404)
    roll_back("2.1", status=404, of=f"{ADDON}versions/999/")


def test_a_manifest_is_changed_where_its_version_stands(app, ann, submit, roll_back, work):
    manifest = (
        '\ufeff{ // "version": "0"\n "name": "Tab Notes", "nested": {"version": "7"}, "list": ["version", "8"],\n'
        ' "short_name": "version",\n "manifest_version": 2, "v\\u0065rsion" : "5.0",'
        ' "description": "\\"version\\": 9",\n'
        f' "browser_specific_settings": {{"gecko": {{"id": "{GUID}"}}}}}}'
    )
    package = build_zip({"folder/manifest.json": manifest.encode(), "folder/a.js": b"1"})
    made = submit(package, status=200).json["version"]
    work()
    rolled = roll_back("5.1", of=f"{ADDON}versions/{made['id']}/").json
    work()
    file = app.get(f"{ADDON}versions/{rolled['id']}/", headers=ann).json["file"]
    inside = members(app.get(local(file["url"])).body)
    assert inside["manifest.json"].decode() == manifest.replace('"5.0"', '"5.1"')
    assert inside["a.js"] == b"1"
