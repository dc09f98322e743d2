"""Publisher teams: founded by one, joined by invitation, ruled by admins of whom there is always one.

Whoever changes who is in a team holds the team's row, so two admins who leave at once cannot both go.
"""

import re

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.errors import Conflict, Invalid
from registry.domain.notifications import notify, team_admins
from registry.models import Extension, Invitation, Membership, Ownership, Team, TeamRole, User, now

MOST_TEAMS, MOST_INVITATIONS = 50, 200
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\Z")


def create(session: Session, name: str, title: str, user_id: int) -> Team:
    """A new team, whose admin its founder is. Raises Invalid and Conflict; a name is never given twice."""
    if not _NAME.match(name):
        raise Invalid(
            "A team's name has 1 to 100 small letters, digits or dashes and begins with a letter or digit.",
            "BAD_NAME",
            "name",
        )
    if session.scalar(select(Team.id).where(Team.name == name)) is not None:
        raise Conflict(f"There is, or was, a team {name} already.", "TEAM_EXISTS")
    session.scalars(select(User.id).where(User.id == user_id).with_for_update()).one()
    mine = select(func.count()).where(Membership.user_id == user_id)
    if (session.scalar(mine) or 0) >= MOST_TEAMS:
        raise Conflict(f"An account is in at most {MOST_TEAMS} teams.", "TOO_MANY")
    team = Team(name=name, title=title)
    team.memberships.append(Membership(user_id=user_id, role=TeamRole.ADMIN))
    session.add(team)
    session.flush()
    events.record(session, "team.created", actor_id=user_id, team=team.id)
    return team


def dissolve(session: Session, team_id: int, actor_id: int) -> None:
    """End a team; its name stays taken. Raises Conflict while it has a right on any extension."""
    team = _locked(session, team_id)
    owned = session.scalars(
        select(Extension.name)
        .join(Ownership, Ownership.extension_id == Extension.id)
        .where(Ownership.team_id == team_id)
        .order_by(Extension.name)
        .limit(10)
    ).all()
    if owned:
        raise Conflict(
            f"The team still has rights on {', '.join(owned)}; hand them over or give them up first.",
            "TEAM_OWNS",
        )
    team.dissolved = now()
    session.execute(delete(Membership).where(Membership.team_id == team_id))
    session.execute(delete(Invitation).where(Invitation.team_id == team_id))
    session.flush()
    events.record(session, "team.dissolved", actor_id=actor_id, team=team_id)


def invite(session: Session, team_id: int, username: str, role: TeamRole, actor_id: int) -> int:
    """Offer somebody a place in a team: the invitation's number. Raises Invalid and Conflict."""
    _locked(session, team_id)
    user_id = session.scalar(select(User.id).where(User.username == username, User.disabled.is_(None)))
    if user_id is None:
        raise Invalid(f"There is no user {username}.", "NO_USER", "username")
    if session.get(Membership, (team_id, user_id)) is not None:
        raise Conflict(f"{username} is in the team already.", "ALREADY_MEMBER")
    open_ones = session.scalars(select(Invitation.user_id).where(Invitation.team_id == team_id)).all()
    if user_id in open_ones:
        raise Conflict(f"{username} has been invited already.", "ALREADY_INVITED")
    if len(open_ones) >= MOST_INVITATIONS:
        raise Conflict(f"A team has at most {MOST_INVITATIONS} open invitations.", "TOO_MANY")
    invitation = Invitation(team_id=team_id, user_id=user_id, role=role, invited_by=actor_id)
    session.add(invitation)
    session.flush()
    notify(session, [user_id], "team.invited", team=team_id, by=actor_id, invitation=invitation.id)
    events.record(session, "team.invited", actor_id=actor_id, team=team_id, user=user_id, role=role)
    return invitation.id


def answer(session: Session, invitation_id: int, user_id: int, *, accept: bool) -> int:
    """The invited person's word: the team's number. Raises Conflict when the invitation is gone."""
    # Deleting it is what only one of many can do.
    gone = session.execute(
        delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.user_id == user_id)
        .returning(Invitation.team_id, Invitation.role)
    ).one_or_none()
    if gone is None:
        raise Conflict("This invitation has been answered or withdrawn.", "NO_INVITATION")
    kind = "team.joined" if accept else "team.declined"
    if accept:
        session.add(Membership(team_id=gone.team_id, user_id=user_id, role=gone.role))
        session.flush()
    notify(
        session, set(team_admins(session, gone.team_id)) - {user_id}, kind, team=gone.team_id, user=user_id
    )
    events.record(session, kind, actor_id=user_id, team=gone.team_id, user=user_id)
    return int(gone.team_id)


def withdraw(session: Session, invitation_id: int, actor_id: int) -> None:
    gone = session.execute(
        delete(Invitation)
        .where(Invitation.id == invitation_id)
        .returning(Invitation.team_id, Invitation.user_id)
    ).one_or_none()
    if gone is None:
        raise Conflict("This invitation has been answered or withdrawn.", "NO_INVITATION")
    events.record(
        session, "team.invitation-withdrawn", actor_id=actor_id, team=gone.team_id, user=gone.user_id
    )


def set_role(session: Session, team_id: int, user_id: int, role: TeamRole, actor_id: int) -> None:
    """Make a member an admin, or the reverse. Raises Conflict for the last admin."""
    _locked(session, team_id)
    member = _member(session, team_id, user_id)
    if member.role == role:
        return
    if role != TeamRole.ADMIN:
        _not_the_last(session, team_id, user_id)
    before, member.role = member.role, role
    session.flush()
    notify(session, {user_id} - {actor_id}, "team.role", team=team_id, role=role)
    events.record(
        session, "team.role", actor_id=actor_id, team=team_id, user=user_id, before=before, after=role
    )


def leave(session: Session, team_id: int, user_id: int, actor_id: int) -> None:
    """Somebody leaves, or is made to. Raises Conflict for the last admin."""
    _locked(session, team_id)
    member = _member(session, team_id, user_id)
    if member.role == TeamRole.ADMIN:
        _not_the_last(session, team_id, user_id)
    session.delete(member)
    session.flush()
    told = {user_id} if user_id != actor_id else set(team_admins(session, team_id))
    notify(session, told - {actor_id}, "team.left", team=team_id, user=user_id)
    events.record(session, "team.left", actor_id=actor_id, team=team_id, user=user_id)


def _locked(session: Session, team_id: int) -> Team:
    found = session.scalars(
        select(Team).where(Team.id == team_id, Team.dissolved.is_(None)).with_for_update()
    ).one_or_none()
    if found is None:
        raise Conflict("The team has been dissolved.", "NO_TEAM")
    return found


def _member(session: Session, team_id: int, user_id: int) -> Membership:
    member = session.get(Membership, (team_id, user_id), populate_existing=True)
    if member is None:
        raise Conflict("They have left the team meanwhile.", "NOT_MEMBER")
    return member


def _not_the_last(session: Session, team_id: int, user_id: int) -> None:
    if set(team_admins(session, team_id)) <= {user_id}:
        raise Conflict(
            "The last admin of a team cannot go; make somebody else an admin first, or dissolve the team.",
            "LAST_ADMIN",
        )
