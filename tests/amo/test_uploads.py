"""Packages are uploaded and judged before they become versions: v5 of Mozilla's API."""

import time

import pytest
import time_machine
from sqlalchemy import func, select

from registry.domain import uploads as rules
from registry.models import Blob, Upload
from support.samples import brackets, webextension
from support.wire import assert_failure, send

UPLOADS = "/api/v5/addons/upload/"
BOUNDARY = "----limit"


def form(*parts: tuple[str, str | None, bytes], end: bytes = b"--") -> bytes:
    """A multipart body of parts (name, file name, content)."""
    body = b""
    for name, filename, content in parts:
        file = f'; filename="{filename}"' if filename else ""
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}".encode() + end + b"\r\n"


@pytest.fixture
def post(app, ann):
    def post(body, kind=f"multipart/form-data; boundary={BOUNDARY}", **environ):
        return send(app, "POST", UPLOADS, ann | {"Content-Type": kind}, body, **environ)

    return post


def test_a_sound_package_is_valid_at_once(app, ann, upload):
    sent = upload(webextension(version="1.2"))
    assert (sent["processed"], sent["valid"], sent["submitted"]) == (True, True, False)
    assert (sent["channel"], sent["version"]) == ("unlisted", "1.2")
    validation = sent["validation"]
    assert (validation["success"], validation["errors"], validation["messages"]) == (True, 0, [])
    assert not validation["metadata"]["listed"]
    assert sent["url"].endswith(f"{UPLOADS}{sent['uuid']}/")
    assert app.get(sent["url"], headers=ann).json == sent


@pytest.mark.parametrize("order", [1, -1])
def test_the_parts_come_in_any_order(post, order):
    parts = [("channel", None, b"listed"), ("upload", "x.xpi", webextension())][::order]
    assert post(form(*parts)).json["channel"] == "listed"


def test_what_is_wrong_with_a_package_is_in_its_validation(upload):
    sent = upload(webextension(version="1.0-beta", manifest_version=4))
    assert (sent["processed"], sent["valid"]) == (True, False)
    validation = sent["validation"]
    assert not validation["success"]
    codes = [message["id"][0] for message in validation["messages"]]
    assert set(codes) == {"BAD_MANIFEST_VERSION", "INVALID_VERSION_NUMBER"}
    assert validation["errors"] == len(codes)
    first = validation["messages"][0]
    assert first["type"] == "error"
    assert first["file"] == "manifest.json"
    assert set(first) == {
        "type", "id", "uid", "tier", "message", "description", "file", "line", "column", "instancePath",
    }  # fmt: skip


@pytest.mark.parametrize("data", [b"no zip at all", b"PK\x03\x04", webextension()[:-30], brackets()])
def test_what_is_no_browser_extension_is_not_valid(upload, data):
    sent = upload(data)
    assert (sent["processed"], sent["valid"]) == (True, False)
    assert sent["validation"]["errors"] >= 1


def test_a_live_token_in_a_package_is_told_and_refused(app, accounts, upload):
    token = accounts.token("carl")
    sent = upload(webextension(description=token))
    assert [message["id"] for message in sent["validation"]["messages"]] == [["LIVE_TOKEN"]]
    told = app.get("/api/v4/users/me/notifications/", headers=accounts.bearer("carl")).json["results"]
    assert [note["kind"] for note in told] == ["token.leaked"]


