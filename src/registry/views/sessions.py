"""One's sessions: where one is logged in, and logging out, there too."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination
from registry.domain import sessions as rules
from registry.models import LoginSession, now, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MySession, MySessions
from registry.rest import ResourceService, answering
from registry.schemas.answers import FLAG, NUMBER, TEXT, TEXTS, TIME, mapping, or_null, page
from registry.validators import query

sessions = ResourceService("my_sessions", "/api/v4/users/me/sessions/", MySessions)
session = ResourceService("my_session", "/api/v4/users/me/sessions/{id}/", MySession)

_ROWS = select(LoginSession.__table__).where(
    LoginSession.user_id == bindparam("user_id"),
    LoginSession.revoked.is_(None),
    LoginSession.expires > bindparam("moment"),
)
_SESSION = {
    "id": NUMBER,
    "origin": TEXT,
    "client": TEXT,
    "scopes": or_null(TEXTS),
    "created": TIME,
    "expires": TIME,
    "used": or_null(TIME),
    "current": FLAG,
}
SESSION = mapping(**_SESSION)
ONE_SESSION = mapping(**_SESSION, csrf_token=or_null(TEXT))


@sessions.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(SESSION))
def list_sessions(request: Request) -> dict[str, Any]:
    """Where one is logged in, the newest first."""
    rows = _ROWS.params(user_id=request.identity.id, moment=now())

    def render(row: Any) -> dict[str, Any]:
        return _session(request, row)

    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(LoginSession).c.id], render, total, descending=True)


@sessions.delete(permission=Permission.ACCOUNT)
def end_sessions(request: Request) -> None:
    """Log out everywhere."""
    request.database.write(rules.end_all, request.identity.id, request.identity.id)
    request.response.status_int = 204


@session.get(permission=Permission.READ_ACCOUNT)
@answering(ONE_SESSION)
def show_session(request: Request) -> dict[str, Any]:
    """One session; `current` also tells a browser the CSRF token that its changes need."""
    mine = request.identity.kind == "browser" and request.identity.session_id == request.context.row.id
    csrf_token = request.sessions.csrf_token(request) if mine else None
    return _session(request, request.context.row) | {"csrf_token": csrf_token}


@session.delete(permission=Permission.ACCOUNT)
def end_session(request: Request) -> None:
    """Log out there: at once, and for everything that stands for the session."""
    session_id = request.context.row.id
    request.database.write(lambda database: rules.end(database, database.get_one(LoginSession, session_id)))
    request.response.status_int = 204


def _session(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "origin": row.origin,
        "client": row.client,
        "scopes": row.scopes,
        "created": time(row.created),
        "expires": time(row.expires),
        "used": time(row.used),
        "current": row.id == request.identity.session_id,
    }
