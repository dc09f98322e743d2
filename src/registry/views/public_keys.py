"""One's public keys: what is signed with them, RefStack's clients may upload in one's name."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination, urls
from registry.domain import refstack
from registry.models import PublicKey, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyPublicKey, MyPublicKeys
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, URL, mapping, page
from registry.schemas.tokens import PublicKeySchema
from registry.validators import json_body, query

keys = ResourceService("my_public_keys", "/api/v4/users/me/public-keys/", MyPublicKeys)
key = ResourceService("my_public_key", "/api/v4/users/me/public-keys/{id}/", MyPublicKey)

_ROWS = select(PublicKey.__table__).where(PublicKey.user_id == bindparam("user_id"))
KEY = mapping(id=NUMBER, key=TEXT, fingerprint=TEXT, created=TIME, url=URL)


@keys.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(KEY))
def list_public_keys(request: Request) -> dict[str, Any]:
    """One's public keys, the newest first."""
    rows = _ROWS.params(user_id=request.identity.id)

    def render(row: Any) -> dict[str, Any]:
        return _key(request, row)

    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(PublicKey).c.id], render, total, descending=True)


@keys.post(permission=Permission.SECURITY, validators=[json_body(PublicKeySchema())])
@answering(KEY, 201)
def add_public_key(request: Request) -> dict[str, Any]:
    """Make an RSA key known as one's own: with its signature of the word `signature`, as RefStack's client makes it."""
    wanted, user_id = request.validated, request.identity.id
    key_id = request.database.write(refstack.add_key, user_id, wanted["raw_key"], wanted["self_signature"])
    row = request.read.execute(_ROWS.where(PublicKey.id == key_id), {"user_id": user_id}).one()
    answer = _key(request, row)
    request.response.status_int, request.response.location = 201, answer["url"]
    return answer


@key.get(permission=Permission.READ_ACCOUNT)
@answering(KEY)
def show_public_key(request: Request) -> dict[str, Any]:
    """One public key."""
    return _key(request, request.context.row)


@key.delete(permission=Permission.SECURITY)
def remove_public_key(request: Request) -> None:
    """Take nothing any more that is signed with it."""
    request.database.write(refstack.remove_key, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _key(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "fingerprint": row.fingerprint,
        "created": time(row.created),
        "url": urls.mine(request.public_url, "public-keys", row.id),
    }
