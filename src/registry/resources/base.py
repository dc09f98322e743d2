"""What every node of the tree has: a parent, a name, the request, its children, and the rights it grants."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from pyramid.authorization import ACLHelper, Allow, Authenticated, Everyone
from pyramid.request import Request
from sqlalchemy import select

from registry import permissions
from registry.models import table
from registry.models.base import Base
from registry.permissions import Permission, Role

Rights = Mapping[Role, tuple[Permission, ...]]
_EVERYWHERE = ((Role.ANYONE, Everyone), (Role.USER, Authenticated), (Role.ADMIN, permissions.ADMIN))


class Node:
    """``children`` are the fixed ones by name, ``child`` is the kind of the others, which ``find`` looks up.

    ``through`` are the kinds of nodes above what ``find`` finds, where that stands elsewhere in the tree.
    ``rights`` says what each role may do here and below; ``holders`` says who is in the roles of this very node.
    """

    children: ClassVar[Mapping[str, type["Node"]]] = {}
    child: ClassVar[Any] = None
    through: ClassVar[tuple[type["Node"], ...]] = ()
    rights: ClassVar[Rights] = {}
    request: Request

    def __init__(self, parent: "Node | None", name: str, row: Any = None):
        self.__parent__ = parent
        self.__name__ = name
        self.row = row
        if parent is not None:
            self.request = parent.request

    def __getitem__(self, name: str) -> "Node":
        # No name has characters that cannot be printed, and PostgreSQL takes no NUL.
        if not name.isprintable():
            raise KeyError(name)
        kind = self.children.get(name)
        child = kind(self, name) if kind else self.find(name)
        if child is None:
            raise KeyError(name)
        return child

    @cached_property
    def __acl__(self) -> list[tuple[str, str, tuple[Permission, ...]]]:
        holders = (*_EVERYWHERE, *self.holders()) if self.rights else ()
        return [(Allow, principal, self.rights[role]) for role, principal in holders if role in self.rights]

    def find(self, name: str) -> "Node | None":
        return None

    def holders(self) -> Iterable[tuple[Role, str]]:
        """The principals in the roles that this node knows beside the general ones."""
        return ()

    def grants(self, permission: Permission) -> bool:
        """Whether who asks has a right to it, be the credential limited or not."""
        identity = self.request.identity
        principals = identity.principals if identity else (Everyone,)
        return bool(ACLHelper().permits(self, principals, permission))

    def permits(self, permission: Permission) -> bool:
        return bool(self.request.has_permission(permission, self))


class Mine(Node):
    """A collection of one's own: rows of ``model`` with one's ``user_id``, found by their number.

    Nobody's rows are there for anonymous requests, which are told to log in; the rows of others are not there.
    """

    model: ClassVar[type[Base]]

    def find(self, name: str) -> Node | None:
        identity = self.request.identity
        if identity is None:
            return self._child(name)
        rows = table(self.model)
        number = row_number(name)
        if number is None:
            return None
        statement = select(rows).where(rows.c.id == number, rows.c.user_id == identity.id)
        row = self.request.read.execute(statement).one_or_none()
        return None if row is None else self._child(name, row)

    def _child(self, name: str, row: Any = None) -> Node:
        node: Node = self.child(self, name, row)
        return node


def row_number(name: str) -> int | None:
    """The number of a row in an address, if it is one that a database could hold."""
    return int(name) if name.isascii() and name.isdecimal() and len(name) <= 18 and name[0] != "0" else None
