"""The signing API of the first curl lines, and its frozen shape."""

import pytest

from support.samples import webextension

FIELDS = {"name", "guid", "version", "state", "errors", "signed_url"}


@pytest.fixture
def ann(accounts):
    return {"Auth-Token": accounts.token("ann")}


def test_the_four_curl_lines(app, ann, work):
    created = app.post(
        "/api/v3/addon/", webextension("some@addon", "0.1", "Some Addon"), headers=ann, status=202
    )
    assert set(created.json) == FIELDS
    assert created.json["name"] == "some-addon"
    assert created.json["signed_url"] is None
    assert app.get("/api/v3/status/some-addon/", headers=ann).json == created.json
    app.get("/addon/some-addon/versions/0.1-signed.xpi", status=404)
    work()
    status = app.get("/api/v3/status/some-addon/", headers=ann).json
    assert status["state"] == "signed"
    assert status["signed_url"].endswith("/addon/some-addon/versions/0.1-signed.xpi")
    assert app.get("/addon/some-addon/versions/0.1-signed.xpi").body.startswith(b"PK")
    later = app.post(
        "/api/v3/version/some-addon/", webextension("some@addon", "0.2"), headers=ann, status=202
    )
    assert later.json["version"] == "0.2"
    assert app.get("/api/v3/status/some@addon/", headers=ann).json["version"] == "0.2"


@pytest.mark.parametrize("path", ["/api/v3/addon/", "/api/v3/addon", "/api/v3/addon/some.xpi"])
def test_curl_t_and_forms(app, ann, path):
    app.put(path, webextension(), headers=ann, status=202)
    app.post("/api/v3/addon/", upload_files=[("file", "x.xpi", webextension())], headers=ann, status=200)
    app.put("/api/v3/version/tab-notes/v2.xpi", webextension(version="2.0"), headers=ann, status=202)


def test_writes_and_status_need_a_token(app, ann, accounts, work):
    app.post("/api/v3/addon/", webextension(), headers=ann)
    work()
    for method, path in (
        ("POST", "/api/v3/addon/"),
        ("POST", "/api/v3/version/tab-notes/"),
        ("GET", "/api/v3/status/tab-notes/"),
    ):
        assert app.request(path, method=method, status=401).json["code"] == "ERROR_NOT_AUTHENTICATED"
    bob = {"Auth-Token": accounts.token("bob")}
    app.get("/api/v3/status/tab-notes/", headers=bob, status=403)
    app.post("/api/v3/version/tab-notes/", webextension(version="9.0"), headers=bob, status=403)
