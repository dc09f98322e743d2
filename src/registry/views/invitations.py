"""What one is offered: a place in a team, or an extension."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, or_, select

from registry import pagination
from registry.domain import teams, transfers
from registry.errors import ApiError
from registry.models import Extension, Invitation, Membership, Team, TeamRole, Transfer, User, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import accounts as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, mapping, one_of, page
from registry.urls import API
from registry.validators import query

_ME = f"{API}/users/me/"
invitations = ResourceService("my_invitations", f"{_ME}invitations/", nodes.MyInvitations)
invitation = ResourceService("my_invitation", f"{_ME}invitations/{{id}}/", nodes.MyInvitation)
acceptance = ResourceService(
    "my_invitation_acceptance", f"{_ME}invitations/{{id}}/", nodes.MyInvitation, view="accept/"
)
offers = ResourceService("my_transfers", f"{_ME}transfers/", nodes.MyTransfers)
offer = ResourceService("my_transfer", f"{_ME}transfers/{{id}}/", nodes.MyTransfer)
takeover = ResourceService(
    "my_transfer_acceptance", f"{_ME}transfers/{{id}}/", nodes.MyTransfer, view="accept/"
)

_INVITATIONS = (
    select(Invitation.__table__, Team.name.label("team"), User.username.label("inviter"))
    .join(Team, Team.id == Invitation.team_id)
    .join(User, User.id == Invitation.invited_by)
    .where(Invitation.user_id == bindparam("user_id"))
)
_RULED = select(Membership.team_id).where(
    Membership.user_id == bindparam("user_id"), Membership.role == TeamRole.ADMIN
)
_OFFERS = (
    select(Transfer.__table__, Extension.name, User.username.label("offerer"), Team.name.label("team"))
    .join(Extension, Extension.id == Transfer.extension_id)
    .join(User, User.id == Transfer.offered_by)
    .outerjoin(Team, Team.id == Transfer.to_team_id)
    .where(or_(Transfer.to_user_id == bindparam("user_id"), Transfer.to_team_id.in_(_RULED)))
)
INVITATION = mapping(id=NUMBER, team=TEXT, role=one_of(TeamRole), invited_by=TEXT, created=TIME)
OFFER = mapping(id=NUMBER, extension=TEXT, to=TEXT, offered_by=TEXT, created=TIME)


@invitations.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(INVITATION))
def list_invitations(request: Request) -> dict[str, Any]:
    """The teams that invite one."""
    rows = _INVITATIONS.params(user_id=request.identity.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Invitation).c.id], _invitation, total)


@invitation.get(permission=Permission.READ_ACCOUNT)
@answering(INVITATION)
def show_invitation(request: Request) -> dict[str, Any]:
    """One invitation."""
    return _invitation(_one(request, _INVITATIONS, Invitation))


@acceptance.post(permission=Permission.ACCOUNT)
@answering(mapping(team=TEXT, role=one_of(TeamRole)))
def accept_invitation(request: Request) -> dict[str, Any]:
    """Join the team."""
    row = _one(request, _INVITATIONS, Invitation)
    _answer(request, accept=True)
    return {"team": row.team, "role": row.role}


@invitation.delete(permission=Permission.ACCOUNT)
def decline_invitation(request: Request) -> None:
    """Decline an invitation."""
    _answer(request, accept=False)
    request.response.status_int = 204


@offers.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(OFFER))
def list_offers(request: Request) -> dict[str, Any]:
    """The extensions that one, or a team one rules, is offered."""
    rows = _OFFERS.params(user_id=request.identity.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Transfer).c.id], _offer, total)


@offer.get(permission=Permission.READ_ACCOUNT)
@answering(OFFER)
def show_offer(request: Request) -> dict[str, Any]:
    """One offer."""
    return _offer(_one(request, _OFFERS, Transfer))


@takeover.post(permission=Permission.ACCOUNT)
@answering(OFFER)
def accept_offer(request: Request) -> dict[str, Any]:
    """Take the extension over."""
    row = _one(request, _OFFERS, Transfer)
    request.database.write(transfers.accept, request.context.row.id, request.identity.id)
    return _offer(row)


@offer.delete(permission=Permission.ACCOUNT)
def decline_offer(request: Request) -> None:
    """Decline an offer."""
    request.database.write(transfers.decline, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _answer(request: Request, *, accept: bool) -> None:
    number, user_id = request.context.row.id, request.identity.id
    request.database.write(lambda session: teams.answer(session, number, user_id, accept=accept))


def _one(request: Request, rows: Any, model: Any) -> Any:
    found = rows.where(model.id == request.context.row.id)
    row = request.read.execute(found, {"user_id": request.identity.id}).one_or_none()
    if row is None:
        raise ApiError(404, "This has been answered or withdrawn.", "ERROR_NOT_FOUND")
    return row


def _invitation(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "team": row.team,
        "role": row.role,
        "invited_by": row.inviter,
        "created": time(row.created),
    }


def _offer(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "extension": row.name,
        "to": f"team:{row.team}" if row.team else "me",
        "offered_by": row.offerer,
        "created": time(row.created),
    }
