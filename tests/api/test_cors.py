"""Cross-origin access: one policy for every address, for errors too, and never with cookies."""

from support import shelf
from support.wire import send

ORIGIN = {"Origin": "https://evil.example"}
PREFLIGHT = ORIGIN | {"Access-Control-Request-Method": "PUT"}
PATHS = (
    "/api/v4/extensions/",
    f"/api/v4/extensions/{shelf.PUBLIC}/versions/latest/download",
    f"/api/v4/extensions/{shelf.PRIVATE}/",
    "/api/v3/addon/",
    "/nowhere",
    "/",
    "",
    "/%ff",
    "/x" * 3000,
)


def test_every_answer_may_be_read_by_any_site(stocked, accounts):
    for path in PATHS:
        for verb in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            for headers in ({}, ORIGIN, ORIGIN | {"Auth-Token": "x"}, ORIGIN | accounts.bearer("ann")):
                answer = send(stocked, verb, path, headers)
                assert answer.headers.getall("Access-Control-Allow-Origin") == ["*"]
                assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
                assert "Access-Control-Allow-Credentials" not in answer.headers
                assert "Set-Cookie" not in answer.headers


def test_not_modified_and_parts_too(stocked):
    path = f"/api/v4/extensions/{shelf.PUBLIC}/versions/latest/download"
    etag = stocked.get(path).headers["ETag"]
    for headers, status in (
        ({"If-None-Match": etag}, 304),
        ({"Range": "bytes=0-1"}, 206),
        ({"Range": "bytes=99999-"}, 416),
    ):
        answer = send(stocked, "GET", path, ORIGIN | headers)
        assert (answer.status_int, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


def test_preflights_are_answered_everywhere(stocked):
    """Before anything is looked up: a preflight says nothing of what is there, nor who asks."""
    answers = [
        send(stocked, "OPTIONS", path, PREFLIGHT | headers)
        for path in PATHS
        for headers in ({}, {"Authorization": "garbage"}, {"Accept": "text/html"})
    ]
    assert {(answer.status_int, answer.body) for answer in answers} == {(204, b"")}
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert "Access-Control-Allow-Credentials" not in answers[0].headers
    methods = answers[0].headers["Access-Control-Allow-Methods"].split(", ")
    assert methods == ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    assert int(answers[0].headers["Access-Control-Max-Age"]) > 0
    assert "Authorization" in answers[0].headers["Access-Control-Allow-Headers"]


def test_the_headers_asked_for_are_allowed(stocked):
    asked = "authorization, auth-token, content-type, x-country-code, if-none-match"
    answer = send(stocked, "OPTIONS", "/", PREFLIGHT | {"Access-Control-Request-Headers": asked})
    assert answer.headers["Access-Control-Allow-Headers"] == asked


def test_what_is_asked_for_cannot_become_a_header_of_its_own(stocked):
    for asked in ("x\r\nSet-Cookie: a=b", "\x00", "\xff", "y" * 100_000, ""):
        # Servers refuse such headers themselves; this is what holds should one let them pass.
        answer = send(stocked, "OPTIONS", "/", PREFLIGHT, HTTP_ACCESS_CONTROL_REQUEST_HEADERS=asked)
        allowed = answer.headers["Access-Control-Allow-Headers"]
        assert answer.status_int == 204
        assert allowed.isascii()
        assert allowed.isprintable()
        assert len(allowed) <= 1000
        assert "Set-Cookie" not in answer.headers
