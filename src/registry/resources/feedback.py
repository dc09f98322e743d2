"""Below an extension: what its users say of it."""

from typing import Any

from sqlalchemy import bindparam, select

from registry.models import Review as Row
from registry.models import User
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

# A deleted account's review stays, and is nobody's.
AUTHOR = User.username.label("username")
ROWS = select(Row.__table__, AUTHOR).outerjoin(User, (User.id == Row.user_id) & User.deleted.is_(None))
_ONE = ROWS.where(Row.extension_id == bindparam("extension_id"))
_BY_NAME = _ONE.where(User.username == bindparam("username"))
_BY_USER = _ONE.where(Row.user_id == bindparam("user_id"))
_BY_ID = _ONE.where(Row.id == bindparam("id"))


class Review(Node):
    pass


class MyReview(Review):
    """One's own review, or the place for it: ``row`` is None where there is none."""

    rights = {Role.USER: (Permission.READ_ACCOUNT,)}


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
        row = self._one(_BY_NAME, username=name)
        number = row_number(name)
        if row is None and number is not None:
            row = self._one(_BY_ID, id=number)
        return None if row is None else Review(self, name, row)

    def _one(self, statement: Any, **wanted: Any) -> Any:
        wanted["extension_id"] = self.__parent__.row.id
        return self.request.read.execute(statement, wanted).one_or_none()
