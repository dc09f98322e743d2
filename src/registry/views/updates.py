"""Updates: what is installed in, for each the newest version that runs on the client's host out.

For anybody; to ask changes nothing, so a POST is counted as a read.
"""

from typing import Any

from pyramid.request import Request

from registry.catalogue import updates as catalogue
from registry.domain import compatibility
from registry.permissions import Permission
from registry.resources import Updates
from registry.rest import ResourceService, answering
from registry.schemas.updates import UPDATES, UpdatesQuery, UpdatesSchema
from registry.validators import json_body, query

updates = ResourceService("updates", "/api/v4/updates/", Updates)


@updates.get(permission=Permission.READ, validators=[query(UpdatesQuery())])
@answering(UPDATES)
def find_few_updates(request: Request) -> dict[str, Any]:
    """Updates for a few installed extensions, named in the address."""
    request.keep_until_changed()
    return _updates(request)


@updates.post(permission=Permission.READ, validators=[json_body(UpdatesSchema())])
@answering(UPDATES)
def find_updates(request: Request) -> dict[str, Any]:
    """Updates for all installed extensions."""
    return _updates(request)


def _updates(request: Request) -> dict[str, Any]:
    host, version, installed = (request.validated[name] for name in ("host", "host_version", "installed"))
    fitting = compatibility.matching(request.read, host, version)
    results = catalogue.results(request.read, request.public_url, installed, fitting)
    return {"host": host, "host_version": version, "results": results}
