"""Accounts: who one is and what the credential at hand may do, and what everybody sees of others."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, func, select

from registry.models import Extension, Invitation, Membership, Notification, Ownership, Team, User
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import Account, Me
from registry.rest import ResourceService, answering
from registry.schemas.answers import FLAG, NUMBER, TEXT, TEXTS, TIME, mapping, one_of, or_null

me = ResourceService("me", "/api/v4/users/me/", Me)
account = ResourceService("account", "/api/v4/users/{username}/", Account)

_WHO: Any = bindparam("user_id")
_ME = select(
    User.created,
    select(func.count())
    .where(Notification.user_id == _WHO, Notification.read.is_(None))
    .scalar_subquery()
    .label("unread"),
    select(func.count()).where(Invitation.user_id == _WHO).scalar_subquery().label("invitations"),
).where(User.id == _WHO)
_TEAMS = (
    select(Team.name, Membership.role)
    .join(Membership, Membership.team_id == Team.id)
    .where(Membership.user_id == _WHO)
    .order_by(Team.name)
)
_OWNED = (
    select(Extension.name)
    .join(Ownership, Ownership.extension_id == Extension.id)
    .where(Ownership.user_id == _WHO, Extension.listed)
    .order_by(Extension.name)
    .limit(100)
)
ME = mapping(
    username=TEXT,
    admin=FLAG,
    created=TIME,
    teams={"type": "array", "items": mapping(name=TEXT, role=TEXT)},
    credential=mapping(
        kind=one_of(["browser", "key", "session", "token"]), scopes=or_null(TEXTS), extensions=or_null(TEXTS)
    ),
    unread_notifications=NUMBER,
    invitations=NUMBER,
)
ACCOUNT = mapping(username=TEXT, created=TIME, extensions=TEXTS)


@me.get(permission=Permission.READ_ACCOUNT)
@answering(ME)
def show_me(request: Request) -> dict[str, Any]:
    """Who one is, and what this credential may do; `scopes` and `extensions` null mean all."""
    identity = request.identity
    row = request.read.execute(_ME, {"user_id": identity.id}).one()
    teams = request.read.execute(_TEAMS, {"user_id": identity.id}).all()
    return {
        "username": identity.username,
        "admin": identity.is_admin,
        "created": time(row.created),
        "teams": [{"name": team.name, "role": team.role} for team in teams],
        "credential": {
            "kind": identity.kind,
            "scopes": None if identity.scopes is None else sorted(identity.scopes),
            "extensions": None if identity.extensions is None else sorted(identity.extensions),
        },
        "unread_notifications": row.unread,
        "invitations": row.invitations,
    }


@account.get(permission=Permission.READ)
@answering(ACCOUNT)
def show_account(request: Request) -> dict[str, Any]:
    """Somebody, and the extensions on offer that are theirs, at most a hundred."""
    row = request.context.row
    owned = request.read.scalars(_OWNED, {"user_id": row.id}).all()
    return {"username": row.username, "created": time(row.created), "extensions": list(owned)}
