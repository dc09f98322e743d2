"""Every failure is JSON in the shape of the conventions, whatever has gone wrong and wherever."""

import errno
import logging

import colander
import pytest
import webtest
from pyramid import httpexceptions
from sqlalchemy.exc import OperationalError

from registry import validators, wsgi
from registry.errors import CODES
from registry.views import catalogue
from support import shelf
from support.application import SECRET
from support.samples import brackets
from support.wire import assert_failure, send

EXTENSIONS = "/api/v4/extensions/"
PUBLIC = f"{EXTENSIONS}{shelf.PUBLIC}/"


class Inner(colander.MappingSchema):
    low = colander.SchemaNode(colander.Integer(), validator=colander.Range(0, 9))
    high = colander.SchemaNode(colander.Integer(), validator=colander.Range(0, 9))


class Body(colander.MappingSchema):
    title = colander.SchemaNode(colander.String(), validator=colander.Length(max=10))
    count = colander.SchemaNode(colander.Integer(), missing=1, validator=colander.Range(0, 10**6))
    limits = Inner(missing=None)


def order(node, value):
    if value["limits"] and value["limits"]["low"] > value["limits"]["high"]:
        raise colander.Invalid(node, "The limits are the wrong way round.")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An application with views of its own: `/raise/…` raises, `/body` validates a JSON body."""
    folder = tmp_path_factory.mktemp("made")
    ini = {
        "sqlalchemy.url": f"sqlite:///{folder}/none.sqlite",
        "registry.secret": SECRET,
        "registry.storage": f"file:{folder}/store",
        "huey.class": "huey.MemoryHuey",
    }
    # Not the one that other tests share: views that are added to it stay.
    config = wsgi.configure(ini)

    def throw(request):
        kind = request.matchdict["kind"]
        if kind == "Crash":
            raise ZeroDivisionError("a secret of ours")
        if kind == "Text":
            b"\xff".decode()
        raise getattr(httpexceptions, kind)(**({"location": "/there"} if kind == "HTTPFound" else {}))

    def body(request):
        request.validated = {}
        validators.json_body(Body(validator=order))(request)
        return request.validated

    config.add_route("throw", "/raise/{kind}")
    config.add_view(throw, route_name="throw")
    config.add_route("body", "/body")
    config.add_view(body, route_name="body", renderer="json")
    config.commit()
    yield webtest.TestApp(config.make_wsgi_app(), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    config.registry["downloads"].close()
    config.registry["database"].dispose()


def crashes(caplog):
    return [record for record in caplog.records if record.name == "registry.errors"]


def test_a_crash_tells_the_log_and_not_the_client(made, caplog):
    for verb in ("GET", "POST", "HEAD"):
        caplog.clear()
        answer = send(made, verb, "/raise/Crash")
        assert_failure(answer, 500)
        for inside in (b"secret", b"ZeroDivision", b"Traceback", b".py"):
            assert inside not in answer.body
        (record,) = crashes(caplog)
        assert record.levelno == logging.ERROR
        assert record.exc_info[0] is ZeroDivisionError


def test_a_rule_that_crashes(stocked, monkeypatch, caplog):
    def crash(extension):
        raise KeyError("a secret of ours")

    monkeypatch.setattr(catalogue.visibility, "detail_is_open", crash)
    answer = send(stocked, "GET", PUBLIC)
    assert assert_failure(answer, 500, "ERROR_INTERNAL")["detail"] == (
        "An unexpected error occurred; it has been logged."
    )
    assert len(crashes(caplog)) == 1


def test_a_database_that_is_away(stocked, accounts, config, monkeypatch, caplog):
    token = accounts.bearer("ann")

    def away():
        raise OperationalError("SELECT 1", {}, Exception("the database at 10.0.0.9 is away"))

    monkeypatch.setattr(config.registry["database"], "read", away)
    for headers in ({}, token):
        caplog.clear()
        answer = send(stocked, "GET", PUBLIC, headers)
        assert_failure(answer, 503, "ERROR_DATABASE")
        assert b"10.0.0.9" not in answer.body
        assert "10.0.0.9" in caplog.text


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_503(app, accounts, config, monkeypatch, caplog, number):
    def full(*_):
        raise OSError(number, "No space left")

    monkeypatch.setattr(config.registry["storage"], "keep", full)
    answer = send(app, "POST", EXTENSIONS, accounts.bearer("ann"), brackets())
    assert_failure(answer, 503, "ERROR_STORAGE")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(crashes(caplog)) == 1


def test_bad_text_of_our_own_is_not_blamed_on_the_address(made, caplog):
    assert_failure(send(made, "GET", "/raise/Text"), 500)
    assert len(crashes(caplog)) == 1
    assert_failure(send(made, "GET", "/raise/Text?x=%ff"), 400)


def test_failures_made_by_the_framework(made):
    kinds = [
        kind
        for kind in vars(httpexceptions).values()
        if isinstance(kind, type)
        and issubclass(kind, httpexceptions.HTTPError)
        and getattr(kind, "code", None)
    ]
    assert len(kinds) > 20
    for kind in {kind.__name__: kind for kind in kinds if kind.code not in (401, 403, 404, 405)}.values():
        assert_failure(send(made, "GET", f"/raise/{kind.__name__}"), kind.code)
    moved = send(made, "GET", "/raise/HTTPFound")
    assert (moved.status_int, moved.headers["Location"].endswith("/there")) == (302, True)


def test_log_lines_cannot_be_forged(made, caplog):
    send(made, "GET", "/raise/Crash%0aERROR forged")
    send(made, "GET", "/raise/Crash", {"User-Agent": "x"})
    for record in crashes(caplog):
        assert "\n" not in record.getMessage()


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_a_json_body(made, kind):
    answer = send(made, "POST", "/body", {"Content-Type": kind}, b'{"title":"x","limits":{"low":1,"high":2}}')
    assert answer.json == {"title": "x", "count": 1, "limits": {"low": 1, "high": 2}}
    assert answer.headers["Content-Type"] == "application/json"


FAULTS = (
    (b"", {"non_field_errors"}),
    (b"{", {"non_field_errors"}),
    (b"\xff", {"non_field_errors"}),
    (b"null", {"non_field_errors"}),
    (b"[]", {"non_field_errors"}),
    (b'"x"', {"non_field_errors"}),
    (b'{"title":NaN}', {"non_field_errors"}),
    (b'{"title":"\\ud800"}', {"non_field_errors"}),
    (b"[" * 100_000, {"non_field_errors"}),
    (b'{"title":' * 50_000, {"non_field_errors"}),
    (b"{}", {"title"}),
    (b'{"title":"x","typo":1,"other":2}', {"typo", "other"}),
    (b'{"title":"xxxxxxxxxxxx","count":-1}', {"title", "count"}),
    (b'{"title":["x"]}', {"title"}),
    (b'{"title":{"x":1}}', {"title"}),
    (b'{"title":"x","count":"many"}', {"count"}),
    (b'{"title":"x","count":1e400}', {"non_field_errors"}),
    (b'{"title":"x","count":' + b"9" * 30 + b"}", {"count"}),
    (b'{"title":"x","limits":5}', {"limits"}),
    (b'{"title":"x","limits":{"low":7,"high":1}}', {"non_field_errors"}),
)


def test_json_bodies_with_faults(made, subtests):
    for body, fields in FAULTS:
        with subtests.test(body[:40]):
            answer = send(made, "POST", "/body", {"Content-Type": "application/json"}, body)
            assert set(assert_failure(answer, 400)) == fields


def test_all_faults_of_a_field(made):
    body = b'{"title":"x","limits":{"low":-1,"high":99}}'
    answer = send(made, "POST", "/body", {"Content-Type": "application/json"}, body)
    assert len(assert_failure(answer, 400)["limits"]) == 2


def test_json_of_another_type_or_size(made):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        answer = send(made, "POST", "/body", {"Content-Type": kind}, b'{"title":"x"}')
        assert_failure(answer, 415, "ERROR_UNSUPPORTED_MEDIA_TYPE")
    large = b'{"title":"' + b"x" * 1024 * 1024 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert_failure(send(made, "POST", "/body", headers, large), 413, "ERROR_TOO_LARGE")
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert_failure(send(made, "POST", "/body", headers, large, **chunked), 413, "ERROR_TOO_LARGE")


def test_odd_request_headers_are_no_trouble(stocked, accounts):
    """Whatever is not understood is as if it had not been sent."""
    odd = {
        "Accept": ("\xff", ";;;", "a" * 10_000, ",,,"),
        "Accept-Language": ("\xff", "x" * 10_000),
        "Content-Type": ("\xff", "multipart/form-data", "multipart/form-data; boundary=\xff", ";"),
        "Cookie": ("\xff", "a=b; " * 1000, "session=x"),
        "Host": ("\xff", "a b", "example.org:x", "[::1"),
        "If-Match": ("\xff", "x", "*"),
        "If-Modified-Since": ("\xff", "yesterday", "Thu, 99 Foo 9999 99:99:99 GMT"),
        "If-None-Match": ("\xff", '"', "x"),
        "If-Range": ("\xff", "x"),
        "Origin": ("\xff", "null", "x" * 10_000),
        "Range": ("\xff", "bytes=", "bytes=x-y", "bytes=9-1", "lines=1-2", "bytes=0-1,3-4"),
        "Referer": ("\xff",),
        "User-Agent": ("\xff", "x" * 100_000),
        "X-Forwarded-For": ("\xff", "x"),
        "X-Forwarded-Proto": ("\xff",),
        "X-Http-Method-Override": ("DELETE",),
    }
    for name, values in odd.items():
        for value in values:
            for path in (PUBLIC, EXTENSIONS, f"{PUBLIC}versions/latest/download"):
                answer = send(stocked, "GET", path, {name: value})
                assert answer.status_int in (200, 206, 406, 412, 416), (name, value, path, answer.body[:200])
                assert "Set-Cookie" not in answer.headers
                if answer.status_int == 406:
                    assert_failure(answer, 406)


def test_the_table_of_codes_says_which_status(app):
    for code, text in CODES.items():
        assert code.replace("_", "").isupper()
        assert text[:3].isdigit(), code
        assert text[3:5] == ": "


def test_a_database_that_has_gone_is_503(app, accounts, config, monkeypatch):
    def gone(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused at db.internal"))

    headers = accounts.bearer("ann")
    monkeypatch.setattr(config.registry["database"], "write", gone)
    answer = app.post("/api/v4/extensions/", brackets(), headers=headers, status=503)
    assert answer.json["code"] == "ERROR_DATABASE"
    assert int(answer.headers["Retry-After"]) > 0
    assert "db.internal" not in answer.text
