"""The logins elsewhere that lead to one's account. One more is added by logging in with it while logged in."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination
from registry.domain import logins
from registry.models import Identity, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyIdentities, MyIdentity
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, mapping, or_null, page
from registry.urls import API
from registry.validators import query

identities = ResourceService("my_identities", f"{API}/users/me/identities/", MyIdentities)
identity = ResourceService("my_identity", f"{API}/users/me/identities/{{id}}/", MyIdentity)

_ROWS = select(Identity.__table__).where(Identity.user_id == bindparam("user_id"))
IDENTITY = mapping(id=NUMBER, provider=TEXT, label=or_null(TEXT), created=TIME, used=or_null(TIME))


@identities.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(IDENTITY))
def list_identities(request: Request) -> dict[str, Any]:
    """The logins that lead to one's account."""
    rows = _ROWS.params(user_id=request.identity.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Identity).c.id], _identity, total)


@identity.get(permission=Permission.READ_ACCOUNT)
@answering(IDENTITY)
def show_identity(request: Request) -> dict[str, Any]:
    """One login."""
    return _identity(request.context.row)


@identity.delete(permission=Permission.SECURITY)
def remove_identity(request: Request) -> None:
    """Remove a login; the last one stays."""
    request.database.write(logins.unlink, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _identity(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "provider": row.provider,
        "label": row.label,
        "created": time(row.created),
        "used": time(row.used),
    }
