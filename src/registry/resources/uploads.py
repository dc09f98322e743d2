"""Uploads: packages that their senders have validated before they make versions of them. Everybody sees their own."""

import re
from typing import Any

from sqlalchemy import bindparam, select

from registry.models import Upload as UploadRow
from registry.resources.base import Node

_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MINE = select(UploadRow.__table__).where(
    UploadRow.uuid == bindparam("uuid"), UploadRow.user_id == bindparam("user_id")
)


class Upload(Node):
    """``row`` is None for who is not logged in, and will be told so."""


class Uploads(Node):
    child = Upload

    def find(self, name: str) -> Upload | None:
        identity = self.request.identity
        if identity is None:
            return Upload(self, name)
        row = self.mine(name)
        return None if row is None else Upload(self, name, row)

    def mine(self, uuid: str) -> Any:
        """The row of one's own upload, whether its id is written with dashes or without; None if there is none."""
        if not _UUID.fullmatch(uuid):
            return None
        which = {"uuid": uuid.replace("-", "").lower(), "user_id": self.request.identity.id}
        return self.request.read.execute(_MINE, which).one_or_none()
