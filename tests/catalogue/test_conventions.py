"""The conventions of seed 001 and of the requirements for readers, one by one, as v4 keeps them."""

import hashlib
import re

import pytest

from registry.models import ExtensionState
from support.wire import assert_failure, send

EXTENSIONS = "/api/v4/extensions/"
DETAIL = f"{EXTENSIONS}word-tally/"
LISTS = (EXTENSIONS, f"{DETAIL}versions/", f"{DETAIL}reviews/")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def published(app, publish):
    publish(
        version="1.0.0",
        title=None,
        author="Ann <ann@example.org> (https://ann.example.org/)",
        description="Counts words.",
        homepage="https://example.org/",
        bugs="https://example.org/bugs",
        engines={"brackets": ">=0.40 <2"},
        dependencies={"lodash": "^4.0.0"},
        peerDependencies={"other": ">=1"},
        i18n=["fr"],
    )
    publish(version="1.1.0", title=None, engines={"brackets": "*"})
    return app


def local(address):
    return address.replace("http://127.0.0.1:6543", "")


def test_pages(published):
    for address in LISTS:
        page = published.get(address).json
        assert set(page) == {"next", "previous", "page_size", "page_count", "count", "results"}
        assert page["page_size"] == 25
        assert (page["next"], page["previous"]) == (None, None)
        for size in ("1", "50"):
            assert published.get(f"{address}?page_size={size}").json["page_size"] == int(size)
        for bad in ("0", "51", "-1", "x", "1.5", "", "1" + 30 * "0", "%00", "%EF%BC%91x", "1e3"):
            for name in ("page_size", "page"):
                if (name, bad) != ("page", "51"):
                    answer = send(published, "GET", f"{address}?{name}={bad}")
                    if bad == "":
                        continue
                    assert name in assert_failure(answer, 400), (name, bad)
        for bad in ("%ED%A0%80", "%FF", "x%ED%A0%80"):
            assert_failure(send(published, "GET", f"{address}?page={bad}"), 400)
        assert "cursor" in published.get(f"{address}?cursor={'x' * 1001}", status=400).json
        assert "cursor" in published.get(f"{address}?cursor=nonsense", status=400).json


def test_pages_lead_to_each_other(published, publish):
    for name in ("a-one", "b-two"):
        publish(name)
    first = published.get(f"{EXTENSIONS}?page_size=1").json
    assert (first["count"], first["page_count"]) == (3, 3)
    second = published.get(local(first["next"])).json
    assert published.get(local(second["previous"])).json == first
    third = published.get(local(second["next"])).json
    assert [page["results"][0]["name"] for page in (first, second, third)] == ["a-one", "b-two", "word-tally"]
    assert third["next"] is None


