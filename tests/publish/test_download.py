"""Downloads: exact bytes, ranges, validators, and headers that keep them from being anything else."""

import hashlib

import pytest

from support.samples import brackets, webextension

FILE = "/api/v4/extensions/word-tally/versions/1.0.0/download"


@pytest.fixture
def file(app, accounts, work):
    app.post("/api/v4/extensions/", brackets(), headers=accounts.bearer("ann"))
    work()
    return app.get(FILE)


def test_validators_and_headers(app, file):
    sha256 = hashlib.sha256(file.body).hexdigest()
    assert file.headers["ETag"] == f'"{sha256}"'
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["Accept-Ranges"] == "bytes"
    assert file.headers["Content-Type"] == "application/zip"
    assert file.headers["Content-Disposition"] == 'attachment; filename="word-tally-1.0.0.zip"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Set-Cookie" not in file.headers
    latest = app.get(FILE.replace("1.0.0", "latest"))
    assert latest.body == file.body
    assert latest.headers["Cache-Control"] == "no-cache"


def test_unchanged_is_304(app, file):
    answer = app.get(FILE, headers={"If-None-Match": file.headers["ETag"]}, status=304)
    assert answer.body == b""
    app.get(FILE, headers={"If-None-Match": '"other"'}, status=200)


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=10-", slice(10, None)), ("bytes=-5", slice(-5, None))],
)
def test_ranges(app, file, asked, part):
    answer = app.get(FILE, headers={"Range": asked}, status=206)
    assert answer.body == file.body[part]
    assert answer.headers["Content-Range"].endswith(f"/{len(file.body)}")
    app.get(FILE, headers={"Range": asked, "If-Range": '"other"'}, status=200)


def test_a_range_beyond_the_end(app, file):
    size = len(file.body)
    answer = app.get(FILE, headers={"Range": f"bytes={size}-"}, status=416)
    assert answer.json["code"] == "ERROR_RANGE_NOT_SATISFIABLE"
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    app.get(FILE, headers={"Range": f"bytes={size}-", "If-Range": '"other"'}, status=200)


@pytest.mark.parametrize("asked", ["bytes=9-1", "lines=1-2", "bytes=", "bytes=a-b", "x" * 5000])
def test_a_range_that_means_nothing_is_ignored(app, file, asked):
    assert app.get(FILE, headers={"Range": asked}, status=200).body == file.body


def test_head(app, file):
    answer = app.head(FILE)
    assert answer.body == b""
    assert int(answer.headers["Content-Length"]) == len(file.body)


def test_any_accept_header_will_do(app, file):
    app.get(FILE, headers={"Accept": "application/x-xpinstall"}, status=200)


def test_a_web_extension_is_an_xpi(app, accounts, work):
    version = app.post("/api/v4/extensions/", webextension(), headers=accounts.bearer("ann")).json
    work()
    file = app.get(f"/api/v4/extensions/{version['name']}/versions/1.0/download")
    assert file.headers["Content-Type"] == "application/x-xpinstall"
    assert 'filename="tab-notes-1.0.xpi"' in file.headers["Content-Disposition"]