def test_uploads_are_their_senders_own(app, ann, bob, upload):
    sent = upload(webextension())
    dashed = "-".join(sent["uuid"][a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    app.get(f"{UPLOADS}{dashed}/", headers=ann, status=200)
    for name in (sent["uuid"], "0" * 32, "x", "1"):
        app.get(f"{UPLOADS}{name}/", headers=bob, status=404)
        assert app.get(f"{UPLOADS}{name}/", status=401).json["code"] == "ERROR_NOT_AUTHENTICATED"
    later = upload(webextension(version="2.0"), "listed")
    listed = app.get(f"{UPLOADS}?page_size=500", headers=ann).json
    assert listed["results"] == [later, sent]
    assert (listed["count"], listed["page_size"]) == (2, 50)
    assert app.get(UPLOADS, headers=bob).json["results"] == []
    app.get(UPLOADS, status=401)
    app.post(UPLOADS, status=401)


def test_polls_are_small_change(app, ann, upload):
    sent = upload(webextension())
    answer = app.get(sent["url"], headers=ann)
    assert "RateLimit-Limit" not in answer.headers
    assert (
        app.get(sent["url"], headers=ann | {"If-None-Match": answer.headers["ETag"]}, status=304).body == b""
    )


def test_a_missing_part_is_a_list_of_one_message(post):
    package = ("upload", "x.xpi", webextension())
    for body in (
        form(package),
        form(package, ("channel", None, b"")),
        form(("channel", None, b"listed")),
        form(("channel", None, b"listed"), ("upload", "x.xpi", b"")),
        form(("channel", None, b"listed"), ("file", None, b"x")),
        form(),
    ):
        answer = post(body)
        assert answer.status_int == 400, answer.body
        (message,) = answer.json
        assert "-F " in message


def test_other_faults_of_the_form(post):
    package, channel = ("upload", "x.xpi", webextension()), ("channel", None, b"unlisted")
    whole = form(channel, package)
    for body, field in (
        (form(channel, package, package), "upload"),
        (form(channel, ("file", "x.xpi", webextension())), "upload"),
        (form(("channel", None, b"beta"), package), "channel"),
        (whole[:-60], "non_field_errors"),
        (b"no form", "non_field_errors"),
    ):
        assert field in assert_failure(post(body), 400), body[-80:]
    assert "BODY_CUT_OFF" in str(post(whole, CONTENT_LENGTH=str(len(whole) + 10)).json)
    for kind in ("application/json", "application/zip", "image/png"):
        assert_failure(post(b"{}", kind), 415, "ERROR_UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("ini", [{"package.max_bytes": "2000"}], indirect=True)
def test_one_byte_too_many(post):
    channel = ("channel", None, b"unlisted")
    fits = post(form(channel, ("upload", "x.xpi", b"x" * 2000)))
    assert (fits.status_int, fits.json["valid"]) == (201, False)
    assert_failure(post(form(channel, ("upload", "x.xpi", b"x" * 2001))), 413, "ERROR_TOO_LARGE")


@pytest.fixture
def ini(ini, request):
    return {**ini, **getattr(request, "param", {})}


def test_a_better_word_of_the_gate_counts(app, ann, upload, post, accounts):
    """The same bytes may pass later: here once the token in them has been revoked."""
    token = accounts.token("ann")
    package = webextension(description=token)
    first = upload(package)
    assert not first["valid"]
    mine = app.get("/api/v4/users/me/tokens/", headers=ann).json["results"]
    for row in mine:
        app.delete(f"/api/v4/users/me/tokens/{row['id']}/", headers=ann)
    assert upload(package)["valid"]
    assert app.get(first["url"], headers=ann).json["valid"]


def test_what_nobody_submits_is_forgotten(app, ann, upload, submit, database):
    forgotten, refused = upload(webextension(version="3.0")), upload(b"no zip")
    kept = submit(webextension()).json
    shared = upload(webextension(version="4.0"))
    app.post("/api/v4/extensions/", webextension(version="4.0"), headers=ann)
    blobs, uploads = _counts(database)
    with time_machine.travel(time.time() + 29 * 24 * 3600, tick=False):
        database.write(rules.forget)
    assert _counts(database) == (blobs, uploads)
    with time_machine.travel(time.time() + 31 * 24 * 3600, tick=False):
        database.write(rules.forget)
    # The bytes that are a version's stay, and so does the upload that became one.
    assert _counts(database) == (blobs - 2, uploads - 3)
    for sent in (forgotten, refused, shared):
        app.get(sent["url"], headers=ann, status=404)
    again = app.put_json(
        f"/api/v5/addons/addon/{kept['guid']}/",
        {"version": {"upload": forgotten["uuid"]}},
        headers=ann,
        status=400,
    )
    assert "NO_UPLOAD" in again.json["version"]["upload"][0]
    assert upload(webextension(version="3.0"))["valid"]


def test_what_an_account_has_not_submitted_ends_with_it(app, ann, upload, submit, database):
    submit(webextension())
    upload(webextension(version="3.0"))
    blobs, uploads = _counts(database)
    app.delete_json("/api/v4/users/me/", {"confirm": "ann"}, headers=ann)
    assert _counts(database) == (blobs - 1, uploads - 1)


def _counts(database):
    with database.read() as connection:
        return tuple(connection.scalar(select(func.count()).select_from(table)) for table in (Blob, Upload))
