"""Pictures of an extension, for those whose it is, and the files that were made of them, for everybody.

A file is there while the extension it belongs to can be seen: not before anything of it is signed, and neither while
it is under review nor when it has been disabled, but for its publishers and admins. A file that belongs to
several extensions is there while one of them can be seen. Nothing else in the store has such an address.
"""

import re
from typing import Any

from sqlalchemy import bindparam, select

from registry.domain.visibility import SHOWN
from registry.models import Extension, ExtensionState, Image, ImageFile, Version
from registry.permissions import Permission
from registry.resources.base import Node, row_number

_PICTURE = (
    select(Image.__table__, Version.version)
    .outerjoin(Version, Version.id == Image.version_id)
    .where(Image.extension_id == bindparam("extension_id"), Image.id == bindparam("id"))
)
_FILE = (
    select(
        ImageFile.sha256, ImageFile.suffix, ImageFile.size, Extension.id.label("extension_id"), Extension.name
    )
    .join(Image, Image.id == ImageFile.image_id)
    .join(Extension, Extension.id == Image.extension_id)
    .where(ImageFile.sha256 == bindparam("sha256"), ImageFile.suffix == bindparam("suffix"))
)
_PUBLIC = _FILE.where(Extension.state.in_([ExtensionState.ACTIVE, ExtensionState.UNLISTED]), SHOWN).limit(1)
# One's own are few; nobody looks through all that have the same picture.
_PRIVATE = _FILE.limit(20)
_NAME = re.compile(r"([0-9a-f]{64})\.(png|webp|jpg)")


class Picture(Node):
    """``row`` has the columns of the picture, and the ``version`` of the package it came in."""


class Pictures(Node):
    __parent__: Any
    child = Picture

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        wanted = {"extension_id": self.__parent__.row.id, "id": number}
        row = self.request.read.execute(_PICTURE, wanted).one_or_none()
        return None if row is None else Picture(self, name, row)


class PictureFile(Node):
    """``private`` is a file that only some may see now."""

    private = False


class PictureFiles(Node):
    __parent__: Any
    child = PictureFile

    def find(self, name: str) -> Node | None:
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        wanted = {"sha256": match[1], "suffix": match[2]}
        row = self.request.read.execute(_PUBLIC, wanted).one_or_none()
        if row is not None:
            return PictureFile(self, name, row)
        if self.request.identity is None:
            return None
        extensions = self.__parent__["api"]["v4"]["extensions"]
        for row in self.request.read.execute(_PRIVATE, wanted).all():
            extension = extensions.find(row.name)
            if extension is not None and extension.permits(Permission.READ_PRIVATE):
                found = PictureFile(self, name, row)
                found.private = True
                return found
        return None
