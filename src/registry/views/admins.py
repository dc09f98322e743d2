"""The registry's own team."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry import pagination
from registry.domain import admins as rules
from registry.errors import ApiError
from registry.models import User, table
from registry.permissions import Permission
from registry.resources.accounts import Admin, Admins
from registry.rest import ResourceService, answering
from registry.schemas.answers import FLAG, TEXT, mapping, page
from registry.urls import API
from registry.validators import query

admins = ResourceService("admins", f"{API}/admins/", Admins)
admin = ResourceService("admin", f"{API}/admins/{{username}}/", Admin)

_ROWS = select(User.__table__).where(User.admin)
ADMIN = mapping(username=TEXT, admin=FLAG)


@admins.get(permission=Permission.ADMINS, validators=[query(pagination.PageSchema())])
@answering(page(ADMIN))
def list_admins(request: Request) -> dict[str, Any]:
    """Who is in the team."""
    total = pagination.count(request, _ROWS)
    return pagination.paginate(request, _ROWS, [table(User).c.username], _admin, total)


@admin.get(permission=Permission.ADMINS)
@answering(ADMIN)
def show_admin(request: Request) -> dict[str, Any]:
    """Whether somebody is in the team."""
    return _admin(request.context.row)


@admin.put(permission=Permission.ADMINS)
@answering(ADMIN)
def add_admin(request: Request) -> dict[str, Any]:
    """Take somebody into the team."""
    row = request.context.row
    request.database.write(rules.set_admin, row.id, True, request.identity.id)
    return {"username": row.username, "admin": True}


@admin.delete(permission=Permission.ADMINS)
def remove_admin(request: Request) -> None:
    """Take somebody out of the team; the last one stays."""
    row = request.context.row
    if not request.database.write(rules.set_admin, row.id, False, request.identity.id):
        raise ApiError(404, f"{row.username} is not in the team.", "ERROR_NOT_FOUND")
    request.response.status_int = 204


def _admin(row: Any) -> dict[str, Any]:
    return {"username": row.username, "admin": row.admin}
