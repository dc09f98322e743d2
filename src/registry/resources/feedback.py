"""Below an extension: what its users say of it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from registry import permissions
from registry.domain.reviews import SHOWN
from registry.models import Review as Row
from registry.models import User
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

# A deleted account's review stays, and is nobody's.
AUTHOR = User.username.label("username")
ALL_ROWS = select(Row.__table__, AUTHOR).outerjoin(User, (User.id == Row.user_id) & User.deleted.is_(None))
ROWS = ALL_ROWS.where(*SHOWN)
_ONE = ALL_ROWS.where(Row.extension_id == bindparam("extension_id"))
_BY_NAME = _ONE.where(User.username == bindparam("username"))
_BY_USER = _ONE.where(Row.user_id == bindparam("user_id"), Row.deleted.is_(None))
_BY_ID = _ONE.where(Row.id == bindparam("id"))


class Reply(Node):
    """What an owner answers."""

    __parent__: Any


class Flags(Node):
    """Who finds it out of place."""

    __parent__: Any


class Hidden(Node):
    """Whether a moderator has hidden it."""

    __parent__: Any


class History(Node):
    """What it said before."""

    __parent__: Any


class FlagQueue(Node):
    """The flags that no moderator has looked at."""


class Review(Node):
    """``row`` is of a review that everybody reads; of a hidden one for its author, of any for moderators."""

    __parent__: Any
    children = {"flags": Flags, "hidden": Hidden, "history": History, "reply": Reply}
    rights = {Role.SELF: (Permission.OWN_REVIEW,)}

    def holders(self) -> Iterable[tuple[Role, str]]:
        if self.row.username is not None:
            yield Role.SELF, permissions.user(self.row.user_id)

    def is_there(self) -> bool:
        if self.row.deleted is None and (self.row.hidden is None or self.grants(Permission.OWN_REVIEW)):
            return True
        return self.permits(Permission.MODERATE)


class MyReview(Review):
    """One's own review, or the place for it: ``row`` is None where there is none."""

    children = {}
    rights = {Role.USER: (Permission.READ_ACCOUNT, Permission.OWN_REVIEW)}

    def holders(self) -> Iterable[tuple[Role, str]]:
        return ()


class Reviews(Node):
    """By their author's name; by their number, too, since a deleted account's have no other."""

    __parent__: Any
    children = {"mine": MyReview}
    child = Review

    def __getitem__(self, name: str) -> Node:
        node = super().__getitem__(name)
        identity = self.request.identity
        if isinstance(node, MyReview) and identity is not None:
            node.row = self._one(_BY_USER, user_id=identity.id)
        return node

    def find(self, name: str) -> Node | None:
        return self._found(name, self._one(_BY_NAME, username=name)) or self.by_id(name)

    def by_id(self, name: str) -> Review | None:
        number = row_number(name)
        return None if number is None else self._found(name, self._one(_BY_ID, id=number))

    def _found(self, name: str, row: Any) -> Review | None:
        review = None if row is None else Review(self, name, row)
        return review if review and review.is_there() else None

    def _one(self, statement: Any, **wanted: Any) -> Any:
        wanted["extension_id"] = self.__parent__.row.id
        return self.request.read.execute(statement, wanted).one_or_none()
