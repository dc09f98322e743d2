"""Authors edit versions and send what they were built from: v5 of Mozilla's API."""

import gzip
import io
import tarfile

import pytest

from support.amo import GUID, local
from support.archives import build_zip
from support.samples import webextension

ADDON = f"/api/v5/addons/addon/{GUID}/"


def tarball(mode):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        member = tarfile.TarInfo("src/main.ts")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"main"))
    return file.getvalue()


ZIP = build_zip({"src/main.ts": b"main"})
SOURCES = {
    "application/zip": ZIP,
    "application/gzip": tarball("w:gz"),
    "application/x-bzip2": tarball("w:bz2"),
}
GECKO = {"gecko": {"id": GUID, "strict_min_version": "115.0", "strict_max_version": "140.*"}}


@pytest.fixture
def version(submit, work):
    """The address of a signed version of the unlisted channel."""
    package = webextension(guid=None, browser_specific_settings=GECKO)
    made = submit(package, status=201, version={"license": "MIT"}).json["version"]
    work()
    return f"{ADDON}versions/{made['id']}/"


@pytest.fixture
def edit(app, ann, version):
    def edit(status=200, **body):
        return app.patch_json(version, body, headers=ann, status=status).json

    return edit


@pytest.fixture
def send(app, ann, version):
    def send(data, status=200, headers=None, **fields):
        files = [("source", "source.zip", data)]
        headers = ann if headers is None else headers
        return app.patch(version, fields, upload_files=files, headers=headers, status=status)

    return send


def test_what_can_be_said_of_a_version(app, ann, version, edit):
    shown = edit(
        approval_notes="Build with make",
        release_notes={"en-US": "Better", "fr": "Mieux"},
        compatibility={"firefox": {"min": "120.0", "max": "128.*"}},
    )
    assert shown["approval_notes"] == "Build with make"
    assert shown["release_notes"] == {"en-US": "Better", "fr": "Mieux"}
    assert shown["compatibility"] == {"firefox": {"min": "120.0", "max": "128.*"}}
    assert app.get(version, headers=ann).json == shown
    assert edit(release_notes={"fr": None})["release_notes"] == {"en-US": "Better"}
    assert edit(release_notes=None, approval_notes=None)["release_notes"] is None
    (update,) = app.get(f"/updates/{GUID}.json").json["addons"][GUID]["updates"]
    assert update["applications"]["gecko"] == {"strict_min_version": "120.0", "strict_max_version": "128.*"}


def test_applications_in_a_list_have_the_ranges_of_the_manifest(edit):
    assert edit(compatibility=["firefox"])["compatibility"] == {"firefox": {"min": "115.0", "max": "140.*"}}
    both = edit(compatibility={"firefox": {"max": "128.0"}, "android": {}})["compatibility"]
    assert both == {"firefox": {"min": "115.0", "max": "128.0"}, "android": {"min": "115.0", "max": "140.*"}}


@pytest.mark.parametrize(
    "bounds", [{"min": "100.0"}, {"max": "*"}, {"max": "141.0"}, {"min": "130.0", "max": "120.0"}]
)
def test_a_range_is_never_wider_than_the_manifest(edit, bounds):
    assert "manifest" in edit(compatibility={"firefox": bounds}, status=400)["compatibility"][0]


def test_one_licence_takes_the_place_of_another(edit):
    custom = {"name": {"en-US": "Ours"}, "text": {"en-US": "Do as you like"}}
    shown = edit(custom_license=custom)["license"]
    assert shown["is_custom"]
    assert shown["slug"] is None
    assert (shown["name"], shown["text"]) == (custom["name"], custom["text"])
    shown = edit(license="MPL-2.0")["license"]
    assert (shown["slug"], shown["is_custom"], shown["text"]) == ("MPL-2.0", False, None)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("license", {"license": "mit"}),
        ("license", {"license": "MIT", "custom_license": {"name": {"fr": "a"}, "text": {"fr": "b"}}}),
        ("custom_license", {"custom_license": {"name": {}, "text": {}}}),
        ("custom_license", {"custom_license": {"name": "Ours", "text": "All"}}),
        ("compatibility", {"compatibility": ["thunderbird"]}),
        ("compatibility", {"compatibility": {"firefox": {"min": "nonsense"}}}),
        ("compatibility", {"compatibility": {"firefox": {"min": "1" * 31}}}),
        ("release_notes", {"release_notes": "Better"}),
        ("approval_notes", {"approval_notes": 7}),
        ("is_disabled", {"is_disabled": 1}),
    ],
)
def test_what_is_refused(app, ann, version, edit, field, body):
    before = app.get(version, headers=ann).json
    assert field in edit(**body, status=400)
    assert app.get(version, headers=ann).json == before


