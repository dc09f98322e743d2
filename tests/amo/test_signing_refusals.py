"""The v3 and v4 signing API: what it refuses, always in JSON and in its clients' words."""

import pytest
from sqlalchemy import update

from registry.domain import maintenance, states
from registry.models import Extension, ExtensionState
from support.amo import GUID, local, submission
from support.samples import brackets, webextension
from support.wire import assert_failure, send

FORM = "multipart/form-data; boundary=x"


def form(*parts, end=b"--x--\r\n"):
    """A form's body of (name, filename or None, value)."""
    body = b""
    for name, filename, value in parts:
        file = f'; filename="{filename}"' if filename else ""
        body += (
            f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"
        )
    return body + end


@pytest.mark.parametrize("api", ["v3", "v4"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (form(), "No package was sent"),
        (form(("channel", None, b"listed")), "No package was sent"),
        (
            form(("upload", "a.xpi", webextension()), ("upload", "b.xpi", webextension())),
            "one file at a time",
        ),
        (form(("file", "a.xpi", webextension())), "send one, as the part `upload`"),
        (form(("upload", "a.xpi", b"")), "No package was sent"),
        (form(("upload", "a.xpi", b"no zip file")), "NOT_A_ZIP"),
        (form(("upload", "a.xpi", webextension()[:-30])), "ZIP"),
        (form(("upload", "a.xpi", webextension()), end=b""), "not a proper multipart/form-data"),
        (form(("upload", "a.xpi", webextension()), end=b"--x\r\n"), "not a proper multipart/form-data"),
        (form(("upload", "a.xpi", brackets())), "FORMAT_MISMATCH"),
        (form(("upload", "a.xpi", webextension(version="1.0.0"))), "VERSION_MISMATCH"),
        (form(("upload", "a.xpi", webextension("other@example.org"))), "NAME_MISMATCH"),
        (form(("channel", None, b"c" * 2000), ("upload", "a.xpi", webextension())), "at most 1000 bytes"),
        (b"", "not a proper multipart/form-data"),
        (b"\xff" * 100, "not a proper multipart/form-data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_forms(app, ann, api, body, said):
    answer = send(app, "PUT", submission(api=api), ann | {"Content-Type": FORM}, body)
    assert_failure(answer, 400)
    assert set(answer.json) == {"error"}
    assert said in answer.json["error"]
    assert send(app, "GET", submission(api=api), ann).status_int == 404


def test_all_faults_of_a_package_at_once(sign):
    said = sign(webextension(version="1.0b", manifest_version=9), status=400).json["error"]
    assert "BAD_MANIFEST_VERSION" in said
    assert len(said.splitlines()) > 1


@pytest.mark.parametrize(
    "kind", ["application/json", "application/octet-stream", "text/html", "multipart/mixed"]
)
def test_bodies_that_are_no_forms(app, ann, kind):
    for verb, address in (("PUT", submission()), ("POST", "/api/v4/addons/")):
        answer = send(app, verb, address, ann | {"Content-Type": kind}, b'{"upload": "x"}')
        assert_failure(answer, 415, "ERROR_UNSUPPORTED_MEDIA_TYPE")
        assert answer.json["error"] == answer.json["detail"]


def test_a_body_that_is_cut_off(app, ann):
    body = form(("upload", "a.xpi", webextension()))
    answer = send(
        app, "PUT", submission(), ann | {"Content-Type": FORM}, body[:-40], CONTENT_LENGTH=str(len(body))
    )
    assert_failure(answer, 400)
    assert "BODY_CUT_OFF" in answer.json["error"]


def test_one_byte_too_many(ini, sign, config):
    limit = config.registry["settings"].package_bytes
    assert sign(b"x" * 10, status=400)
    # The body says how long it is, so nothing of it is read.
    config.registry["settings"].__dict__["package_bytes"] = 100
    try:
        answer = sign(b"x" * 101, status=413)
    finally:
        config.registry["settings"].__dict__["package_bytes"] = limit
    assert "at most 100 bytes" in answer.json["error"]


@pytest.mark.parametrize(
    "number", ["1.0a", "v1.0", "1.2.3.4.5", "1.9999999999", "01.0", "latest", "%", "1" * 300]
)
def test_versions_that_are_none(sign, number):
    assert "VERSION_MISMATCH" in sign(webextension(), number, status=400).json["error"]
    assert "INVALID_VERSION_NUMBER" in sign(webextension(version=number), number, status=400).json["error"]


def test_credentials(app, sign, ann, accounts):
    package = webextension()
    sign(package, headers={}, status=401)
    answer = sign(package, headers={"Authorization": "JWT x.y.z"}, status=401)
    assert set(answer.json) == {"detail", "code"}
    for address in (submission(), submission("9.9"), submission(guid="none@example.org")):
        assert_failure(send(app, "GET", address), 401, "ERROR_NOT_AUTHENTICATED")
    sign(package, status=201)
    assert_failure(send(app, "GET", submission()), 401, "ERROR_NOT_AUTHENTICATED")
    reader = accounts.bearer("ann", scopes=["read"])
    assert sign(package, headers=reader, status=403).json["code"] == "ERROR_SCOPE"
    app.get(submission(), headers=reader, status=200)
    elsewhere = accounts.bearer("ann", extensions=["elsewhere"])
    assert sign(package, headers=elsewhere, status=403).json["code"] == "ERROR_SCOPE"
    assert sign(package, guid="new@example.org", headers=elsewhere, status=403).json["code"] == "ERROR_SCOPE"
    here = accounts.bearer("ann", extensions=["tab-notes"])
    sign(webextension(version="2.0"), "2.0", headers=here, status=202)


def test_strangers(app, ann, accounts, sign, work):
    """What nobody may know of is not there; what is known is somebody's."""
    bob = accounts.jwt("bob")
    made = sign(webextension(), status=201).json
    assert sign(webextension(version="2.0"), "2.0", headers=bob, status=403).json["error"]
    assert_failure(send(app, "GET", submission(), bob), 404, "ERROR_NOT_FOUND")
    app.get(local(made["files"][0]["download_url"]), headers=bob, status=404)
    work()
    for verb in ("GET", "PUT"):
        answer = send(app, verb, submission("3.0"), bob | {"Content-Type": FORM}, b"x")
        assert_failure(answer, 403, "ERROR_PERMISSION_DENIED")
        assert answer.json["error"]
    app.get(local(made["files"][0]["download_url"]), headers=bob, status=200)
    answer = app.post(
        "/api/v4/addons/", upload_files=[("upload", "x.xpi", webextension())], headers=bob, status=403
    )
    assert answer.json["code"] == "NOT_OWNER"


def test_what_is_not_there(app, ann, sign, work):
    made = sign(webextension(), status=201).json
    for address in (
        submission("2.0"),
        submission(guid="none@example.org"),
        f"{submission()}uploads/{'0' * 32}/",
        f"{submission()}uploads/x/",
    ):
        answer = send(app, "GET", address, ann)
        assert_failure(answer, 404, "ERROR_NOT_FOUND")
        assert answer.json["error"] == answer.json["detail"]
    for file in ("0", "x", "999999", "1" * 40):
        assert_failure(send(app, "GET", f"/api/v4/file/{file}/x.xpi", ann), 404)
    app.get(local(made["url"]), headers=ann)


def test_disabled_hidden_and_maintained(app, ann, sign, work, database):
    sign(webextension(), status=201)
    work()
    database.write(lambda session: session.execute(update(Extension).values(hidden_by_owner=True)))
    assert "ADDON_HIDDEN" in sign(webextension(version="2"), "2", channel="listed", status=400).json["error"]
    sign(webextension(version="2"), "2", status=202)

    def disable(session):
        extension = session.query(Extension).one()
        states.set_state(session, extension, ExtensionState.DISABLED, reason="a test", actor_id=None)

    database.write(disable)
    assert "EXTENSION_DISABLED" in sign(webextension(version="3"), "3", status=400).json["error"]
    assert app.get(submission(), headers=ann).json["active"] is False


def test_maintenance(sign, database, app, ann):
    database.write(lambda session: maintenance.begin(session, "Moving house.", None))
    answer = sign(webextension(), status=503)
    assert answer.json["error"] == "Moving house."


def test_polls_are_never_limited(ini, app, ann, sign):
    for _ in range(3):
        assert "RateLimit-Limit" not in app.get(submission(), headers=ann, status=404).headers
    made = sign(webextension(), status=201)
    assert "RateLimit-Limit" in made.headers
    poll = app.get(local(made.json["url"]), headers=ann)
    assert "RateLimit-Limit" not in poll.headers
    app.get(local(made.json["url"]), headers=ann | {"If-None-Match": poll.headers["ETag"]}, status=304)


@pytest.mark.parametrize("odd", [".", "..", "%2e%2e", "%2f", "%00", "a%00b", "@@x", "%0a", "%ff"])
def test_odd_segments(app, ann, odd):
    for address in (
        f"/api/v4/addons/{odd}/versions/1.0/",
        f"/api/v4/addons/{GUID}/versions/{odd}/",
        f"/api/v4/addons/{GUID}/{odd}/1.0/",
    ):
        for verb in ("GET", "PUT", "POST"):
            answer = send(
                app, verb, address, ann | {"Content-Type": FORM}, form(("upload", "x", webextension()))
            )
            assert_failure(answer, 400 if odd == "%ff" else 404)
