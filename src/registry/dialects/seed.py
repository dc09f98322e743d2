"""The first proposal's own addresses (seed 002), beside the resources of v4 that say the same.

/list                                 the bulk listing
/extension/NAME/moreinfo              one in detail
/extension/NAME/latest/download       a package, and /extension/NAME/VERSION/download
"""

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.catalogue import seed
from registry.catalogue.documents import LIST
from registry.domain import visibility
from registry.errors import ApiError
from registry.models import Detail
from registry.models import Extension as Row
from registry.models import Version as VersionRow
from registry.permissions import Permission
from registry.resources import Extension, Root, Version
from registry.rest import ResourceService, answering
from registry.views.documents import document_response
from registry.views.downloads import file_response
from registry.views.reviews import newest

NODE = "/api/v4/extensions/{name}"

listing = ResourceService("seed_list", "/", Root, view="list")
more_info = ResourceService("seed_more_info", "/extension/{name}/", Extension, traverse=NODE, view="moreinfo")
download = ResourceService(
    "seed_download",
    "/extension/{name}/{version}/",
    Version,
    traverse=f"{NODE}/versions/{{version}}",
    view="download",
    media_type=None,
)

_REST = (
    select(VersionRow.version.label("latest_version"), Detail.changes)
    .select_from(Row)
    .outerjoin(VersionRow, VersionRow.id == Row.latest_id)
    .outerjoin(Detail, Detail.extension_id == Row.id)
    .where(Row.id == bindparam("id"))
)


@listing.get(permission=Permission.READ)
@answering({"type": "array", "items": {"type": "object"}})
def show_list(request: Request) -> Response:
    """All extensions, with all that a client shows in its list; disabled ones are flagged."""
    return document_response(request, LIST)


@more_info.get(permission=Permission.READ)
@answering({"type": "object"})
def show_more_info(request: Request) -> dict[str, Any]:
    """One extension in detail."""
    node = request.context
    if not visibility.detail_is_open(node.row) and not node.permits(Permission.READ_PRIVATE):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
    request.keep_until_changed(node.row.id)
    rest = request.read.execute(_REST, {"id": node.row.id}).one()
    row = SimpleNamespace(**node.row._mapping, **rest._mapping)
    reviews = newest(request, row.id) if any(row.rating_counts) else ()
    return seed.more_info(request.public_url, row, reviews)


@download.get(permission=Permission.READ)
def download_package(request: Request) -> Response:
    """The signed file."""
    return file_response(request, request.context)
