"""One's API keys, with which tools sign JWTs for each request. They have all rights of their account.

So no token can make one; it takes a login or another key.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination, urls
from registry.domain import credentials
from registry.models import ApiKey, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyKey, MyKeys
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, URL, mapping, or_null, page
from registry.schemas.tokens import KeySchema
from registry.validators import json_body, query
from registry.views.tokens import maker_of

keys = ResourceService("my_keys", "/api/v4/users/me/keys/", MyKeys)
key = ResourceService("my_key", "/api/v4/users/me/keys/{id}/", MyKey)

_MINE = select(ApiKey.__table__).where(ApiKey.user_id == bindparam("user_id"))
_ROWS = _MINE.where(ApiKey.revoked.is_(None))
_ROW = _MINE.where(ApiKey.id == bindparam("id"))
_KEY = {
    "id": NUMBER,
    "name": TEXT,
    "key": TEXT,
    "created": TIME,
    "used": or_null(TIME),
    "revoked": or_null(TIME),
    "url": URL,
}
KEY = mapping(**_KEY)
NEW_KEY = mapping(**_KEY, secret=TEXT)


@keys.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(KEY))
def list_keys(request: Request) -> dict[str, Any]:
    """One's keys, the newest first; never their secrets."""
    rows = _ROWS.params(user_id=request.identity.id)
    total = pagination.count(request, rows)

    def render(row: Any) -> dict[str, Any]:
        return _key(request, row)

    return pagination.paginate(request, rows, [table(ApiKey).c.id], render, total, descending=True)


@keys.post(permission=Permission.SECURITY, validators=[json_body(KeySchema())])
@answering(NEW_KEY, 201)
def create_key(request: Request) -> dict[str, Any]:
    """Make a key; the answer is the only place where its secret ever stands."""
    user_id, name = request.identity.id, request.validated["name"]
    key_id, secret = request.database.write(
        credentials.make_key, user_id, name, request.sealer, maker_of(request)
    )
    row = request.read.execute(_ROW, {"user_id": user_id, "id": key_id}).one()
    answer = _key(request, row) | {"secret": secret}
    request.response.status_int, request.response.location = 201, answer["url"]
    request.response.headers["Cache-Control"] = "no-store"
    return answer


@key.get(permission=Permission.READ_ACCOUNT)
@answering(KEY)
def show_key(request: Request) -> dict[str, Any]:
    """One key, but for its secret."""
    return _key(request, request.context.row)


@key.delete(permission=Permission.SECURITY)
def revoke_key(request: Request) -> None:
    """Revoke a key; at once."""
    request.database.write(credentials.revoke_key, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _key(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "key": row.key,
        "created": time(row.created),
        "used": time(row.used),
        "revoked": time(row.revoked),
        "url": urls.mine(request.public_url, "keys", row.id),
    }
