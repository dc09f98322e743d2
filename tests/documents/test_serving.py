"""Documents as clients get them: what the worker made last, whole, compressed, and never nothing."""

import base64
import gzip

import pytest

from registry.catalogue.documents import NAMES, PATHS, SIGNED
from registry.documents import BLOCK, Mapped, signature_path
from registry.jobs.clerk import GRACE_SECONDS
from registry.wsgi import application

EMPTY = {"registry.json": {}, "popularity.json": {}, "list": [], "extension_takedown.json": []}


def raw(app, path, **environ):
    """Status, headers and body as they come from the application."""
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.url_scheme": "http", **environ}
    body = b"".join(app.app(environ, lambda status, headers: said.append((status, dict(headers)))))
    return *said[0], body


def test_before_the_worker_has_made_any(app):
    for name, empty in EMPTY.items():
        assert app.get(PATHS[name], status=200).json == empty
        assert app.get(PATHS[name], status=200).headers["Content-Type"] == "application/json"
    assert app.get("/registry_version.json").json == {"version": 0}
    assert app.get("/api/v4/listing/").json["extensions"] == []
    assert app.get("/api/v4/listing/").json["serial"] is None
    answer = app.get("/api/v4/listing/signature", status=404)
    assert (answer.json["code"], answer.headers["Retry-After"]) == ("NOT_SIGNED_YET", "5")


def test_from_rows_they_say_what_there_is(app, catalogue):
    catalogue.add("one")
    assert list(app.get("/registry.json").json) == ["one"]
    catalogue.disable("one")
    assert app.get("/registry.json").json == {}
    assert app.get("/extension_takedown.json").json == ["one"]
    assert app.get("/list").json[0]["disabled"] is True


@pytest.mark.parametrize("name", NAMES)
def test_what_the_worker_has_made(app, clerk, catalogue, name):
    catalogue.add("one", "1.0.0", "1.2.0")
    clerk.turn()
    made, path = catalogue.bytes(name), PATHS[name]
    status, headers, body = raw(app, path)
    assert (status, body) == ("200 OK", made)
    assert headers["Content-Type"] == "application/json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Vary"] == "Authorization, Auth-Token, Cookie, Accept-Encoding"
    assert headers["Content-Length"] == str(len(made))
    assert "Set-Cookie" not in headers
    status, packed, body = raw(
        app, f"{path}/", HTTP_ACCEPT_ENCODING="gzip, deflate", QUERY_STRING="_=1699999"
    )
    assert (status, packed["Content-Encoding"]) == ("200 OK", "gzip")
    assert gzip.decompress(body) == made
    for known in (headers["ETag"], packed["ETag"], "*"):
        status, answered, body = raw(app, path, HTTP_IF_NONE_MATCH=known)
        assert (status, body, "Content-Length" in answered) == ("304 Not Modified", b"", False)
    status, answered, body = raw(app, path, REQUEST_METHOD="HEAD")
    assert (status, body, answered["Content-Length"]) == ("200 OK", b"", str(len(made)))
    part = app.get(path, headers={"Range": "bytes=1-4"}, status=206)
    assert part.body == made[1:5]


def test_a_credential_is_looked_at_first(app, clerk, accounts):
    clerk.turn()
    for path in (PATHS["registry.json"], PATHS["listing"], signature_path("listing")):
        app.get(path, headers={"Authorization": "Bearer nonsense"}, status=401)
        answer = app.get(path, headers=accounts.bearer("ann"), status=200)
        assert answer.body == app.get(path).body


def test_they_are_json_for_those_who_take_it(app, clerk):
    clerk.turn()
    for name in NAMES:
        app.get(PATHS[name], headers={"Accept": "text/html"}, status=406)
    app.post("/registry.json", status=405)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_compressed_for_clients_that_weigh_what_they_take(app, clerk, name):
    """Brackets itself asks so, and any browser does."""
    clerk.turn()
    for accept in ("application/json, text/javascript, */*; q=0.01", "text/html,*/*;q=0.8"):
        status, headers, body = raw(
            app, PATHS[name], HTTP_ACCEPT=accept, HTTP_ACCEPT_ENCODING="gzip, deflate"
        )
        assert (status, headers["Content-Encoding"]) == ("200 OK", "gzip")
        assert gzip.decompress(body) == raw(app, PATHS[name])[2]
    for accept in ("text/html", "application/json;q=0, text/html", "*/*;q=0.0"):
        app.get(PATHS[name], headers={"Accept": accept}, status=406)


def test_a_change_shows_once_it_is_made(app, clerk, catalogue, clock):
    clerk.turn()
    assert app.get("/registry.json").json == {}
    catalogue.add("one")
    assert app.get("/registry.json").json == {}
    clock.move(10)
    clerk.turn()
    assert list(app.get("/registry.json").json) == ["one"]
    # A file that is gone from the store is still served by who has it open.
    catalogue.disable("one")
    clock.move(10)
    clerk.turn()
    clock.move(GRACE_SECONDS + 10)
    clerk.turn()
    assert app.get("/registry.json").json == {}


def test_a_file_that_is_missing(app, clerk, catalogue, context, config):
    catalogue.add("one")
    clerk.turn()
    known = app.get("/registry.json").body
    row = catalogue.row("registry.json")
    context.storage.remove(row.sha256)
    assert app.get("/registry.json").body == known
    # A process that starts now answers from the rows.
    config.registry["documents"]._shown.clear()
    assert app.get("/registry.json").json.keys() == {"one"}


def test_signatures_come_with_their_documents(app, clerk, catalogue):
    catalogue.add("one")
    clerk.turn()
    for name in SIGNED:
        beside = app.get(signature_path(name))
        assert beside.headers["Content-Type"] == "application/pkcs7-signature"
        assert beside.body == catalogue.row(name).signature
        header = app.get(PATHS[name]).headers["Registry-Signature"]
        assert header.encode() == base64.b64encode(beside.body)
        assert app.get(PATHS[name], headers={"Range": "bytes=0-"}).headers["Registry-Signature"] == header
        app.get(signature_path(name), headers={"If-None-Match": beside.headers["ETag"]}, status=304)


def test_large_documents_are_sent_in_blocks(config, clerk, catalogue, monkeypatch):
    monkeypatch.setattr("registry.documents.LARGEST_IN_MEMORY", 10)
    monkeypatch.setattr("registry.documents.BLOCK", 100)
    catalogue.add("one", *(f"1.{number}.0" for number in range(20)))
    clerk.turn()
    app = application(config)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/registry.json", "wsgi.url_scheme": "http"}
    answer = app(environ, lambda *_: None)
    assert isinstance(answer, Mapped)
    blocks = list(answer)
    assert max(map(len, blocks)) == 100 < BLOCK
    assert b"".join(blocks) == catalogue.bytes("registry.json")


def test_https_is_remembered(ini, clerk, config):
    clerk.turn()
    config.registry["documents"]._hsts = True
    app = application(config)
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/registry.json"}
    for scheme in ("http", "https"):
        list(app({**environ, "wsgi.url_scheme": scheme}, lambda _, headers: said.append(dict(headers))))
    assert ["Strict-Transport-Security" in headers for headers in said] == [False, True]
