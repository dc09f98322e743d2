"""Whose an extension is: its owners and publishers, and the offer to hand it over."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import urls
from registry.domain import ownership as rules
from registry.domain import transfers
from registry.errors import ApiError
from registry.models import Membership, Ownership, OwnershipRole, Team, TeamRole, Transfer, User
from registry.permissions import Permission
from registry.representations import time
from registry.resources import ownership as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import TEXT, TIME, mapping, one_of, or_null
from registry.schemas.teams import OwnerSchema, TransferSchema
from registry.urls import API
from registry.validators import json_body
from registry.views.visibility import require_open

_EXTENSION = f"{API}/extensions/{{name}}/"
owners = ResourceService("owners", f"{_EXTENSION}owners/", nodes.Owners)
owner = ResourceService("owner", f"{_EXTENSION}owners/{{holder}}/", nodes.Owner)
transfer = ResourceService("transfer", f"{_EXTENSION}transfer/", nodes.TransferOffer)

_HOLDERS = (
    select(Ownership.__table__, User.username, Team.name.label("team"))
    .outerjoin(User, User.id == Ownership.user_id)
    .outerjoin(Team, Team.id == Ownership.team_id)
    .where(Ownership.extension_id == bindparam("extension_id"))
    .order_by(Ownership.id)
)
_OFFER = (
    select(Transfer.__table__, User.username, Team.name.label("team"))
    .outerjoin(User, User.id == Transfer.to_user_id)
    .outerjoin(Team, Team.id == Transfer.to_team_id)
    .where(Transfer.extension_id == bindparam("extension_id"))
)
_RULED = select(Team.id).join(Membership, Membership.team_id == Team.id)
_RULED = _RULED.where(
    Team.name == bindparam("name"),
    Membership.user_id == bindparam("user_id"),
    Membership.role == TeamRole.ADMIN,
)
ROLE = one_of(OwnershipRole)
HOLDER = mapping(holder=TEXT, role=ROLE, since=TIME)
OFFER = mapping(to=TEXT, created=TIME)


@owners.get(permission=Permission.READ)
@answering({"type": "array", "items": HOLDER})
def list_owners(request: Request) -> list[dict[str, Any]]:
    """Who owns and who publishes the extension; a team is written `team:NAME`."""
    require_open(request.context.__parent__)
    extension = request.context.__parent__.row
    return [_holder(row) for row in request.read.execute(_HOLDERS, {"extension_id": extension.id})]


@owner.get(permission=Permission.READ)
@answering(mapping(holder=TEXT, role=or_null(ROLE)))
def show_owner(request: Request) -> dict[str, Any]:
    """What somebody, or a team, is to the extension; null for nothing."""
    require_open(request.context.__parent__.__parent__)
    return {"holder": request.context.__name__, "role": request.context.row.role}


@owner.put(permission=Permission.OWNERS, validators=[json_body(OwnerSchema())])
@answering(mapping(holder=TEXT, role=ROLE))
def set_owner(request: Request) -> dict[str, Any]:
    """Make somebody, or a team, an owner or a publisher; they are told."""
    node, role = request.context, request.validated["role"]
    extension_id = node.__parent__.__parent__.row.id
    request.database.write(
        lambda session: rules.grant(
            session, extension_id, role, request.identity.id, user_id=node.user_id, team_id=node.team_id
        )
    )
    return {"holder": node.__name__, "role": role}


@owner.delete(permission=Permission.STEP_DOWN)
def remove_owner(request: Request) -> None:
    """Take somebody's right away, or give up one's own; there is always an owner left."""
    node = request.context
    extension_id = node.__parent__.__parent__.row.id
    removed = request.database.write(
        lambda session: rules.revoke(
            session, extension_id, request.identity.id, user_id=node.user_id, team_id=node.team_id
        )
    )
    if not removed:
        raise ApiError(404, f"{node.__name__} has no right on this extension.", "ERROR_NOT_FOUND")
    request.response.status_int = 204


@transfer.get(permission=Permission.OWNERS)
@answering(OFFER)
def show_offer(request: Request) -> dict[str, Any]:
    """The open offer to hand the extension over."""
    extension = request.context.__parent__.row
    row = request.read.execute(_OFFER, {"extension_id": extension.id}).one_or_none()
    if row is None:
        raise ApiError(404, "This extension is offered to nobody.", "ERROR_NOT_FOUND")
    return _offer(row)


@transfer.post(permission=Permission.OWNERS, validators=[json_body(TransferSchema())])
@answering(OFFER, 201)
def offer(request: Request) -> dict[str, Any]:
    """Offer one's ownership, or one's team's, to somebody; it is theirs once they accept."""
    extension, wanted = request.context.__parent__.row, request.validated
    giver = None if wanted["from"] is None else _ruled(request, wanted["from"])
    request.database.write(
        lambda session: (
            transfers.offer(session, extension.id, request.identity.id, wanted["to"], giver) and None
        )
    )
    request.response.status_int = 201
    request.response.location = f"{urls.extension(request.public_url, extension.name)}transfer/"
    return _offer(request.read.execute(_OFFER, {"extension_id": extension.id}).one())


@transfer.delete(permission=Permission.OWNERS)
def withdraw(request: Request) -> None:
    """Take the offer back."""
    if not request.database.write(transfers.withdraw, request.context.__parent__.row.id, request.identity.id):
        raise ApiError(404, "This extension is offered to nobody.", "ERROR_NOT_FOUND")
    request.response.status_int = 204


def _ruled(request: Request, holder: str) -> int:
    """The number of a team one is an admin of; 0, which is none, for any other."""
    wanted = {"name": holder.removeprefix(nodes.TEAM_PREFIX), "user_id": request.identity.id}
    return request.read.scalar(_RULED, wanted) or 0


def _holder(row: Any) -> dict[str, Any]:
    holder = row.username if row.team is None else f"{nodes.TEAM_PREFIX}{row.team}"
    return {"holder": holder, "role": row.role, "since": time(row.created)}


def _offer(row: Any) -> dict[str, Any]:
    to = row.username if row.team is None else f"{nodes.TEAM_PREFIX}{row.team}"
    return {"to": to, "created": time(row.created)}
