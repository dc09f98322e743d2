"""Publisher teams, who is in them, and whom they invite."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from registry import pagination
from registry.domain import teams as rules
from registry.models import Extension, Invitation, Membership, Ownership, Team, TeamRole, User, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import teams as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TEXTS, TIME, mapping, one_of, page
from registry.schemas.teams import InvitationSchema, MemberSchema, TeamSchema, TeamTitleSchema
from registry.urls import API
from registry.validators import json_body, query

_TEAM = f"{API}/teams/{{team}}/"
teams = ResourceService("teams", f"{API}/teams/", nodes.Teams)
team = ResourceService("team", _TEAM, nodes.Team)
members = ResourceService("members", f"{_TEAM}members/", nodes.Members)
member = ResourceService("member", f"{_TEAM}members/{{username}}/", nodes.Member)
invitations = ResourceService("invitations", f"{_TEAM}invitations/", nodes.Invitations)
invitation = ResourceService("invitation", f"{_TEAM}invitations/{{id}}/", nodes.Invitation)

_ROWS = select(Team.__table__).where(Team.dissolved.is_(None))
_MINE = (
    select(Team.__table__)
    .join(Membership, Membership.team_id == Team.id)
    .where(Membership.user_id == bindparam("user_id"))
)
_OWNED = (
    select(Extension.name)
    .join(Ownership, Ownership.extension_id == Extension.id)
    .where(Ownership.team_id == bindparam("team_id"), Extension.listed)
    .order_by(Extension.name)
    .limit(100)
)
_MEMBERS = (
    select(Membership.__table__, User.username)
    .join(User, User.id == Membership.user_id)
    .where(Membership.team_id == bindparam("team_id"))
)
_INVITATIONS = (
    select(Invitation.__table__, User.username)
    .join(User, User.id == Invitation.user_id)
    .where(Invitation.team_id == bindparam("team_id"))
)
ROLE = one_of(TeamRole)
TEAM = mapping(name=TEXT, title=TEXT, created=TIME)
TEAM_DETAIL = mapping(name=TEXT, title=TEXT, created=TIME, extensions=TEXTS)
MEMBER = mapping(username=TEXT, role=ROLE, since=TIME)
INVITATION = mapping(id=NUMBER, username=TEXT, role=ROLE, created=TIME)


@teams.get(permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema())])
@answering(page(TEAM))
def list_teams(request: Request) -> dict[str, Any]:
    """The publisher teams one is in, by name."""
    rows = _MINE.params(user_id=request.identity.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Team).c.name], _team, total)


@teams.post(permission=Permission.NEW_TEAM, validators=[json_body(TeamSchema())])
@answering(TEAM_DETAIL, 201)
def create_team(request: Request) -> dict[str, Any]:
    """Found a team; its founder is its first admin."""
    wanted = request.validated

    def work(session: Session) -> None:
        rules.create(session, wanted["name"], wanted["title"], request.identity.id)

    request.database.write(work)
    request.response.status_int = 201
    request.response.location = f"{request.public_url}{API}/teams/{wanted['name']}/"
    row = request.read.execute(_ROWS.where(Team.name == wanted["name"])).one()
    return _team(row) | {"extensions": []}


@team.get(permission=Permission.READ)
@answering(TEAM_DETAIL)
def show_team(request: Request) -> dict[str, Any]:
    """One team, and the extensions on offer that it owns or publishes, at most a hundred."""
    return _detail(request, request.context.row)


@team.patch(permission=Permission.TEAM, validators=[json_body(TeamTitleSchema())])
@answering(TEAM_DETAIL)
def edit_team(request: Request) -> dict[str, Any]:
    """Give a team another title."""
    team_id = request.context.row.id
    request.database.write(rules.edit, team_id, request.validated["title"], request.identity.id)
    return _detail(request, request.read.execute(_ROWS.where(Team.id == team_id)).one())


@team.delete(permission=Permission.TEAM)
def dissolve_team(request: Request) -> None:
    """Dissolve a team that has no extensions; nobody else gets its name."""
    request.database.write(rules.dissolve, request.context.row.id, request.identity.id)
    request.response.status_int = 204


@members.get(permission=Permission.READ_TEAM, validators=[query(pagination.PageSchema())])
@answering(page(MEMBER))
def list_members(request: Request) -> dict[str, Any]:
    """Who is in the team; for its members."""
    rows = _MEMBERS.params(team_id=request.context.__parent__.row.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Membership).c.user_id], _member, total)


@member.get(permission=Permission.READ_TEAM)
@answering(MEMBER)
def show_member(request: Request) -> dict[str, Any]:
    """One member."""
    return _member(request.context.row)


@member.put(permission=Permission.TEAM, validators=[json_body(MemberSchema())])
@answering(MEMBER)
def edit_member(request: Request) -> dict[str, Any]:
    """Make a member an admin, or the reverse."""
    row, role = request.context.row, request.validated["role"]
    request.database.write(rules.set_role, row.team_id, row.user_id, role, request.identity.id)
    return _member(row) | {"role": role}


@member.delete(permission=Permission.STEP_DOWN)
def remove_member(request: Request) -> None:
    """Leave the team, or take somebody out of it."""
    row = request.context.row
    request.database.write(rules.leave, row.team_id, row.user_id, request.identity.id)
    request.response.status_int = 204


@invitations.get(permission=Permission.READ_TEAM, validators=[query(pagination.PageSchema())])
@answering(page(INVITATION))
def list_invitations(request: Request) -> dict[str, Any]:
    """Whom the team has invited."""
    rows = _INVITATIONS.params(team_id=request.context.__parent__.row.id)
    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(Invitation).c.id], _invitation, total)


@invitations.post(permission=Permission.TEAM, validators=[json_body(InvitationSchema())])
@answering(INVITATION, 201)
def invite(request: Request) -> dict[str, Any]:
    """Invite somebody; they are told, and are in the team once they accept."""
    node, wanted = request.context.__parent__, request.validated
    invitation_id = request.database.write(
        rules.invite, node.row.id, wanted["username"], wanted["role"], request.identity.id
    )
    row = request.read.execute(
        _INVITATIONS.where(Invitation.id == invitation_id), {"team_id": node.row.id}
    ).one()
    request.response.status_int = 201
    request.response.location = f"{request.public_url}{API}/teams/{node.row.name}/invitations/{row.id}/"
    return _invitation(row)


@invitation.delete(permission=Permission.TEAM)
def withdraw(request: Request) -> None:
    """Withdraw an invitation."""
    row = request.context.row
    request.database.write(rules.withdraw, row.team_id, row.id, request.identity.id)
    request.response.status_int = 204


def _team(row: Any) -> dict[str, Any]:
    return {"name": row.name, "title": row.title, "created": time(row.created)}


def _detail(request: Request, row: Any) -> dict[str, Any]:
    return _team(row) | {"extensions": list(request.read.scalars(_OWNED, {"team_id": row.id}))}


def _member(row: Any) -> dict[str, Any]:
    return {"username": row.username, "role": row.role, "since": time(row.created)}


def _invitation(row: Any) -> dict[str, Any]:
    return {"id": row.id, "username": row.username, "role": row.role, "created": time(row.created)}
