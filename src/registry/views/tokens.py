"""One's personal tokens: what a program holds that acts for one, with no more rights than it needs.

A token can make tokens, but none with more rights than its own, and they end with it.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from registry import pagination, urls
from registry.domain import credentials
from registry.models import Token, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyToken, MyTokens
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TEXTS, TIME, URL, mapping, or_null, page
from registry.schemas.tokens import TokenSchema
from registry.validators import json_body, query

tokens = ResourceService("my_tokens", "/api/v4/users/me/tokens/", MyTokens)
token = ResourceService("my_token", "/api/v4/users/me/tokens/{id}/", MyToken)
rotation = ResourceService("my_token_rotation", "/api/v4/users/me/tokens/{id}/", MyToken, view="rotate/")

_MINE = select(Token.__table__).where(Token.user_id == bindparam("user_id"))
_ROWS = _MINE.where(Token.revoked.is_(None))
_ROW = _MINE.where(Token.id == bindparam("id"))
_TOKEN = {
    "id": NUMBER,
    "name": TEXT,
    "scopes": TEXTS,
    "extensions": or_null(TEXTS),
    "created": TIME,
    "expires": or_null(TIME),
    "used": or_null(TIME),
    "revoked": or_null(TIME),
    "trusted_publisher": or_null(NUMBER),
    "url": URL,
}
TOKEN = mapping(**_TOKEN)
NEW_TOKEN = mapping(**_TOKEN, token=TEXT)


@tokens.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(TOKEN))
def list_tokens(request: Request) -> dict[str, Any]:
    """One's tokens that hold or have expired, the newest first; never the tokens themselves."""
    rows = _ROWS.params(user_id=request.identity.id)
    total = pagination.count(request, rows)

    def render(row: Any) -> dict[str, Any]:
        return _token(request, row)

    return pagination.paginate(request, rows, [table(Token).c.id], render, total, descending=True)


@tokens.post(permission=Permission.ACCOUNT, validators=[json_body(TokenSchema())])
@answering(NEW_TOKEN, 201)
def create_token(request: Request) -> dict[str, Any]:
    """Make a token; the answer is the only place where it ever stands."""
    wanted = request.validated
    maker = maker_of(request)

    def work(session: Session) -> tuple[int, str]:
        return credentials.make_token(
            session,
            request.identity.id,
            wanted["name"],
            scopes=wanted["scopes"],
            extensions=wanted["extensions"],
            days=wanted["days"],
            maker=maker,
        )

    return _created(request, *request.database.write(work))


@token.get(permission=Permission.READ_ACCOUNT)
@answering(TOKEN)
def show_token(request: Request) -> dict[str, Any]:
    """One token, but for the token itself."""
    return _token(request, request.context.row)


@token.delete(permission=Permission.ACCOUNT)
def revoke_token(request: Request) -> None:
    """Revoke a token, and those that were made with it; at once."""
    request.database.write(credentials.revoke_token, request.context.row.id, request.identity.id)
    request.response.status_int = 204


@rotation.post(permission=Permission.ACCOUNT)
@answering(NEW_TOKEN, 201)
def rotate_token(request: Request) -> dict[str, Any]:
    """Replace a token by a new one with the same rights; the old one ends with this answer."""
    return _created(
        request,
        *request.database.write(
            credentials.rotate_token, request.context.row.id, request.identity.id, maker_of(request)
        ),
    )


def maker_of(request: Request) -> credentials.Maker:
    """What a request makes another credential with: its own."""
    who = request.identity
    return credentials.Maker(who.kind, who.credential_id, who.scopes, who.extensions)


def _created(request: Request, token_id: int, text: str) -> dict[str, Any]:
    row = request.read.execute(_ROW, {"user_id": request.identity.id, "id": token_id}).one()
    answer = _token(request, row) | {"token": text}
    request.response.status_int, request.response.location = 201, answer["url"]
    request.response.headers["Cache-Control"] = "no-store"
    return answer


def _token(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "extensions": row.extensions,
        "created": time(row.created),
        "expires": time(row.expires),
        "used": time(row.used),
        "revoked": time(row.revoked),
        "trusted_publisher": row.trusted_publisher_id,
        "url": urls.mine(request.public_url, "tokens", row.id),
    }
