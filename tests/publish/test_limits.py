"""What is not taken in: bodies that are too large, not packages, damaged on the way, or of another type."""

import io

import pytest
from sqlalchemy import func, select
from webob import Request

from registry.models import Blob, Extension, Job, Version
from support.application import configure
from support.samples import brackets

EXTENSIONS = "/api/v4/extensions/"


@pytest.fixture
def ini(ini):
    return {**ini, "package.max_bytes": "20000"}


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


@pytest.fixture(autouse=True)
def nothing_is_left(config):
    yield
    with config.registry["database"].read() as connection:
        for table in (Extension, Version, Job, Blob):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    assert not list(config.registry["storage"].root.glob("tmp/*"))


@pytest.mark.parametrize("send", ["body", "form"])
def test_a_package_over_the_limit_is_413(app, ann, send):
    package = brackets(files={"large.bin": bytes(range(256)) * 1000})
    large = package + b"\0" * 20_000
    if send == "body":
        answer = app.post(EXTENSIONS, large, headers=ann, status=413)
    else:
        answer = app.post(EXTENSIONS, upload_files=[("file", "x.zip", large)], headers=ann, status=413)
    assert answer.json["code"] == "ERROR_TOO_LARGE"
    assert "20000" in answer.json["detail"]


def send_raw(app, headers, length, stream):
    """A request whose Content-Length is not that of its body."""
    request = Request.blank(EXTENSIONS, {"REMOTE_ADDR": "127.0.0.1"}, method="POST", headers=headers)
    request.environ |= {"CONTENT_LENGTH": str(length), "wsgi.input": stream}
    return request.get_response(app.app)


def test_a_length_over_the_limit_is_413_before_the_body_is_read(app, ann):
    class Unreadable:
        def read(self, *_):
            raise AssertionError("the body was read")

    assert send_raw(app, ann, 10_000_000, Unreadable()).status_int == 413


def test_a_body_that_curl_data_mangled_names_the_right_option(app, ann):
    mangled = brackets().translate(None, b"\0\r\n")
    for path in (EXTENSIONS, "/api/v3/addon/"):
        answer = app.post(path, mangled, headers=ann, status=400)
        assert answer.json["file"][0].startswith("ERROR_BODY_MANGLED: ")
        assert "--data-binary" in answer.json["file"][0]


@pytest.mark.parametrize("body", [b"", b"PK", b"hello", b"PK\x03\x04" + b"\0" * 100, brackets()[:-30]])
def test_what_is_no_zip_is_400_on_file(app, ann, body):
    assert "file" in app.post(EXTENSIONS, body, headers=ann, status=400).json


def test_a_body_shorter_than_it_says(app, ann):
    answer = send_raw(app, ann, 15_000, io.BytesIO(brackets()))
    assert answer.status_int == 400
    assert answer.json["file"][0].startswith("BODY_CUT_OFF")


@pytest.mark.parametrize("kind", ["application/json", "text/html", "image/png", "application/x-tar"])
def test_other_types_are_415(app, ann, kind):
    answer = app.post(EXTENSIONS, brackets(), headers=ann | {"Content-Type": kind}, status=415)
    assert answer.json["code"] == "ERROR_UNSUPPORTED_MEDIA_TYPE"


def test_a_form_may_repeat_but_not_override(app, ann):
    files = [("file", "x.zip", brackets("word-tally"))]
    answer = app.post(
        EXTENSIONS, {"name": "other", "version": "9"}, upload_files=files, headers=ann, status=400
    )
    assert set(answer.json) == {"name", "version"}
    answer = app.post(EXTENSIONS, {"colour": "red"}, upload_files=files, headers=ann, status=400)
    assert set(answer.json) == {"colour"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--c\r\n\r\n--c--",
        b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\n\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n--b--\r\n",
        b"".join(b"--b\r\nContent-Disposition: form-data; name=f%d\r\n\r\nx\r\n" % n for n in range(100))
        + b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=field\r\n\r\n" + b"x" * 5000 + b"\r\n--b--\r\n",
        (b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n") * 2 + b"--b--\r\n",
    ],
)
def test_broken_forms_are_400(app, ann, body):
    headers = ann | {"Content-Type": "multipart/form-data; boundary=b"}
    answer = app.post(EXTENSIONS, body, headers=headers, status=400)
    assert all(isinstance(messages, list) for messages in answer.json.values())


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\u00e4"]
)
def test_a_form_without_a_boundary(app, ann, kind):
    app.post(EXTENSIONS, brackets(), headers=ann | {"Content-Type": kind}, status=400)


def test_every_fault_of_a_package_in_one_answer(app, ann):
    answer = app.post(
        EXTENSIONS, brackets("BAD", "one", engines={"brackets": "abc def"}), headers=ann, status=400
    )
    codes = {message.partition(":")[0] for messages in answer.json.values() for message in messages}
    assert {"BAD_PACKAGE_NAME", "INVALID_VERSION_NUMBER", "INVALID_BRACKETS_VERSION"} <= codes


def test_disallowed_words_come_from_the_ini(ini, accounts):
    import webtest

    config = configure({**ini, "package.disallowed_words": "adobe official"})
    app = webtest.TestApp(config.make_wsgi_app(), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    answer = app.post(
        EXTENSIONS, brackets(title="The Official tally"), headers=accounts.bearer("ann"), status=400
    )
    assert answer.json["title"][0].startswith("DISALLOWED_WORDS")
    config.registry["database"].dispose()