def test_switched_off_and_on(app, ann, version, edit):
    for _ in range(2):
        shown = edit(is_disabled=True)
        assert shown["is_disabled"]
        assert shown["file"]["status"] == "disabled"
    assert app.get(f"/updates/{GUID}.json").json["addons"][GUID]["updates"] == []
    for _ in range(2):
        assert edit(is_disabled=False)["file"]["status"] == "public"


@pytest.mark.parametrize("kind", SOURCES)
def test_sources(app, ann, bob, send, version, kind):
    data = SOURCES[kind]
    sent = send(data).json
    assert send(data).json == sent
    assert app.get(version, headers=ann).json == sent
    answer = app.get(local(sent["source"]), headers=ann)
    assert (answer.body, answer.content_type) == (data, kind)
    assert answer.headers["Cache-Control"] == "private, no-store"
    app.get(local(sent["source"]), status=401)
    app.get(local(sent["source"]), headers=bob, status=403)
    part = app.get(local(sent["source"]), headers={**ann, "Range": "bytes=0-1"}, status=206)
    assert part.body == data[:2]


def test_sources_of_a_version_that_everybody_sees(app, ann, bob, accounts, work):
    app.post("/api/v4/extensions/", webextension(), headers=ann)
    work()
    number = app.get(ADDON).json["current_version"]["id"]
    version = f"{ADDON}versions/{number}/"
    url = local(app.patch(version, upload_files=[("source", "a.tgz", ZIP)], headers=ann).json["source"])
    assert "source" not in app.get(version).json
    assert app.get(url, headers=accounts.bearer("root", admin=True)).body == ZIP
    app.get(url, headers=bob, status=403)
    app.get(url, status=401)


def test_sources_with_a_licence(send):
    shown = send(ZIP, license="MPL-2.0").json
    assert shown["source"]
    assert shown["license"]["slug"] == "MPL-2.0"
    assert "license" in send(tarball("w:gz"), license="none", status=400).json


def test_other_sources_take_their_place(app, ann, send):
    send(ZIP)
    url = local(send(tarball("w:gz")).json["source"])
    assert app.get(url, headers=ann).body == tarball("w:gz")


def test_what_is_no_archive(send):
    cut, bare = tarball("w:gz")[:20], tarball("w")
    for data in (b"text", ZIP[:20], b"PK\3\4" + bytes(100), gzip.compress(b"no archive"), cut, bare, b"BZh9"):
        assert "archive" in send(data, status=400).json["source"][0]


def test_odd_forms(app, ann, version, send):
    send(b"", status=400)
    twice = [("source", "a.zip", ZIP), ("source", "b.zip", ZIP)]
    assert "source" in app.patch(version, upload_files=twice, headers=ann, status=400).json
    assert "source" in app.patch(version, upload_files=[("file", "a.zip", ZIP)], headers=ann, status=400).json


def test_there_are_none_at_first(app, ann, version):
    shown = app.get(version, headers=ann).json
    assert shown["source"] is None
    answer = app.get(f"/firefox/downloads/source/{shown['id']}", headers=ann, status=404)
    assert answer.json["code"] == "NO_SOURCE"


def test_who_may_edit(app, bob, version, send):
    app.patch_json(version, {"license": "MIT"}, status=404)
    app.patch_json(version, {"license": "MIT"}, headers=bob, status=404)
    send(ZIP, headers=bob, status=404)
