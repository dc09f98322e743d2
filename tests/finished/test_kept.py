"""Answers that are kept: the same as new ones, for everybody they are meant for, and never after a change."""

import pytest
import time_machine
from sqlalchemy.exc import OperationalError

from registry.domain import states
from registry.finished import SMALLEST_GZIP
from registry.models import Database, Extension, ExtensionState
from support import shelf
from support.samples import brackets

EXTENSIONS = "/api/v4/extensions/"
PUBLIC = f"{EXTENSIONS}{shelf.PUBLIC}/"
KEPT = (
    EXTENSIONS,
    PUBLIC,
    f"{PUBLIC}versions/",
    f"{PUBLIC}versions/latest/",
    f"{PUBLIC}versions/latest/download",
)
PERSONAL = ("X-Request-Id", "Date")


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


def raw(app, path):
    """The headers and the body of a compressed answer, as they come from the application."""
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.url_scheme": "http"}
    environ["HTTP_ACCEPT_ENCODING"] = "gzip"
    body = b"".join(app.app(environ, lambda status, headers: said.append(dict(headers))))
    assert said[0]["Content-Encoding"] == "gzip"
    return said[0], body


def stable(answer):
    return {name: value for name, value in answer.headers.items() if name not in PERSONAL}


@pytest.mark.parametrize("path", KEPT)
def test_a_kept_answer_is_the_new_one(stocked, path):
    first, second = (stocked.get(path) for _ in range(2))
    assert first.body == second.body
    assert stable(first) == stable(second)
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("path", KEPT[:4])
def test_compressed_for_those_who_take_it(stocked, path):
    for _ in range(2):
        plain = stocked.get(path)
        answer = stocked.get(path, headers={"Accept-Encoding": "br;q=1.0, gzip;q=0.8, *;q=0.1"})
        assert answer.body == plain.body  # WebTest unpacks it
        if len(plain.body) >= SMALLEST_GZIP:
            assert answer.headers["ETag"] == f'{plain.headers["ETag"][:-1]}-gzip"'
            assert int(raw(stocked, path)[0]["Content-Length"]) < len(plain.body)
        assert "Accept-Encoding" in plain.headers["Vary"]
        refused = stocked.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"})
        assert "Content-Encoding" not in refused.headers
        for etag in {plain.headers["ETag"], answer.headers["ETag"]}:
            assert stocked.get(path, headers={"If-None-Match": etag}, status=304).body == b""


def test_the_same_bytes_whenever_they_are_compressed(stocked):
    with time_machine.travel("2026-11-24", tick=False) as clock:
        headers, body = raw(stocked, PUBLIC)
        stocked.app._kept.clear()
        clock.shift(3600)
        later, again = raw(stocked, PUBLIC)
    assert (later["ETag"], again) == (headers["ETag"], body)


def test_a_change_is_seen_at_once(stocked, work):
    assert stocked.get(f"{PUBLIC}versions/latest/").json["version"] == shelf.SIGNED
    work()
    assert stocked.get(f"{PUBLIC}versions/latest/").json["version"] == shelf.UNSIGNED
    names = [extension["name"] for extension in stocked.get(EXTENSIONS).json["results"]]
    assert names == [shelf.PRIVATE, shelf.ADDON, shelf.PUBLIC]


def test_a_disabled_extension_is_gone_at_once(stocked, config):
    for path in KEPT:
        stocked.get(path)

    def disable(session):
        extension = session.query(Extension).filter_by(name=shelf.PUBLIC).one()
        states.set_state(session, extension, ExtensionState.DISABLED, reason="harmful", actor_id=None)

    config.registry["database"].write(disable)
    assert stocked.get(PUBLIC).json["disabled"] is True
    stocked.get(f"{PUBLIC}versions/latest/download", status=410)
    assert [extension["name"] for extension in stocked.get(EXTENSIONS).json["results"]] == [shelf.ADDON]


def test_who_may_see_more_is_not_answered_what_was_kept(stocked, accounts):
    strangers = stocked.get(f"{PUBLIC}versions/").json["count"]
    owners = stocked.get(f"{PUBLIC}versions/", headers=accounts.bearer(shelf.OWNER)).json["count"]
    assert (strangers, owners) == (1, 2)
    assert stocked.get(f"{PUBLIC}versions/").json["count"] == 1
    stocked.get(PUBLIC, headers={"Authorization": "Bearer nonsense"}, status=401)
    stocked.get(PUBLIC, headers={"Auth-Token": "nonsense"}, status=401)


def test_another_extension_does_not_disturb(stocked, accounts, work, config):
    owner = accounts.bearer("bob")
    kept = stocked.app._kept
    stocked.get(PUBLIC)
    before = kept["http", PUBLIC[:-1], ""]
    stocked.post(EXTENSIONS, brackets("another"), headers=owner)
    work()
    stocked.get(PUBLIC)
    # Its own second version was signed meanwhile, so it was made anew; from then on it stays.
    again = kept["http", PUBLIC[:-1], ""]
    assert again is not before
    stocked.post(EXTENSIONS, brackets("a-third"), headers=owner)
    work()
    stocked.get(PUBLIC)
    assert kept["http", PUBLIC[:-1], ""] is again


def test_what_only_defeats_caches_is_not_seen(stocked):
    stocked.get(f"{EXTENSIONS}?_=1")
    answer = stocked.get(f"{EXTENSIONS}?page_size=1&_=1699999999999").json
    assert answer["next"] is None or "_=" not in answer["next"]
    assert sum(key[1] == EXTENSIONS[:-1] for key in stocked.app._kept) == 2


def test_pages_and_sizes_are_kept_apart(stocked, work):
    work()
    one = stocked.get(f"{EXTENSIONS}?page_size=1").json
    two = stocked.get(f"{EXTENSIONS}?page_size=1&page=2").json
    assert one["results"] != two["results"]
    assert stocked.get(f"{EXTENSIONS}?page_size=1").json == one


def test_reads_go_on_while_the_database_is_away(stocked, config, monkeypatch):
    known = stocked.get(PUBLIC).body

    def away(_):
        raise OperationalError("SELECT 1", {}, Exception("away"))

    monkeypatch.setattr(Database, "read", away)
    assert stocked.get(PUBLIC).body == known
    stocked.get(f"{EXTENSIONS}nobody-asked-before/", status=503)


def test_memory_is_bounded(stocked):
    stocked.app._most_bytes = 20_000
    for number in range(1, 51):
        stocked.get(f"{EXTENSIONS}?page_size={number}")
    assert sum(kept.size for kept in stocked.app._kept.values()) <= 20_000
    assert stocked.app._bytes == sum(kept.size for kept in stocked.app._kept.values())


def test_an_answer_that_client_does_not_take(stocked):
    for _ in range(2):
        stocked.get(PUBLIC, headers={"Accept": "text/html"}, status=406)
        stocked.get(PUBLIC, headers={"Accept": "application/json"})
        stocked.get(PUBLIC, headers={"Accept": "text/html, */*;q=0.1"})
