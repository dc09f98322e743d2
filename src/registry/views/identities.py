"""One's logins elsewhere: with which ones one comes in, and giving one up."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination, urls
from registry.domain import logins
from registry.models import Identity, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyIdentities, MyIdentity
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, URL, mapping, or_null, page
from registry.validators import query

identities = ResourceService("my_identities", "/api/v4/users/me/identities/", MyIdentities)
identity = ResourceService("my_identity", "/api/v4/users/me/identities/{id}/", MyIdentity)

_ROWS = select(Identity.__table__).where(Identity.user_id == bindparam("user_id"))
IDENTITY = mapping(
    id=NUMBER,
    provider=TEXT,
    subject=TEXT,
    label=or_null(TEXT),
    created=TIME,
    used=or_null(TIME),
    url=URL,
)


@identities.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(IDENTITY))
def list_identities(request: Request) -> dict[str, Any]:
    """One's logins elsewhere, the newest first; another one is added by logging in with it."""
    rows = _ROWS.params(user_id=request.identity.id)

    def render(row: Any) -> dict[str, Any]:
        return _identity(request, row)

    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Identity).c.id], render, total, descending=True)


@identity.get(permission=Permission.READ_ACCOUNT)
@answering(IDENTITY)
def show_identity(request: Request) -> dict[str, Any]:
    """One login elsewhere."""
    return _identity(request, request.context.row)


@identity.delete(permission=Permission.SECURITY)
def remove_identity(request: Request) -> None:
    """Log in with it no more; 409 for the last one."""
    request.database.write(logins.unlink, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _identity(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "provider": row.provider,
        "subject": row.subject,
        "label": row.label,
        "created": time(row.created),
        "used": time(row.used),
        "url": urls.mine(request, "identities", row.id),
    }
