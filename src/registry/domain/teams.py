"""Publisher teams: founded by one, joined by invitation, ruled by admins of whom there is always one.

Whoever changes who is in a team holds the team's row, so two admins who leave at once cannot both go.
"""

import re

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from registry.domain import events, locks, standing, transfers
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
    _not_in_too_many(session, user_id)
    team = Team(name=name, title=title)
    team.memberships.append(Membership(user_id=user_id, role=TeamRole.ADMIN))
    session.add(team)
    session.flush()
    events.record(session, "team.created", actor_id=user_id, team=team.id)
    return team


def edit(session: Session, team_id: int, title: str, actor_id: int) -> None:
    """Give a team another title. Raises Conflict for one that is gone, and Forbidden."""
    team = _ruled(session, team_id, actor_id)
    if team.title != title:
        team.title = title
        session.flush()
        events.record(session, "team.edited", actor_id=actor_id, team=team_id)


def dissolve(session: Session, team_id: int, actor_id: int) -> None:
    """End a team; its name stays taken. Raises Conflict while it has a right on any extension, and Forbidden."""
    team = _ruled(session, team_id, actor_id)
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
    end(session, team, actor_id)


def end(session: Session, team: Team, actor_id: int) -> None:
    """Nobody is in it, is invited, or could accept anything for it any more. The team's row is held ``alone``."""
    team.dissolved = now()
    session.flush()
    transfers.end_offers_with(session, actor_id, team_ids=[team.id])
    session.execute(delete(Membership).where(Membership.team_id == team.id))
    session.execute(delete(Invitation).where(Invitation.team_id == team.id))
    events.record(session, "team.dissolved", actor_id=actor_id, team=team.id)


def invite(session: Session, team_id: int, username: str, role: TeamRole, actor_id: int) -> int:
    """Offer somebody a place in a team: the invitation's number. Raises Invalid, Conflict and Forbidden."""
    _ruled(session, team_id, actor_id)
    user_id = session.scalar(select(User.id).where(User.username == username, User.disabled.is_(None)))
    if user_id is None:
        raise Invalid(f"There is no user {username}.", "NO_USER", "username")
    locks.user(session, user_id)
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
    mine = Invitation.id == invitation_id, Invitation.user_id == user_id
    team_id = session.scalar(select(Invitation.team_id).where(*mine))
    if team_id is not None:
        locks.team(session, team_id, alone=True)
    if accept:
        _not_in_too_many(session, user_id)
    # Deleting it is what only one of many can do.
    gone = session.execute(
        delete(Invitation).where(*mine).returning(Invitation.team_id, Invitation.role)
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


def withdraw(session: Session, team_id: int, invitation_id: int, actor_id: int) -> None:
    """Take an invitation back. Raises Conflict when it is gone, and Forbidden."""
    _ruled(session, team_id, actor_id)
    gone = session.execute(
        delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.team_id == team_id)
        .returning(Invitation.team_id, Invitation.user_id)
    ).one_or_none()
    if gone is None:
        raise Conflict("This invitation has been answered or withdrawn.", "NO_INVITATION")
    events.record(
        session, "team.invitation-withdrawn", actor_id=actor_id, team=gone.team_id, user=gone.user_id
    )


def set_role(session: Session, team_id: int, user_id: int, role: TeamRole, actor_id: int) -> None:
    """Make a member an admin, or the reverse. Raises Conflict for the last admin, and Forbidden."""
    _ruled(session, team_id, actor_id)
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
    """Somebody leaves, or is made to. Raises Conflict for the last admin, and Forbidden."""
    _ruled(session, team_id, actor_id, standing.oneself(user_id, actor_id))
    member = _member(session, team_id, user_id)
    if member.role == TeamRole.ADMIN:
        _not_the_last(session, team_id, user_id)
    session.delete(member)
    session.flush()
    told = {user_id} if user_id != actor_id else set(team_admins(session, team_id))
    notify(session, told - {actor_id}, "team.left", team=team_id, user=user_id)
    events.record(session, "team.left", actor_id=actor_id, team=team_id, user=user_id)


def _ruled(session: Session, team_id: int, actor_id: int, *others: standing.Right) -> Team:
    """The team, held by one of its admins, or by somebody with one of the other rights. Raises Forbidden."""
    team = locks.team(session, team_id, alone=True)
    standing.require(session, actor_id, standing.rules(team_id, actor_id), *others)
    return team


def _not_in_too_many(session: Session, user_id: int) -> None:
    locks.user(session, user_id, alone=True)
    mine = select(func.count()).where(Membership.user_id == user_id)
    if (session.scalar(mine) or 0) >= MOST_TEAMS:
        raise Conflict(f"An account is in at most {MOST_TEAMS} teams.", "TOO_MANY")


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
