"""Where whole documents, and files by one flat name, stand in the tree."""

from typing import Any

from sqlalchemy import bindparam, select

from registry.models import Extension, Version
from registry.packages.brackets import Brackets
from registry.resources.base import Node
from registry.resources.extensions import Version as VersionNode

_BY_FLAT_NAME = (
    select(Extension.name, Version.version)
    .join(Version, Version.extension_id == Extension.id)
    .where(Version.flat_name == bindparam("flat_name"), Extension.format == Brackets.name)
)


class Index(Node):
    """A signed document."""


class Listing(Index):
    """All extensions in one document."""


class Blocklist(Index):
    """What is to be switched off."""


class Head(Index):
    """The end of the chain of events."""


class FlatFiles(Node):
    """Packages for Brackets by ``name-version``, which is unique although both may hold dashes.

    What is found is the version where it stands in the tree, so the rights are those that it has there.
    """

    child = VersionNode

    def find(self, name: str) -> Any:
        return _by_flat_name(self, name)


class Folder(Node):
    """The packages of one extension by their flat names."""

    child = VersionNode

    def find(self, name: str) -> Any:
        version = _by_flat_name(self, name)
        return version if version and version.__parent__.__parent__.row.name == self.__name__ else None


class Folders(Node):
    """Packages for Brackets below the names of their extensions."""

    child = Folder

    def find(self, name: str) -> Node:
        return Folder(self, name)


def _by_flat_name(node: Node, name: str) -> Any:
    row = node.request.read.execute(_BY_FLAT_NAME, {"flat_name": name}).one_or_none()
    if row is None:
        return None
    root: Any = node
    while root.__parent__ is not None:
        root = root.__parent__
    try:
        return root["api"]["v4"]["extensions"][row.name]["versions"][row.version]
    except KeyError:
        return None
