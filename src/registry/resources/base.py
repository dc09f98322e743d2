"""What every node of the tree has: a parent, a name, the request, and its fixed children."""

from typing import Any, ClassVar

from pyramid.request import Request

from registry.permissions import Permission


class Node:
    """``children`` names the fixed children; ``find`` looks a variable one up, None when there is none."""

    children: ClassVar[dict[str, type["Node"]]] = {}
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

    def find(self, name: str) -> "Node | None":
        return None

    def permits(self, permission: Permission) -> bool:
        return bool(self.request.has_permission(permission, self))
