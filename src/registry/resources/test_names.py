"""The tests of an extension, by the digests of their names."""

import re
from typing import Any

from sqlalchemy import bindparam, select

from registry.models import TestName as NameRow
from registry.models import table
from registry.resources.base import Node

_KEY = re.compile(r"[0-9a-f]{32}\Z")
_NAME = select(table(NameRow)).where(
    NameRow.extension_id == bindparam("extension_id"), NameRow.digest == bindparam("digest")
)


class NamedTest(Node):
    pass


class NamedTests(Node):
    __parent__: Any
    child = NamedTest

    def find(self, name: str) -> Node | None:
        if not _KEY.match(name):
            return None
        wanted = {"extension_id": self.__parent__.row.id, "digest": name}
        row = self.request.read.execute(_NAME, wanted).one_or_none()
        return None if row is None else NamedTest(self, name, row)
