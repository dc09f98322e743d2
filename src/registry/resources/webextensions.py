"""Browser extensions as Mozilla's add-on clients name them: by number, name or guid, and their versions likewise.

The nodes are those of ``extensions``, found in another way: the rights are theirs.
"""

from typing import Any

from sqlalchemy import bindparam, select

from registry.models import Channel, Prepared
from registry.models import Extension as ExtensionRow
from registry.models import Version as VersionRow
from registry.packages.webextension import WebExtension as Format
from registry.resources.base import Node, row_number
from registry.resources.extensions import EXTENSION, OF_NAME, Extension, Extensions, Version, Versions

_OURS = ExtensionRow.format == Format.name
_BY_NAME = Prepared(OF_NAME.where(_OURS))
_BY_ID = Prepared(EXTENSION.where(ExtensionRow.id == bindparam("id"), _OURS))
_EXTENSION_OF = select(VersionRow.extension_id).where(VersionRow.id == bindparam("id"))


class AddonVersions(Versions):
    """By their ids, which are whole numbers, or by number: as it is where it has a dot, else behind a `v`.

    Versions of the unlisted channel are private.
    """

    shows_deleted = False

    def find(self, name: str) -> Version | None:
        version_id = row_number(name)
        return super().find(name.removeprefix("v")) if version_id is None else self.by_id(name, version_id)

    def is_private(self, row: Any) -> bool:
        return super().is_private(row) or row.channel != Channel.LISTED


class WebExtension(Extension):
    children = {**Extension.children, "versions": AddonVersions}


class WebExtensions(Extensions):
    child = WebExtension

    def find(self, name: str) -> Extension | None:
        extension_id = row_number(name)
        if extension_id is None:
            return self._found(_BY_NAME, name=name)
        return self._found(_BY_ID, id=extension_id)


class AddonFiles(Node):
    """Signed files by the ids of their versions. What is found is the version where all formats have it."""

    child = Version

    def find(self, name: str) -> Any:
        version_id = row_number(name)
        extension_id = version_id and self.request.read.scalar(_EXTENSION_OF, {"id": version_id})
        if not extension_id:
            return None
        extension = WebExtensions(self, "").find(str(extension_id))
        return extension and Versions(extension, "versions").by_id(name, version_id)
