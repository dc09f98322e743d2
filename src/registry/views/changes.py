"""The change feed, for clients that keep a list of their own and do not want to fetch it anew."""

from typing import Any

from pyramid.request import Request

from registry import pagination
from registry.catalogue import changes as catalogue
from registry.permissions import Permission
from registry.resources import Changes
from registry.rest import ResourceService, answering
from registry.schemas.changes import CHANGES_ANSWER, ChangesSchema
from registry.validators import query

changes = ResourceService("changes", "/api/v4/changes/", Changes)


@changes.get(permission=Permission.READ, validators=[query(ChangesSchema())])
@answering(CHANGES_ANSWER)
def list_changes(request: Request) -> dict[str, Any]:
    """What changed in the catalogue after `since`, in order, one item for each extension."""
    request.keep_until_changed()
    request.costs_nothing = True  # whoever asks for less than all of it should not ask for all of it instead
    since, after, limit, names = (request.validated[name] for name in ("since", "after", "limit", "names"))
    answer = catalogue.feed(request.read, request.public_url, since, limit, after=after, names=names)
    reached = answer.pop("after")
    return answer | {"next": reached and pagination.address(request, after=reached)}
