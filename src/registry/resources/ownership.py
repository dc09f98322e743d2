"""Below an extension: whose it is, an offer to hand it over, the pipelines its owners trust, what happened to it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from registry import permissions
from registry.models import Ownership, Team, User
from registry.models import TrustedPublisher as TrustedPublisherRow
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

TEAM_PREFIX = "team:"

_ROLE = Ownership.role.label("role")
_USER = (
    select(User.id.label("user_id"), User.username, _ROLE)
    .outerjoin(
        Ownership, (Ownership.user_id == User.id) & (Ownership.extension_id == bindparam("extension_id"))
    )
    .where(User.username == bindparam("name"), User.deleted.is_(None))
)
_TEAM = (
    select(Team.id.label("team_id"), Team.name, _ROLE)
    .outerjoin(
        Ownership, (Ownership.team_id == Team.id) & (Ownership.extension_id == bindparam("extension_id"))
    )
    .where(Team.name == bindparam("name"), Team.dissolved.is_(None))
)
_TRUSTED = select(TrustedPublisherRow.__table__).where(
    TrustedPublisherRow.extension_id == bindparam("extension_id"),
    TrustedPublisherRow.id == bindparam("id"),
    TrustedPublisherRow.removed.is_(None),
)


class Owner(Node):
    """A user, or a team (``team:NAME``); ``row.role`` is what they are to the extension, None for nothing yet.

    The row has ``user_id`` and ``username``, or ``team_id`` and ``name``.
    """

    rights = {Role.SELF: (Permission.STEP_DOWN,), Role.TEAM_ADMIN: (Permission.STEP_DOWN,)}

    @property
    def user_id(self) -> int | None:
        found: int | None = getattr(self.row, "user_id", None)
        return found

    @property
    def team_id(self) -> int | None:
        found: int | None = getattr(self.row, "team_id", None)
        return found

    def holders(self) -> Iterable[tuple[Role, str]]:
        if self.row.role is None:
            return
        if self.user_id is not None:
            yield Role.SELF, permissions.user(self.user_id)
        if self.team_id is not None:
            yield Role.TEAM_ADMIN, permissions.team(self.team_id, admin=True)


class Owners(Node):
    """Whoever is neither owner nor publisher is there for those only who may make them one.

    A site admin may, but only when nobody owns the extension any more: the rule looks, in its transaction.
    """

    __parent__: Any
    child = Owner
    rights = {Role.ADMIN: (Permission.OWNERS,)}

    def find(self, name: str) -> Node | None:
        statement = _TEAM if name.startswith(TEAM_PREFIX) else _USER
        wanted = {"extension_id": self.__parent__.row.id, "name": name.removeprefix(TEAM_PREFIX)}
        row = self.request.read.execute(statement, wanted).one_or_none()
        if row is None or (row.role is None and not self.grants(Permission.OWNERS)):
            return None
        return Owner(self, name, row)


class TransferOffer(Node):
    """The one offer to hand this extension over, whether there is one now or not."""

    __parent__: Any


class TrustedPublisher(Node):
    pass


class TrustedPublishers(Node):
    __parent__: Any
    child = TrustedPublisher

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        if not self.permits(Permission.OWNERS):
            return TrustedPublisher(self, name)  # whom an extension trusts is nobody's business
        wanted = {"extension_id": self.__parent__.row.id, "id": number}
        row = self.request.read.execute(_TRUSTED, wanted).one_or_none()
        return None if row is None else TrustedPublisher(self, name, row)


class ExtensionEvents(Node):
    __parent__: Any
