"""Accounts: what everybody sees of one, and below ``me`` what only oneself does."""

from collections.abc import Iterable
from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, or_, select

from registry import permissions
from registry.models import (
    ApiKey,
    Identity,
    Invitation,
    LoginSession,
    Membership,
    Notification,
    PublicKey,
    TeamRole,
    Token,
    Transfer,
    User,
)
from registry.permissions import Permission, Role
from registry.resources.base import Mine, Node, row_number

_USER = select(User.__table__).where(User.username == bindparam("username"), User.deleted.is_(None))
_RULED = select(Membership.team_id).where(
    Membership.user_id == bindparam("user_id"), Membership.role == TeamRole.ADMIN
)
_OFFER = select(Transfer.__table__).where(
    Transfer.id == bindparam("id"),
    or_(Transfer.to_user_id == bindparam("user_id"), Transfer.to_team_id.in_(_RULED)),
)


class MyToken(Node):
    pass


class MyTokens(Mine):
    child, model = MyToken, Token


class MyKey(Node):
    pass


class MyKeys(Mine):
    child, model = MyKey, ApiKey


class MyPublicKey(Node):
    pass


class MyPublicKeys(Mine):
    child, model = MyPublicKey, PublicKey


class MySession(Node):
    pass


class MySessions(Mine):
    """``current`` is the session that the request itself came with."""

    child, model = MySession, LoginSession

    def find(self, name: str) -> Node | None:
        identity = self.request.identity
        if name == "current" and identity is not None:
            if identity.session_id is None:
                return None
            name = str(identity.session_id)
        return super().find(name)


class MyIdentity(Node):
    pass


class MyIdentities(Mine):
    child, model = MyIdentity, Identity


class MyNotification(Node):
    pass


class MyNotifications(Mine):
    child, model = MyNotification, Notification


class MyInvitation(Node):
    pass


class MyInvitations(Mine):
    child, model = MyInvitation, Invitation


class MyTransfer(Node):
    pass


class MyTransfers(Node):
    """Offers of an extension to oneself, or to a team one is an admin of."""

    child = MyTransfer

    def find(self, name: str) -> Node | None:
        identity = self.request.identity
        if identity is None:
            return MyTransfer(self, name)
        number = row_number(name)
        if number is None:
            return None
        row = self.request.read.execute(_OFFER, {"id": number, "user_id": identity.id}).one_or_none()
        return None if row is None else MyTransfer(self, name, row)


class MyEmail(Node):
    """Where one's mail goes, set or not."""


class MyEvents(Node):
    pass


class MyExport(Node):
    """All that is held about oneself."""


class Me(Node):
    children = {
        "email": MyEmail,
        "events": MyEvents,
        "export": MyExport,
        "identities": MyIdentities,
        "invitations": MyInvitations,
        "keys": MyKeys,
        "notifications": MyNotifications,
        "public-keys": MyPublicKeys,
        "sessions": MySessions,
        "tokens": MyTokens,
        "transfers": MyTransfers,
    }
    rights = {Role.SELF: (Permission.READ_ACCOUNT, Permission.ACCOUNT, Permission.SECURITY)}

    def holders(self) -> Iterable[tuple[Role, str]]:
        identity = self.request.identity
        return () if identity is None else ((Role.SELF, permissions.user(identity.id)),)


class Account(Node):
    pass


def find_user(request: Request, username: str) -> Any:
    """The row of an account that was not deleted, None when there is none."""
    return request.read.execute(_USER, {"username": username}).one_or_none()


class Users(Node):
    children = {"me": Me}
    child = Account

    def find(self, name: str) -> Node | None:
        row = find_user(self.request, name)
        return None if row is None else Account(self, name, row)


class Admin(Node):
    """An account, as far as it is, or might become, one of the registry's own team."""


class Admins(Node):
    child = Admin

    def find(self, name: str) -> Node | None:
        row = find_user(self.request, name)
        return None if row is None else Admin(self, name, row)
