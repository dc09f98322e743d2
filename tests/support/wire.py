"""Requests as a hostile client sends them, and what every failure must look like."""

from typing import Any
from urllib.parse import unquote_to_bytes

import webtest


def send(
    app: webtest.TestApp,
    method: str,
    address: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    **environ: Any,
) -> webtest.TestResponse:
    """The answer to a request whose address (path, maybe a query) nobody has tidied up on the way.

    ``environ`` goes over the WSGI environment.
    """
    path, _, query = address.partition("?")
    request = webtest.TestRequest.blank("/", method=method, headers=headers or {})
    if body:
        request.body = body
    request.environ |= app.extra_environ
    request.environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    request.environ["QUERY_STRING"] = query
    request.environ |= environ
    return app.do_request(request, expect_errors=True)


def assert_failure(answer: webtest.TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of ``answer``, once it has been found to be a failure as the conventions have it."""
    path = answer.request.environ["PATH_INFO"]
    what = f"{answer.request.method} {path[:200]!r}: {answer.status} {answer.body[:300]!r}"
    assert answer.status_int == status, what
    assert answer.headers["Content-Type"] == "application/json", what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    assert answer.headers["Cache-Control"] == "no-store", what
    assert answer.headers["Access-Control-Allow-Origin"] == "*", what
    assert "Access-Control-Allow-Credentials" not in answer.headers, what
    assert "Set-Cookie" not in answer.headers, what
    if answer.request.method == "HEAD":
        assert answer.body == b"", what
        return {}
    if status == 400:
        assert answer.json, what
        for messages in answer.json.values():
            assert messages, what
            assert all(isinstance(message, str) for message in messages), what
    else:
        assert isinstance(answer.json["detail"], str), what
        assert answer.json["code"].replace("_", "").isupper(), what
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("JWT "), what
    if code is not None:
        assert answer.json["code"] == code, what
    return answer.json
