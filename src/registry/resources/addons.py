"""Add-ons as the clients of Mozilla's add-on site address them: by an id, and a version, that may not be there yet.

Such a client sends the first version of a new add-on to the address that it will have. So here every id and every
number is a node; it wraps the extension's and the version's own nodes where they are, and grants what they grant. An
id that nobody has yet may be taken by whoever is logged in, and everything takes a login.
"""

from functools import cached_property
from typing import Any

from pyramid.authorization import Allow, Authenticated

from registry.permissions import Permission
from registry.resources.base import Node
from registry.resources.extensions import PUBLISHERS, Extension, Extensions, Version


class AddonVersion(Node):
    """A version by its number. ``version`` is its node in the tree, None where there is none."""

    __parent__: "AddonVersions"

    @property
    def addon(self) -> "Addon":
        return self.__parent__.__parent__

    @cached_property
    def version(self) -> Version | None:
        extension = self.addon.extension
        found: Any = extension and extension["versions"].find(self.__name__)
        return found or None


class AddonVersions(Node):
    __parent__: "Addon"
    child = AddonVersion

    def find(self, name: str) -> AddonVersion:
        return AddonVersion(self, name)


class Addon(Node):
    """An add-on by its id. ``extension`` is its node in the tree, None where there is none, or none to be seen."""

    __parent__: "Addons"
    children = {"versions": AddonVersions}
    rights = Extension.rights

    @cached_property
    def extension(self) -> Extension | None:
        return self.__parent__.extensions.find(self.__name__)

    @cached_property
    def __acl__(self) -> list[tuple[str, str, tuple[Permission, ...]]]:
        extension = self.extension
        return extension.__acl__ if extension else [(Allow, Authenticated, PUBLISHERS)]

    @property
    def extension_name(self) -> str | None:
        """What a token's list of extensions is compared with; what is new is in no list."""
        return self.extension.extension_name if self.extension else None


class Addons(Node):
    child = Addon

    @cached_property
    def extensions(self) -> Extensions:
        return Extensions(self.__parent__, "extensions")

    def find(self, name: str) -> Addon:
        return Addon(self, name)