def test_errors_and_cors(published, accounts):
    owner = accounts.bearer("ann")
    json = {**owner, "Content-Type": "application/json"}
    for method, address, headers, body, status in (
        ("GET", f"{EXTENSIONS}nothing/", {}, b"", 404),
        ("GET", f"{EXTENSIONS}?lang=*", {}, b"", 400),
        ("PATCH", DETAIL, {}, b"{}", 401),
        ("PATCH", DETAIL, accounts.bearer("eve"), b"{}", 403),
        ("PATCH", DETAIL, {**owner, "Content-Type": "text/plain"}, b"{}", 415),
        ("PATCH", DETAIL, {**owner, "Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415),
        ("PATCH", DETAIL, json, b'{"title": "\\ud800"}', 400),
        ("PATCH", DETAIL, json, b"\xff", 400),
        ("PATCH", DETAIL, json, b"[" * 5000, 400),
        ("PATCH", DETAIL, json, b'{"title": "' + b"x" * 1024 * 1024 + b'"}', 413),
        ("PATCH", DETAIL, {**json, "If-Match": '"x"'}, b"{}", 412),
        ("PUT", DETAIL, owner, b"", 405),
    ):
        answer = send(published, method, address, {**headers, "Origin": "https://editor.example"}, body)
        assert_failure(answer, status)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        if status == 405:
            assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


def test_readers_need_no_account_and_get_no_cookie(published):
    for address in (*LISTS, DETAIL, f"{DETAIL}versions/latest/", f"{DETAIL}versions/latest/download"):
        answer = published.get(address)
        assert answer.status_int == 200
        assert "Set-Cookie" not in answer.headers


def test_what_a_list_says_of_an_extension(published):
    entry = published.get(EXTENSIONS).json["results"][0]
    assert entry["name"] == "word-tally"
    assert entry["title"] == {"en": "word-tally"}
    assert TIME.fullmatch(entry["updated"])
    assert (entry["downloads_total"], entry["downloads_recent"], entry["rating"]) == (0, 0, None)
    assert (entry["version"], entry["thumbnail_url"]) == ("1.1.0", None)
    assert (entry["disabled"], entry["requires_restart"]) == (False, False)
    # What the newest version does not say any more is gone.
    assert (entry["author"], entry["homepage"], entry["languages"]) == (None, {}, [])
    for name in ("url", "versions_url", "reviews_url", "download_url"):
        assert published.get(local(entry[name])).status_int == 200


def test_all_that_a_package_can_say(app, publish):
    publish(
        author={"name": "Ann", "url": "https://ann.example.org/"},
        description="Counts words.",
        homepage="https://example.org/",
        bugs="https://example.org/bugs",
        i18n=["fr"],
    )
    entry = app.get(EXTENSIONS).json["results"][0]
    assert entry["author"] == {"name": "Ann", "url": "https://ann.example.org/"}
    assert entry["summary"] == {"en": "Counts words."}
    assert entry["homepage"] == {"en": "https://example.org/"}
    assert entry["support_url"] == {"en": "https://example.org/bugs"}
    assert entry["languages"] == ["fr"]


def test_each_version_says_what_it_runs_on(published):
    newest, oldest = published.get(f"{DETAIL}versions/").json["results"]
    assert (newest["api_range"], newest["api_min"], newest["api_max"]) == ("*", None, None)
    assert (oldest["api_range"], oldest["api_min"], oldest["api_max"]) == (">=0.40 <2", "0.40.0", "<2")
    assert (oldest["dependencies"], oldest["peer_dependencies"]) == ({"lodash": "^4.0.0"}, {"other": ">=1"})


def test_only_active_ones_are_offered(published, publish, set_state):
    publish("another")
    for state in (ExtensionState.UNLISTED, ExtensionState.PENDING_DISABLE, ExtensionState.DISABLED):
        set_state("word-tally", state)
        entries = published.get(EXTENSIONS).json["results"]
        assert [(entry["name"], entry["disabled"]) for entry in entries] == [("another", False)]


def test_the_bytes_of_every_version(published, accounts):
    for number in ("1.0.0", "1.1.0", "latest"):
        version = published.get(f"{DETAIL}versions/{number}/").json
        file = published.get(f"{DETAIL}versions/{number}/download")
        assert hashlib.sha256(file.body).hexdigest() == version["package"]["sha256"]
        assert file.headers["ETag"] == f'"{version["package"]["sha256"]}"'
    assert published.get(f"{DETAIL}versions/latest/download").body == file.body


def test_files_in_each_state(published, accounts, set_state):
    file = f"{DETAIL}versions/1.0.0/download"
    assert_failure(send(published, "GET", f"{DETAIL}versions/9.9.9/download"), 404)
    assert_failure(send(published, "GET", f"{EXTENSIONS}nothing/versions/1.0.0/download"), 404)
    for state, status in (
        (ExtensionState.UNLISTED, 200),
        (ExtensionState.PENDING_DISABLE, 403),
        (ExtensionState.DISABLED, 410),
    ):
        set_state("word-tally", state)
        assert send(published, "GET", file).status_int == status
        assert send(published, "GET", file, accounts.bearer("ann")).status_int == 200


def test_nothing_is_kept_for_another_language_or_reader(published, accounts):
    """What the layer in front keeps is one answer for each query, and for nobody who is known."""
    owner = accounts.bearer("ann")
    published.patch_json(DETAIL, {"title": {"fr": "Compte"}}, headers=owner)
    titles = {
        "?lang=fr": "Compte",
        "?lang=en": "word-tally",
        "?lang=fr&_=1": "Compte",
        "": {"en": "word-tally", "fr": "Compte"},
    }
    for _ in range(2):
        for query, title in titles.items():
            answer = published.get(f"{DETAIL}{query}")
            assert answer.json["title"] == title
            assert "Authorization" in answer.headers["Vary"]
            assert published.get(f"{DETAIL}{query}", headers=owner).json["title"] == title
