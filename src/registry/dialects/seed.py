"""The first proposal's own addresses (seed 002), beside the resources of v4 that say the same.

/list                                 the bulk listing
/extension/NAME/moreinfo              one in detail
/extension/NAME/latest/download       a package, and /extension/NAME/VERSION/download
/extension/NAME/review                one's review: {"rating", "title", "review"}
"""

from types import SimpleNamespace
from typing import Any

import colander
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.catalogue import seed
from registry.catalogue.documents import LIST
from registry.domain.reviews import BODY_LENGTH, TITLE_LENGTH
from registry.models import Detail
from registry.models import Extension as Row
from registry.models import Version as VersionRow
from registry.permissions import Permission
from registry.resources import Extension, Root, Version
from registry.resources.feedback import Reviews
from registry.rest import ResourceService, answering
from registry.schemas.answers import REVIEW, TEXT, mapping, or_null
from registry.schemas.feedback import need_title, prose, stars
from registry.validators import json_body
from registry.views.documents import document_response
from registry.views.downloads import file_response
from registry.views.reviews import newest, submit
from registry.views.visibility import require_open

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
review = ResourceService(
    "seed_review", "/extension/{name}/", Reviews, traverse=f"{NODE}/reviews", view="review"
)
REVIEWED = mapping(rating=REVIEW["properties"]["rating"], title=or_null(TEXT), review=or_null(TEXT))

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
    require_open(node)
    request.keep_until_changed(node.row.id)
    rest = request.read.execute(_REST, {"id": node.row.id}).one()
    row = SimpleNamespace(**node.row._mapping, **rest._mapping)
    reviews = newest(request.read, row.id) if any(row.rating_counts) else ()
    return seed.more_info(request.public_url, row, reviews)


@download.get(permission=Permission.READ)
def download_package(request: Request) -> Response:
    """The signed file."""
    return file_response(request, request.context)


class SeedReviewSchema(colander.MappingSchema):
    rating = stars()
    title = prose(TITLE_LENGTH, missing=None)
    body = prose(BODY_LENGTH, lines=True, missing=None, name="review", description="Needs a title.")
    lenient = True

    def validator(self, node: Any, value: dict[str, Any]) -> None:
        need_title(node, value, "review")


@review.post(permission=Permission.REVIEW, validators=[json_body(SeedReviewSchema())])
@answering(REVIEWED, 201)
def write_review(request: Request) -> dict[str, Any]:
    """Review an extension, in place of what one said before (200 then)."""
    request.validated["body"] = request.validated.pop("review")
    answer = submit(request)
    request.response.location = answer["url"]
    return {"rating": answer["rating"], "title": answer["title"], "review": answer["body"]}
