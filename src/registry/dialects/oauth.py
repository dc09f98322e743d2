"""OAuth 2.0 for programs: the device flow, refreshing, revoking, and where all that is (RFC 8628, 6749, 7009, 8414).

Its errors are OAuth's: ``error`` and ``error_description``, with our ``detail`` and ``code`` beside them.
Fields come as a form, as OAuth has it, or as JSON.
"""

from typing import Any
from urllib.parse import parse_qsl

import orjson
from pyramid.request import Request
from sqlalchemy.orm import Session

from registry.authentication import CredentialError
from registry.authentication.sessions import JWT_SECONDS
from registry.domain import devices, sessions
from registry.domain.credentials import SCOPES
from registry.errors import ApiError
from registry.models import LoginSession
from registry.permissions import Permission
from registry.resources import login as nodes
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.answers import NUMBER, TEXT, URL, mapping

device_authorization = ResourceService(
    "oauth_device", "/oauth/device_authorization", nodes.DeviceAuthorization
)
token = ResourceService("oauth_token", "/oauth/token", nodes.OAuthToken)
revocation = ResourceService("oauth_revoke", "/oauth/revoke", nodes.Revocation)
metadata = ResourceService("oauth_metadata", "/.well-known/oauth-authorization-server", nodes.OAuthMetadata)

BODY_BYTES = 10_000
CLIENT_CHARACTERS = 100
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20

DEVICE_ANSWER = mapping(
    device_code=TEXT,
    user_code=TEXT,
    verification_uri=URL,
    verification_uri_complete=URL,
    expires_in=NUMBER,
    interval=NUMBER,
)
TOKEN_ANSWER = mapping(access_token=TEXT, token_type=TEXT, expires_in=NUMBER, refresh_token=TEXT, scope=TEXT)


@device_authorization.post(permission=Permission.LOG_IN)
@answering(DEVICE_ANSWER)
def authorize_device(request: Request) -> dict[str, Any]:
    """Begin a login that is approved in a browser."""
    fields = _fields(request)
    client = fields.get("client_id", "")
    if not client or len(client) > CLIENT_CHARACTERS or not client.isprintable():
        raise _error(
            "invalid_request", f"client_id names the program, in 1 to {CLIENT_CHARACTERS} characters."
        )
    scopes = fields.get("scope", "").split() or list(SCOPES)
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise _error("invalid_scope", f"{unknown[0][:50]!r} is no scope; the scopes are {', '.join(SCOPES)}.")
    device_code, user_code = request.database.write(devices.begin, client, scopes)
    page = f"{request.public_url}/device"
    request.response.headers["Cache-Control"] = "no-store"
    return {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": devices.SECONDS,
        "interval": devices.INTERVAL,
    }


@token.post(permission=Permission.LOG_IN)
@answering(TOKEN_ANSWER)
def grant(request: Request) -> dict[str, Any]:
    """Exchange a device code or a refresh token for a session's JWT."""
    fields = _fields(request)
    kind = fields.get("grant_type", "")
    if kind == DEVICE_CODE:
        refusal, login = request.database.write(devices.collect, _needed(fields, "device_code"))
        if login is None:
            raise _error(refusal, _WHY[refusal])
        row, session_id, secret = login
        return _tokens(request, row.user_id, session_id, row.scopes, secret)
    if kind == REFRESH_TOKEN:
        found, secret = request.database.write(_refresh, _needed(fields, "refresh_token"))
        if found is None:
            raise _error("invalid_grant", "This refresh token does not hold, or not any more; log in again.")
        return _tokens(request, found.user_id, found.id, found.scopes, secret)
    raise _error("unsupported_grant_type", f"grant_type is {DEVICE_CODE} or {REFRESH_TOKEN}.")


@revocation.post(permission=Permission.LOG_IN)
@answering({"type": "object"})
def revoke(request: Request) -> dict[str, Any]:
    """End the session of a refresh token or of a session's JWT; what does not hold is no error (RFC 7009, 2.2)."""
    request.response.headers["Cache-Control"] = "no-store"
    text = _needed(_fields(request), "token")
    session_id = None
    if text.count(".") == 2:
        try:
            session_id = request.sessions.by_jwt(request, text).session_id
        except CredentialError:
            return {}
    request.database.write(_revoke, text, session_id)
    return {}


@metadata.get(permission=Permission.READ)
@answering(answers.DESCRIPTION)
def describe(request: Request) -> dict[str, Any]:
    """Where the endpoints of OAuth are (RFC 8414)."""
    base = request.public_url
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth/token",
        "device_authorization_endpoint": f"{base}/oauth/device_authorization",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "grant_types_supported": [DEVICE_CODE, REFRESH_TOKEN],
        "response_types_supported": [],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    }


def _tokens(request: Request, user_id: int, session_id: int, scopes: Any, secret: str) -> dict[str, Any]:
    request.response.headers["Cache-Control"] = "no-store"
    return {
        "access_token": request.sessions.jwt(user_id, session_id),
        "token_type": "Bearer",
        "expires_in": JWT_SECONDS,
        "refresh_token": secret,
        "scope": " ".join(SCOPES if scopes is None else scopes),
    }


def _refresh(session: Session, secret: str) -> tuple[LoginSession | None, str]:
    row, fresh = sessions.refresh(session, secret)
    if row is not None:
        session.refresh(row)
        session.expunge(row)  # it is read after the commit
    return row, fresh


def _revoke(session: Session, secret: str, session_id: int | None) -> None:
    row = sessions.find(session, secret) if session_id is None else session.get(LoginSession, session_id)
    if row is not None:
        sessions.end(session, row, reason="revoked")


def _fields(request: Request) -> dict[str, str]:
    """The fields of the request, each once. Raises ApiError, as all here in OAuth's words."""
    text = request.body_file.read(BODY_BYTES + 1)
    if len(text) > BODY_BYTES:
        raise _error("invalid_request", f"The body may have at most {BODY_BYTES} bytes.", 413)
    kind = request.content_type.lower()
    if kind == FORM:
        try:
            pairs = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            raise _error("invalid_request", "The body is not a form in UTF-8.") from None
        fields: dict[str, Any] = dict(pairs)
        if len(fields) < len(pairs):
            raise _error("invalid_request", "A field may stand there once only.")
    elif kind == "application/json":
        try:
            fields = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _error("invalid_request", "The body is not JSON.") from None
        if not isinstance(fields, dict):
            raise _error("invalid_request", "The body must be a JSON object.")
    else:
        raise _error("invalid_request", f"Send the fields as {FORM} or application/json.", 415)
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _needed(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not value or len(value) > 5000:
        raise _error("invalid_request", f"{name} is missing.")
    return value


def _error(error: str, description: str, status: int = 400) -> ApiError:
    code = {413: "ERROR_TOO_LARGE", 415: "ERROR_UNSUPPORTED_MEDIA_TYPE"}.get(status, f"ERROR_{error.upper()}")
    return ApiError(status, description, code, error=str(error), error_description=description)


_WHY = {
    devices.Refusal.PENDING: "Nobody has approved this login yet; ask again.",
    devices.Refusal.SLOW_DOWN: f"Too early: wait {devices.SLOWER} seconds longer than before, from now on.",
    devices.Refusal.DENIED: "The login was refused.",
    devices.Refusal.EXPIRED: "Nobody approved this login in time; begin anew.",
    devices.Refusal.UNKNOWN: "This device code does not hold, or has been used.",
}
