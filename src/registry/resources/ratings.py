"""Reviews and reports of abuse, as Mozilla's add-on clients address them: below no add-on."""

from typing import Any

from sqlalchemy import bindparam, select

from registry.models import Review as ReviewRow
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number
from registry.resources.feedback import Review, Reviews
from registry.resources.webextensions import WebExtension, WebExtensions

_EXTENSION_OF = select(ReviewRow.extension_id).where(ReviewRow.id == bindparam("id"))


class Ratings(Node):
    """Reviews of browser extensions by their number. What is found is the review below its extension."""

    __parent__: Any
    child = Review
    through = (WebExtension, Reviews)

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        extension_id = number and self.request.read.scalar(_EXTENSION_OF, {"id": number})
        if not extension_id:
            return None
        extension = WebExtensions(self.__parent__, "webextensions").find(str(extension_id))
        return extension and Reviews(extension, "reviews").by_id(name)


class Abuse(Node):
    """Where anybody reports an add-on, with an account or without one."""

    __parent__: Any
    rights = {Role.ANYONE: (Permission.REPORT_ABUSE,)}
