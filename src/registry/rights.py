"""Who may do what, as a table: every verb of every service, and the roles that the tree permits it to.

The tree is walked by its classes, without rows: what stands here is what the ACLs say, whoever there is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.permissions import Permission, Role
from registry.resources import Root
from registry.rest import ResourceService


@dataclass(frozen=True)
class Right:
    """One verb of one service. ``roles`` are those it is permitted to, in the order of `Role`."""

    path: str
    verb: str
    permission: Permission
    roles: tuple[Role, ...]


def table() -> list[Right]:
    """All rights, by path and verb."""
    return sorted(_rights(), key=lambda right: (right.path, right.verb))


def lineage(service: ResourceService) -> list[type]:
    """The classes of the nodes from the root to the one that a service is bound to."""
    kinds: list[Any] = [Root]
    for segment in filter(None, service.tree_path.split("/")):
        here = kinds[-1]
        kinds += here.through
        kinds.append(here.children.get(segment) or here.child)
    if kinds[-1] is not service.context:
        raise LookupError(f"{service.tree_path} leads to {kinds[-1]}, not to {service.context}")
    return kinds


def permitted(kinds: list[type], permission: Permission) -> tuple[Role, ...]:
    """The roles that nodes of these classes grant a permission to."""
    granted = {role for kind in kinds for role, rights in kind.rights.items() if permission in rights}  # type: ignore[attr-defined]
    if Role.ANYONE in granted:
        return tuple(Role)
    if Role.USER in granted:
        return tuple(role for role in Role if role in granted or role not in (Role.ANYONE, Role.RUNNER))
    return tuple(role for role in Role if role in granted)


def _rights() -> Iterator[Right]:
    for service in ResourceService.all:
        kinds = lineage(service)
        for verb, _, arguments in service.definitions:
            if verb not in ("HEAD", "OPTIONS"):
                permission = Permission(arguments["permission"])
                yield Right(service.public_path, verb, permission, permitted(kinds, permission))
