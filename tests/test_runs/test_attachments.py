"""Files that tests left: named for everybody, kept for the extension's own people."""

import hashlib
import os
import time

import pytest
from sqlalchemy import func, select

from registry import models, settings
from registry.jobs import housekeeping
from registry.jobs.worker import open_context
from registry.results import DEFAULT_LIMITS
from registry.storage import SMALL_BYTES
from support import subunit

SMALL, LARGE = b"\x89PNG small", b"\x89PNG" + bytes(SMALL_BYTES)
TOO_LARGE = b"\0" * (DEFAULT_LIMITS.attachment_bytes + 1)


def left(test="t", status="fail", **files):
    """A test that left files, each named by the type and the bytes of its content."""
    pieces = [
        subunit.packet(test, media_type=media_type, name=name, data=data)
        for name, (media_type, data) in files.items()
    ]
    return b"".join(pieces) + subunit.packet(test, status)


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def tidy(ini):
    """What a worker does once a day."""
    context = open_context(ini, settings.read(ini))
    yield lambda: housekeeping.tidy(context)
    context.database.dispose()


@pytest.fixture
def send(make, post, stocked):
    """Send files of results to a new run: the details of its results by the names of the tests."""

    def send(*files, **options):
        run = make(**options)
        for number, file in enumerate(files, 1):
            answer = post(
                f"post-result?test_id={run['id']}&finished={'true' if number == len(files) else 'false'}",
                file,
                run["token"],
            )
            assert answer.status_int == 201, answer.body
        return details(run)

    def details(run):
        found = stocked.get(f"{run['url']}results/").json["results"]
        return {each["test"]: stocked.get(each["url"]).json for each in found}

    send.details = details
    return send


def test_files_are_named_with_their_result_and_given_as_they_were(send, stocked, accounts, config):
    shot, dump = ("image/png; q=1", SMALL), ("application/octet-stream", LARGE)
    result = send(left(**{"shot.png": shot, "dump": dump}) + left("plain", "success"))
    assert result["plain"]["attachments"] == []
    named = result["t"]["attachments"]
    assert [(a["name"], a["media_type"], a["size"], a["sha256"]) for a in named] == [
        ("dump", "application/octet-stream", len(LARGE), digest(LARGE)),
        ("shot.png", "image/png", len(SMALL), digest(SMALL)),
    ]
    store = config.registry["storage"]
    assert (digest(LARGE) in store, digest(SMALL) in store) == (True, False)
    for attachment, data in zip(named, (LARGE, SMALL), strict=True):
        assert attachment["url"] == f"{result['t']['url']}attachments/{digest(data)}"
        answer = stocked.get(attachment["url"], headers=accounts.bearer("ann"))
        assert answer.body == data
        part = stocked.get(attachment["url"], headers=accounts.bearer("ann") | {"Range": "bytes=1-3"})
        assert (part.status_int, part.body) == (206, b"PNG")


def test_no_browser_makes_a_page_of_one(send, stocked, accounts):
    name = '../.."\r\nSet-Cookie: a=b\r\n\r\n<script>.html'
    page = ("text/html", b"<script>alert(1)</script>"), ("application/xhtml+xml", b"<script/>")
    result = send(left(**{name: page[1]}) + left("b", "fail", log=page[0]))
    assert result["b"]["attachments"] == []  # text is its detail
    [attachment] = result["t"]["attachments"]
    assert attachment["name"] == name
    answer = stocked.get(attachment["url"], headers=accounts.bearer("ann"))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == ('attachment; filename="_.._Set-Cookie_a_b_script_.html"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in answer.headers


def test_who_may_have_one(send, stocked, accounts):
    [attachment] = send(left(shot=("image/png", SMALL)))["t"]["attachments"]
    for headers, status in (({}, 401), (accounts.bearer("bob"), 403), (accounts.bearer("ann"), 200)):
        stocked.get(attachment["url"], headers=headers, status=status)


def test_what_is_over_a_limit_is_named_only(send, stocked, accounts):
    result = send(left(movie=("video/webm", TOO_LARGE)))["t"]
    [attachment] = result["attachments"]
    assert attachment == {
        "name": "movie",
        "media_type": "video/webm",
        "size": len(TOO_LARGE),
        "sha256": None,
        "url": None,
    }
    for sha256 in (digest(TOO_LARGE), digest(b""), "x", "null"):
        stocked.get(f"{result['url']}attachments/{sha256}", headers=accounts.bearer("ann"), status=404)


def test_only_so_many_are_named(send):
    most = DEFAULT_LIMITS.attachments
    files = {f"{number:04}": ("image/png", b"x") for number in range(most - 1)}
    last = {"a": ("image/png", b"x"), "b": ("image/png", b"x")}
    result = send(left(**files) + left("u", **last) + left("v", **last))
    assert [len(result[test]["attachments"]) for test in "tuv"] == [most - 1, 1, 0]


def test_those_of_the_results_that_count_are_kept(send):
    before, worse, better = (
        left(status=status, shot=("image/png", data))
        for status, data in (("success", b"1"), ("fail", b"2"), ("success", b"3"))
    )
    [attachment] = send(before, worse, better)["t"]["attachments"]
    assert attachment["sha256"] == digest(b"2")


def test_a_worker_keeps_those_of_a_large_file(make, post, stocked, send, work, clock, accounts, config):
    run = make()
    many = b"".join(
        left(f"t.{number}", movie=("video/webm", b"%d" % number * 300_000)) for number in range(5)
    )
    filler = left("f", log=("text/plain", b"x" * 3_000_000))
    assert post(f"post-result?test_id={run['id']}", many + filler, run["token"]).status_int == 201
    clock.shift(1)
    work()
    result = send.details(run)
    for number in range(5):
        data = b"%d" % number * 300_000
        [attachment] = result[f"t.{number}"]["attachments"]
        assert digest(data) in config.registry["storage"]
        assert stocked.get(attachment["url"], headers=accounts.bearer("ann")).body == data


def test_they_stay_in_the_store(send, tidy, config):
    send(left(dump=("application/octet-stream", LARGE)))
    path = config.registry["storage"].path(digest(LARGE))
    then = time.time() - 2 * housekeeping.BLOB_AGE
    os.utime(path, (then, then))
    tidy()
    assert path.exists()


def test_anonymous_ones_are_named_only_and_forgotten(post, stocked, clock, tidy, database):
    answer = post("post-result", left(shot=("image/png", SMALL)))
    results = stocked.get(f"{answer.json['url']}results/").json["results"]
    assert stocked.get(results[0]["url"]).json["attachments"][0]["url"] is None
    clock.shift(31 * 24 * 3600)
    tidy()
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(models.TestAttachment)) == 0
