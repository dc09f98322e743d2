"""Reviews: what users say of an extension, to be read by everybody. Text is text, never markup."""

from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden
from pyramid.request import Request
from sqlalchemy import Connection, Select, bindparam

from registry import pagination
from registry.catalogue import presentation
from registry.domain import reviews as rules
from registry.errors import ApiError
from registry.models import Prepared
from registry.models import Review as Row
from registry.permissions import Permission
from registry.resources import feedback as nodes
from registry.resources.feedback import ALL_ROWS, ROWS
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.feedback import ReplySchema, ReviewEditSchema, ReviewSchema
from registry.schemas.queries import YesNo
from registry.urls import API
from registry.validators import json_body, query
from registry.views.visibility import require_open

REVIEWS = f"{API}/extensions/{{name}}/reviews/"
reviews = ResourceService("reviews", REVIEWS, nodes.Reviews)
review = ResourceService("review", f"{REVIEWS}{{author}}/", nodes.Review)
my_review = ResourceService("my_review", f"{REVIEWS}mine/", nodes.MyReview)
reply = ResourceService("review_reply", f"{REVIEWS}{{author}}/reply/", nodes.Reply)

NEWEST = 5
_NEWEST = Prepared(
    ROWS.where(Row.extension_id == bindparam("extension_id"))
    .order_by(Row.updated.desc(), Row.id.desc())
    .limit(NEWEST)
)
_BY_ID = ALL_ROWS.where(Row.id == bindparam("id"))


class ReviewsSchema(pagination.PageSchema):
    rating = colander.SchemaNode(
        colander.Integer(),
        missing=None,
        validator=colander.Range(1, 5),
        description="Only those with so many stars.",
    )
    hidden = colander.SchemaNode(
        YesNo(), missing=False, description="Those that are hidden instead; for site admins."
    )


@reviews.get(permission=Permission.READ, validators=[query(ReviewsSchema())])
@answering(answers.page(answers.REVIEW))
def list_reviews(request: Request) -> dict[str, Any]:
    """The reviews of an extension, newest first."""
    extension, rating = of_extension(request), request.validated["rating"]
    rows, total = ROWS.where(Row.extension_id == extension.id), sum(extension.rating_counts)
    if rating:
        rows, total = rows.where(Row.rating == rating), extension.rating_counts[rating - 1]
    if request.validated["hidden"]:
        rows = _hidden(request, extension.id, rating)
        total = pagination.count(request, rows)
    else:
        request.keep_until_changed(extension.id)

    def render(row: Any) -> dict[str, Any]:
        return presentation.review(request.public_url, extension.name, row)

    return pagination.paginate(request, rows, [Row.updated, Row.id], render, total, descending=True)


@reviews.post(permission=Permission.REVIEW, validators=[json_body(ReviewSchema())])
@answering(answers.REVIEW, 201)
def write_review(request: Request) -> dict[str, Any]:
    """Review an extension, in place of what one said before (200 then)."""
    answer = submit(request)
    request.response.location = answer["url"]
    return answer


@review.get(permission=Permission.READ)
@answering(answers.REVIEW)
def show_review(request: Request) -> dict[str, Any]:
    """One user's review."""
    extension = of_extension(request)
    request.keep_until_changed(extension.id)
    return _shown(request, _present(request))


@my_review.get(permission=Permission.READ_ACCOUNT)
@answering(answers.REVIEW)
def show_my_review(request: Request) -> dict[str, Any]:
    """One's own review."""
    return _shown(request, _present(request))


@review.patch(permission=Permission.OWN_REVIEW, validators=[json_body(ReviewEditSchema())])
@answering(answers.REVIEW)
def edit_review(request: Request) -> dict[str, Any]:
    """Change one's own review; null takes a text away."""
    row, changes = _present(request), request.validated
    if not request.database.write(rules.edit_review, row.id, request.identity.id, changes):
        raise _gone()
    return _fresh(request, row.id)


@my_review.patch(permission=Permission.OWN_REVIEW, validators=[json_body(ReviewEditSchema())])
@answering(answers.REVIEW)
def edit_my_review(request: Request) -> dict[str, Any]:
    """Change one's own review; null takes a text away."""
    return edit_review(request)


@review.delete(permission=Permission.OWN_REVIEW)
def delete_review(request: Request) -> None:
    """Take one's own review back."""
    row, user_id = _present(request), request.identity.id
    deleted = request.database.write(
        lambda session: rules.delete_review(session, row.extension_id, row.user_id, actor_id=user_id)
    )
    if not deleted:
        raise _gone()
    request.response.status_int = 204


@my_review.delete(permission=Permission.OWN_REVIEW)
def delete_my_review(request: Request) -> None:
    """Take one's own review back."""
    delete_review(request)


@reply.put(permission=Permission.REPLY, validators=[json_body(ReplySchema())])
@answering(answers.REVIEW)
def write_reply(request: Request) -> dict[str, Any]:
    """Answer a review as an owner, in place of what was answered before."""
    row = request.context.__parent__.row
    if not request.database.write(rules.reply, row.id, request.identity.id, request.validated["body"]):
        raise _gone()
    return _fresh(request, row.id)


@reply.delete(permission=Permission.REPLY)
def delete_reply(request: Request) -> None:
    """Take the answer back."""
    row = request.context.__parent__.row
    if not request.database.write(rules.reply, row.id, request.identity.id, None):
        raise ApiError(404, "There is no answer to this review.", "ERROR_NOT_FOUND")
    request.response.status_int = 204


def submit(request: Request) -> dict[str, Any]:
    """Write the review that was sent to the extension's reviews; the status of the answer says whether it is new."""
    extension, wanted = of_extension(request), request.validated
    written = request.database.write(
        rules.write_review,
        extension.id,
        request.identity.id,
        wanted["rating"],
        wanted["title"],
        wanted["body"],
    )
    request.response.status_int = 201 if written.created else 200
    return _fresh(request, written.review_id)


def newest(connection: Connection, extension_id: int) -> list[Any]:
    """The rows of the newest reviews."""
    return _NEWEST.all(connection, extension_id=extension_id)


def of_extension(request: Request) -> Any:
    """The row of the extension above the context, if its reviews are to be seen."""
    node = request.context
    while not isinstance(node, nodes.Reviews):
        node = node.__parent__
    extension = node.__parent__
    require_open(extension)
    return extension.row


def _hidden(request: Request, extension_id: int, rating: int | None) -> Select[Any]:
    if not request.has_permission(Permission.MODERATE, request.context):
        raise HTTPForbidden
    rows = ALL_ROWS.where(Row.extension_id == extension_id, Row.hidden.is_not(None), Row.deleted.is_(None))
    return rows.where(Row.rating == rating) if rating else rows


def _present(request: Request) -> Any:
    row = request.context.row
    if row is None or row.deleted is not None:
        raise _gone()
    return row


def _gone() -> ApiError:
    return ApiError(404, "There is no such review here, or not any more.", "ERROR_NOT_FOUND")


def _fresh(request: Request, review_id: int) -> dict[str, Any]:
    return _shown(request, request.read.execute(_BY_ID, {"id": review_id}).one())


def _shown(request: Request, row: Any) -> dict[str, Any]:
    return presentation.review(request.public_url, of_extension(request).name, row)
