"""Publisher teams: everybody sees that there is one, its members see who they are, its admins rule it."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from registry import permissions
from registry.models import Invitation as InvitationRow
from registry.models import Membership, User
from registry.models import Team as TeamRow
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number
from registry.resources.webhooks import TeamWebhooks

_TEAM = select(TeamRow.__table__).where(TeamRow.name == bindparam("name"), TeamRow.dissolved.is_(None))
_MEMBER = (
    select(Membership.__table__, User.username)
    .join(User, User.id == Membership.user_id)
    .where(Membership.team_id == bindparam("team_id"), User.username == bindparam("username"))
)
_INVITATION = select(InvitationRow.__table__).where(
    InvitationRow.team_id == bindparam("team_id"), InvitationRow.id == bindparam("id")
)


class Member(Node):
    rights = {Role.SELF: (Permission.STEP_DOWN,)}

    def holders(self) -> Iterable[tuple[Role, str]]:
        return ((Role.SELF, permissions.user(self.row.user_id)),)


class Members(Node):
    __parent__: "Team"
    child = Member

    def find(self, name: str) -> Node | None:
        # Who is in a team is its members' business: to others everybody is a stranger there.
        if not self.permits(Permission.READ_TEAM):
            return None
        wanted = {"team_id": self.__parent__.row.id, "username": name}
        row = self.request.read.execute(_MEMBER, wanted).one_or_none()
        return None if row is None else Member(self, name, row)


class Invitation(Node):
    pass


class Invitations(Node):
    __parent__: "Team"
    child = Invitation

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        wanted = {"team_id": self.__parent__.row.id, "id": number}
        row = self.request.read.execute(_INVITATION, wanted).one_or_none()
        return None if row is None else Invitation(self, name, row)


class Team(Node):
    children = {"invitations": Invitations, "members": Members, "webhooks": TeamWebhooks}
    rights = {
        Role.TEAM_MEMBER: (Permission.READ_TEAM,),
        Role.TEAM_ADMIN: (Permission.READ_TEAM, Permission.TEAM, Permission.STEP_DOWN, Permission.WEBHOOKS),
    }

    def holders(self) -> Iterable[tuple[Role, str]]:
        return (
            (Role.TEAM_MEMBER, permissions.team(self.row.id)),
            (Role.TEAM_ADMIN, permissions.team(self.row.id, admin=True)),
        )


class Teams(Node):
    child = Team
    rights = {Role.USER: (Permission.NEW_TEAM, Permission.READ_ACCOUNT)}

    def find(self, name: str) -> Node | None:
        row = self.request.read.execute(_TEAM, {"name": name}).one_or_none()
        return None if row is None else Team(self, name, row)
