"""Moderating reviews: users flag what is out of place, admins hide and restore it and read what was replaced."""

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from registry import pagination
from registry.catalogue import presentation
from registry.domain import review_flags as rules
from registry.domain import reviews
from registry.errors import ApiError
from registry.models import Extension, FormerReview, ReviewFlag, User, table
from registry.models import Review as Row
from registry.permissions import Permission
from registry.representations import time
from registry.resources import feedback as nodes
from registry.resources.feedback import AUTHOR
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.answers import NUMBER, TEXT, TIME, mapping, one_of, or_null, page
from registry.schemas.feedback import FlagSchema, HidingSchema
from registry.urls import API
from registry.validators import json_body, query
from registry.views.reviews import REVIEWS, of_extension

_REVIEW = f"{REVIEWS}{{author}}/"
flags = ResourceService("review_flags", f"{_REVIEW}flags/", nodes.Flags)
hidden = ResourceService("review_hidden", f"{_REVIEW}hidden/", nodes.Hidden)
history = ResourceService("review_history", f"{_REVIEW}history/", nodes.History)
queue = ResourceService("flags", f"{API}/flags/", nodes.FlagQueue)

_Flagger = aliased(User)
_FLAGGED_BY = (_Flagger.id == ReviewFlag.user_id) & _Flagger.deleted.is_(None)
_FLAGS = (
    select(ReviewFlag.__table__, _Flagger.username.label("flagged_by"))
    .outerjoin(_Flagger, _FLAGGED_BY)
    .where(ReviewFlag.review_id == bindparam("review_id"))
)
# With the review and its extension, under their own names.
_QUEUE = (
    select(
        *(column for column in table(Row).c if column.name not in ("id", "created")),
        Row.id.label("review_id"),
        Row.created.label("review_created"),
        Extension.name,
        AUTHOR,
        _Flagger.username.label("flagged_by"),
        ReviewFlag.id,
        ReviewFlag.reason,
        ReviewFlag.note,
        ReviewFlag.created,
        ReviewFlag.settled,
    )
    .join(ReviewFlag, ReviewFlag.review_id == Row.id)
    .join(Extension, Extension.id == Row.extension_id)
    .outerjoin(User, (User.id == Row.user_id) & User.deleted.is_(None))
    .outerjoin(_Flagger, _FLAGGED_BY)
    .where(ReviewFlag.settled.is_(None))
)
_HISTORY = select(FormerReview.__table__).where(FormerReview.review_id == bindparam("review_id"))
_FLAG = {
    "reason": one_of(rules.REASONS),
    "note": or_null(TEXT),
    "created": TIME,
}
FLAG = mapping(id=NUMBER, user=or_null(TEXT), **_FLAG, settled=or_null(TIME))
FLAGGED = mapping(id=NUMBER, user=or_null(TEXT), **_FLAG, extension=TEXT, review=answers.REVIEW)
FORMER = mapping(
    rating=answers.REVIEW["properties"]["rating"],
    title=or_null(TEXT),
    body=or_null(TEXT),
    written=TIME,
    ended=TIME,
)


@flags.post(permission=Permission.REVIEW, validators=[json_body(FlagSchema())])
@answering(mapping(**_FLAG), 201)
def flag_review(request: Request) -> dict[str, Any]:
    """Say that a review should not stand here, and why; once more to say it anew (200 then)."""
    of_extension(request)
    review, wanted = request.context.__parent__.row, request.validated
    created = request.database.write(
        rules.flag, review.id, request.identity.id, wanted["reason"], wanted["note"]
    )
    if created is None:
        raise ApiError(404, "There is no such review here, or not any more.", "ERROR_NOT_FOUND")
    request.response.status_int = 201 if created else 200
    mine = _FLAGS.where(ReviewFlag.user_id == request.identity.id)
    row = request.read.execute(mine, {"review_id": review.id}).one()
    return {"reason": row.reason, "note": row.note, "created": time(row.created)}


@flags.get(permission=Permission.MODERATE, validators=[query(pagination.PageSchema())])
@answering(page(FLAG))
def list_flags(request: Request) -> dict[str, Any]:
    """Who flagged the review and why, the newest first."""
    rows = _FLAGS.params(review_id=request.context.__parent__.row.id)
    total = pagination.count(request, rows)

    def render(row: Any) -> dict[str, Any]:
        return _flag(row) | {"settled": time(row.settled)}

    return pagination.paginate(request, rows, [ReviewFlag.id], render, total, descending=True)


@flags.delete(permission=Permission.MODERATE)
def settle_flags(request: Request) -> None:
    """Leave the review as it is: the flags have been looked at."""
    request.database.write(rules.settle, request.context.__parent__.row.id, request.identity.id)
    request.response.status_int = 204


@queue.get(permission=Permission.MODERATE, validators=[query(pagination.PageSchema())])
@answering(page(FLAGGED))
def list_flagged(request: Request) -> dict[str, Any]:
    """The flags that no moderator has looked at, with their reviews, the oldest first."""

    def render(row: Any) -> dict[str, Any]:
        review = {**row._mapping, "id": row.review_id, "created": row.review_created}
        shown = presentation.review(request.public_url, row.name, SimpleNamespace(**review))
        return _flag(row) | {"extension": row.name, "review": shown}

    total = pagination.count(request, _QUEUE)
    return pagination.paginate(request, _QUEUE, [ReviewFlag.id], render, total)


@hidden.put(permission=Permission.MODERATE, validators=[json_body(HidingSchema())])
def hide(request: Request) -> None:
    """Hide the review; it counts no more, and its author reads why."""
    arguments = (request.context.__parent__.row.id, request.identity.id, request.validated["reason"])
    request.database.write(reviews.hide, *arguments)
    request.response.status_int = 204


@hidden.delete(permission=Permission.MODERATE)
def restore(request: Request) -> None:
    """Show a hidden review again."""
    request.database.write(reviews.restore, request.context.__parent__.row.id, request.identity.id)
    request.response.status_int = 204


@history.get(permission=Permission.MODERATE, validators=[query(pagination.PageSchema())])
@answering(page(FORMER))
def show_history(request: Request) -> dict[str, Any]:
    """What the review said before, the newest first; of a deleted one too."""
    rows = _HISTORY.params(review_id=request.context.__parent__.row.id)

    def render(row: Any) -> dict[str, Any]:
        return {
            "rating": row.rating,
            "title": row.title,
            "body": row.body,
            "written": time(row.written),
            "ended": time(row.ended),
        }

    total = pagination.count(request, rows)
    return pagination.paginate(request, rows, [table(FormerReview).c.id], render, total, descending=True)


def _flag(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "user": row.flagged_by,
        "reason": row.reason,
        "note": row.note,
        "created": time(row.created),
    }
