"""Reviews: what users say of an extension, to be read by everybody. Text is text, never markup."""

from typing import Any

import colander
from pyramid.request import Request
from sqlalchemy import bindparam

from registry import pagination
from registry.catalogue import presentation
from registry.domain import visibility
from registry.errors import ApiError
from registry.models import Review as Row
from registry.permissions import Permission
from registry.resources.feedback import ROWS, MyReview, Review, Reviews
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.urls import API
from registry.validators import query

_REVIEWS = f"{API}/extensions/{{name}}/reviews/"
reviews = ResourceService("reviews", _REVIEWS, Reviews)
review = ResourceService("review", f"{_REVIEWS}{{author}}/", Review)
my_review = ResourceService("my_review", f"{_REVIEWS}mine/", MyReview)

NEWEST = 5
_NEWEST = (
    ROWS.where(Row.extension_id == bindparam("extension_id"))
    .order_by(Row.updated.desc(), Row.id.desc())
    .limit(NEWEST)
)


class ReviewsSchema(pagination.PageSchema):
    rating = colander.SchemaNode(
        colander.Integer(),
        missing=None,
        validator=colander.Range(1, 5),
        description="Only those with so many stars.",
    )


@reviews.get(permission=Permission.READ, validators=[query(ReviewsSchema())])
@answering(answers.page(answers.REVIEW))
def list_reviews(request: Request) -> dict[str, Any]:
    """The reviews of an extension, newest first."""
    extension = _extension(request, request.context)
    request.keep_until_changed(extension.id)
    rows, total = ROWS.where(Row.extension_id == extension.id), sum(extension.rating_counts)
    if rating := request.validated["rating"]:
        rows, total = rows.where(Row.rating == rating), extension.rating_counts[rating - 1]

    def render(row: Any) -> dict[str, Any]:
        return presentation.review(request.public_url, extension.name, row)

    return pagination.paginate(request, rows, [Row.updated, Row.id], render, total, descending=True)


@review.get(permission=Permission.READ)
@answering(answers.REVIEW)
def show_review(request: Request) -> dict[str, Any]:
    """One user's review."""
    extension = _extension(request, request.context.__parent__)
    request.keep_until_changed(extension.id)
    return presentation.review(request.public_url, extension.name, request.context.row)


@my_review.get(permission=Permission.READ_ACCOUNT)
@answering(answers.REVIEW)
def show_my_review(request: Request) -> dict[str, Any]:
    """One's own review."""
    extension = _extension(request, request.context.__parent__)
    if request.context.row is None:
        raise ApiError(404, "You have not reviewed this extension.", "ERROR_NOT_FOUND")
    return presentation.review(request.public_url, extension.name, request.context.row)


def newest(request: Request, extension_id: int) -> list[Any]:
    """The rows of the newest reviews."""
    return list(request.read.execute(_NEWEST, {"extension_id": extension_id}))


def _extension(request: Request, node: Reviews) -> Any:
    """The row of the extension, if its reviews are to be seen."""
    extension = node.__parent__
    if not visibility.detail_is_open(extension.row) and not extension.permits(Permission.READ_PRIVATE):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
    return extension.row
