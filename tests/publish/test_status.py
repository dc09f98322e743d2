"""Following a version: polling, conditional polling, waiting; and what is said when signing fails."""

import threading

import pytest

from support.samples import brackets

EXTENSIONS = "/api/v4/extensions/"
VERSION = f"{EXTENSIONS}word-tally/versions/1.0.0/"


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


@pytest.fixture
def published(app, ann):
    app.post(EXTENSIONS, brackets(), headers=ann)


def test_polling_by_etag(app, ann, published, work):
    first = app.get(VERSION, headers=ann)
    assert int(first.headers["Retry-After"]) >= 1
    unchanged = app.get(VERSION, headers=ann | {"If-None-Match": first.headers["ETag"]}, status=304)
    assert unchanged.body == b""
    work()
    signed = app.get(VERSION, headers=ann | {"If-None-Match": first.headers["ETag"]}, status=200)
    assert "Retry-After" not in signed.headers


def test_waiting_ends_when_it_is_signed(app, ann, published, work):
    answers = []
    waiter = threading.Thread(target=lambda: answers.append(app.get(f"{VERSION}?wait=20", headers=ann)))
    waiter.start()
    work()
    waiter.join(20)
    assert answers[0].json["state"] == "signed"


def test_waiting_ends_when_its_time_is_up(app, ann, published):
    assert app.get(f"{VERSION}?wait=1", headers=ann).json["state"] == "queued"


def test_nobody_waits_when_too_many_do(app, config, ann, published):
    waiters = config.registry["waiters"]
    held = 0
    while waiters.acquire(blocking=False):
        held += 1
    assert held == config.registry["settings"].long_poll_waiters
    assert app.get(f"{VERSION}?wait=30", headers=ann).json["state"] == "queued"


@pytest.mark.parametrize("wait", ["-1", "31", "soon", "1e9"])
def test_a_wait_that_cannot_be(app, ann, published, wait):
    assert "wait" in app.get(f"{VERSION}?wait={wait}", headers=ann, status=400).json


def test_a_package_damaged_in_the_store_is_never_signed(app, ann, published, config, work):
    storage = config.registry["storage"]
    upload = storage.path(app.get(VERSION, headers=ann).json["upload_sha256"])
    upload.write_bytes(upload.read_bytes() + b"x")
    work()
    answer = app.get(VERSION, headers=ann).json
    assert answer["state"] == "queued"
    assert answer["attempt"] == 1
    assert answer["package"] is None
    app.get(f"{VERSION}download", headers=ann, status=404)


def test_the_file_of_an_unsigned_version(app, ann, published):
    assert app.get(f"{VERSION}download", headers=ann, status=404).json["code"] == "NOT_SIGNED_YET"
    assert app.get(f"{VERSION}download", status=404).json["code"] == "ERROR_NOT_FOUND"
