"""Every failure leaves as JSON, in the shapes of the API conventions (001_*).

400 is ``{field: [messages], "non_field_errors": [messages]}`` with all faults in one answer; a message
begins with a stable code where it has one (``MISSING_MAIN: …``). Every other 4xx and 5xx is
``{"detail", "code"}``, where ``code`` is one of CODES or the rule's own.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from pyramid.httpexceptions import HTTPException, HTTPForbidden, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import OperationalError

from registry.domain.errors import Conflict, Forbidden, Invalid, RuleError, Stale, TooMany
from registry.oidc import IdentityRefused, ProviderUnavailable
from registry.packages.findings import PackageRefused
from registry.permissions import OF_ADMINS
from registry.results import Fault
from registry.storage import TooLarge

log = logging.getLogger(__name__)

# Rendered into the API documentation.
CODES = {
    "ERROR_INVALID_HEADER": "401: the Authorization header is not of a form we know, or there are two credentials.",
    "ERROR_SIGNATURE_EXPIRED": "401: the JWT or token has expired; for a JWT the answer states both clocks.",
    "ERROR_DECODING_SIGNATURE": "401: the JWT or token cannot be decoded, is not signed by the key it names, "
    "or is unknown or revoked.",
    "ERROR_CLOCK_SKEW": "401: the JWT was issued in the future; the answer states both clocks.",
    "ERROR_TOKEN_LIFETIME": "401: the JWT lives longer than 310 seconds.",
    "ERROR_NOT_AUTHENTICATED": "401: this needs a credential and none was sent.",
    "ERROR_CSRF": "403: a browser's session wanted to change something without its CSRF token.",
    "ERROR_HTTPS_REQUIRED": "403: a credential was sent over plain http; it was not looked at. Revoke it.",
    "ERROR_SCOPE": "403: the token lacks the scope that the answer names, or is limited to other extensions.",
    "ERROR_PERMISSION_DENIED": "403: this account may not do that.",
    "ERROR_NOT_FOUND": "404: there is nothing at this address, or nothing that you may see.",
    "NO_COMPATIBLE_VERSION": "404: the extension is there, but no version of it runs on the host that was named.",
    "NOT_SIGNED_YET": "404: the version exists, its signed file does not yet; or an index, and its signature.",
    "ERROR_METHOD_NOT_ALLOWED": "405: this address knows other verbs; `Allow` lists them.",
    "ERROR_NOT_ACCEPTABLE": "406: this address answers application/json only.",
    "ERROR_STALE": "412: it is not any more what `If-Match` says; get it again.",
    "ERROR_PRECONDITION_REQUIRED": "428: say what you have seen: send `If-Match` with its `ETag`, or `*` for any.",
    "ERROR_TOO_LARGE": "413: the body is larger than the limit that the answer names.",
    "ERROR_UNSUPPORTED_MEDIA_TYPE": "415: the body is of a type this address does not take; the answer lists them.",
    "ERROR_RANGE_NOT_SATISFIABLE": "416: the file is shorter than the `Range` that was asked for.",
    "ERROR_TOO_MANY_REQUESTS": "429: over a limit; `Retry-After` says when to come back, `RateLimit-*` what is left.",
    "ERROR_INTERNAL": "500: our fault; it has been logged.",
    "ERROR_BUSY": "503: too much of this is being done at once; try again later.",
    "ERROR_DATABASE": "503: the database cannot be reached or is too busy; try again later.",
    "ERROR_MAINTENANCE": "503: the registry is being maintained and changes nothing now; reading goes on.",
    "ERROR_NOT_MADE_YET": "503: the worker has not made this document yet; `Retry-After` says when to ask again.",
    "ERROR_PROVIDER": "502: the login provider, or a CI job's issuer, cannot be reached, or its answer cannot be used.",
    "ERROR_STORAGE": "503: there is no room to store this now; try again later.",
}


CHALLENGE = [("WWW-Authenticate", 'JWT realm="api"')]


class ApiError(Exception):
    """A failure with a status; raised by views, rendered here."""

    def __init__(
        self, status: int, detail: str, code: str, headers: Iterable[tuple[str, str]] = (), **more: Any
    ):
        super().__init__(detail)
        self.status = status
        self.headers = list(headers)
        self.body = {"detail": detail, "code": code, **more}


class BadRequest(Exception):
    """A 400: ``fields`` maps a field to its messages; in dialects an object in the body to a mapping of its own."""

    def __init__(self, fields: Mapping[str, Any]):
        super().__init__(str(fields))
        self.fields = dict(fields)


class BadForm(Exception):
    """A 400 of a dialect whose clients know a list of ``messages`` where a part of the form is missing."""

    def __init__(self, *messages: str):
        super().__init__(*messages)
        self.messages = list(messages)


def bad_field(field: str, message: str, code: str | None = None) -> BadRequest:
    return BadRequest({field: [f"{code}: {message}" if code else message]})


def respond(status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> Response:
    response = Response(orjson.dumps(body), status=status, content_type="application/json")
    # The clients that read these compare the header with the bare type.
    response.headers["Content-Type"] = "application/json"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    for name, value in headers:
        response.headers[name] = value
    return response


def problem(status: int, detail: str, code: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
    return respond(status, {"detail": detail, "code": code}, headers)


def unauthorized(detail: str, code: str) -> Response:
    return problem(401, detail, code, CHALLENGE)


def api_error(exc: ApiError, request: Request) -> Response:
    return respond(exc.status, exc.body, exc.headers)


def bad_request(exc: BadRequest, request: Request) -> Response:
    return respond(400, exc.fields)


def bad_form(exc: BadForm, request: Request) -> Response:
    return respond(400, exc.messages)


def refused(exc: PackageRefused, request: Request) -> Response:
    fields: dict[str, list[str]] = {}
    for finding in exc.findings:
        fields.setdefault(finding.field, []).append(str(finding))
    return respond(400, fields)


def rule(exc: RuleError, request: Request) -> Response:
    if isinstance(exc, Invalid):
        return respond(400, {exc.field: [f"{exc.code}: {exc}"]})
    if isinstance(exc, Conflict):
        return respond(409, {"detail": str(exc), "code": exc.code, **exc.existing})
    if isinstance(exc, Stale):
        return problem(412, str(exc), exc.code)
    if isinstance(exc, TooMany):
        return problem(429, str(exc), exc.code, [("Retry-After", str(exc.seconds))])
    status = 403 if isinstance(exc, Forbidden) else 400
    return problem(status, str(exc), exc.code)


def identity_refused(exc: IdentityRefused, request: Request) -> Response:
    return respond(400, {"token": [f"{exc.code}: {exc}"]})


def provider(exc: ProviderUnavailable, request: Request) -> Response:
    return problem(502, str(exc), "ERROR_PROVIDER", [("Retry-After", "30")])


def too_large(exc: TooLarge, request: Request) -> Response:
    return problem(413, f"This file may have at most {exc.limit} bytes.", "ERROR_TOO_LARGE")


def unreadable(exc: Fault, request: Request) -> Response:
    if exc.too_large:
        return problem(413, str(exc), exc.code)
    return respond(400, {"file": [f"{exc.code}: {exc}"]})


def forbidden(exc: HTTPForbidden, request: Request) -> Response:
    if request.identity is None:
        return unauthorized(
            "This needs authentication, and no credential was sent.", "ERROR_NOT_AUTHENTICATED"
        )
    missing = getattr(exc.result, "missing", None)
    if missing is not None:
        return problem(403, missing, "ERROR_SCOPE")
    permission = getattr(exc.result, "permission", None)
    if permission in OF_ADMINS:
        # In the log and not an event: anybody could fill the record with what they may not do.
        log.warning("account %s was refused %s at %s", request.identity.id, permission, request.path)
    return problem(403, "This account may not do that here.", "ERROR_PERMISSION_DENIED")


def not_found(exc: HTTPNotFound, request: Request) -> Response:
    return problem(404, "There is nothing at this address.", "ERROR_NOT_FOUND")


def http(exc: HTTPException, request: Request) -> Response:
    if exc.status_int == 405:
        allow = ", ".join(sorted(exc.allow or ()))
        detail = f"{request.method} is not possible here; possible are {allow}."
        return problem(405, detail, "ERROR_METHOD_NOT_ALLOWED", [("Allow", allow)])
    if exc.status_int == 400:
        return respond(400, {"non_field_errors": [exc.detail or exc.explanation]})
    headers = [("Location", exc.location)] if exc.location else []
    return problem(
        exc.status_int, exc.detail or exc.title, f"ERROR_{exc.title.upper().replace(' ', '_')}", headers
    )


def not_text(exc: UnicodeDecodeError, request: Request) -> Response:
    parts = (request.environ.get("PATH_INFO", ""), request.environ.get("QUERY_STRING", ""))
    try:
        for part in parts:
            unquote_to_bytes(part.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return respond(400, {"non_field_errors": ["The address or its query is not UTF-8."]})
    return crash(exc, request)


def database(exc: OperationalError, request: Request) -> Response:
    log.error("the database failed on %s: %s", request.method, exc.orig)
    return problem(
        503, "The database cannot be reached now; try again later.", "ERROR_DATABASE", [("Retry-After", "10")]
    )


def crash(exc: Exception, request: Request) -> Response:
    if isinstance(exc, OSError) and exc.errno in _NO_ROOM:
        log.error("cannot store: %s", exc)
        return problem(
            503,
            "There is no room to store this now; try again later.",
            "ERROR_STORAGE",
            [("Retry-After", "60")],
        )
    log.error("unhandled error on %s %r", request.method, request.path, exc_info=exc)
    return problem(500, "An unexpected error occurred; it has been logged.", "ERROR_INTERNAL")


_NO_ROOM = {28, 122}  # ENOSPC, EDQUOT


def includeme(config: Any) -> None:
    views = (
        (ApiError, api_error),
        (BadRequest, bad_request),
        (BadForm, bad_form),
        (PackageRefused, refused),
        (IdentityRefused, identity_refused),
        (ProviderUnavailable, provider),
        (RuleError, rule),
        (Fault, unreadable),
        (TooLarge, too_large),
        (HTTPException, http),
        (OperationalError, database),
        (UnicodeDecodeError, not_text),
        (Exception, crash),
    )
    for kind, view in views:
        config.add_exception_view(view, context=kind)
    config.add_forbidden_view(forbidden)
    config.add_notfound_view(not_found)
