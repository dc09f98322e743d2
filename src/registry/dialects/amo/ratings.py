"""Ratings in v5 of Mozilla's API, which are our reviews: /api/v5/ratings/rating/, …/{id}/, …/{id}/reply/, …/{id}/flag/

A user has one rating of an add-on; a second one, also of another version, takes its place (200 then). Theirs have no
title and ours have one: it is the beginning of the text.
"""

from typing import Any

import colander
from pyramid.request import Request
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from registry import urls
from registry.catalogue import presentation
from registry.catalogue.presentation import time
from registry.dialects.amo import pages, representation
from registry.dialects.amo.texts import translated
from registry.domain import review_flags
from registry.domain import reviews as rules
from registry.errors import ApiError, bad_field
from registry.models import Extension, ExtensionState, FormerReview, User, Version, VersionState
from registry.models import Review as Row
from registry.packages.webextension import WebExtension as Format
from registry.permissions import Permission
from registry.resources import Ratings, WebExtension
from registry.resources import feedback as nodes
from registry.resources.base import row_number
from registry.rest import ResourceService, answering
from registry.schemas.ratings import FlagSchema, RatingEditSchema, RatingSchema, ReplySchema
from registry.validators import json_body, query
from registry.views.visibility import is_open

ANY = {"type": "object"}
RATINGS = "/api/v5/ratings/rating/"
NODES = f"{urls.API}/ratings"
TITLE = 100

ratings = ResourceService("amo_ratings", RATINGS, Ratings, traverse=NODES)
rating = ResourceService("amo_rating", f"{RATINGS}{{rating}}/", nodes.Review, traverse=f"{NODES}/{{rating}}")
reply = ResourceService(
    "amo_rating_reply", f"{RATINGS}{{rating}}/reply/", nodes.Reply, traverse=f"{NODES}/{{rating}}/reply"
)
flag = ResourceService(
    "amo_rating_flag", f"{RATINGS}{{rating}}/flag/", nodes.Flags, traverse=f"{NODES}/{{rating}}/flags"
)

_Replier = aliased(User)
_ALL = (
    select(
        Row.__table__,
        nodes.AUTHOR,
        Extension.name.label("slug"),
        Extension.title.label("addon_title"),
        Extension.default_locale,
        Extension.images,
        Version.version,
        _Replier.username.label("replier"),
        select(func.count())
        .where(FormerReview.review_id == Row.id)
        .correlate(Row)
        .scalar_subquery()
        .label("previous_count"),
    )
    .join(Extension, Extension.id == Row.extension_id)
    .outerjoin(Version, Version.id == Row.version_id)
    .outerjoin(User, (User.id == Row.user_id) & User.deleted.is_(None))
    .outerjoin(_Replier, (_Replier.id == Row.replied_by) & _Replier.deleted.is_(None))
)
_OPEN = (
    *rules.SHOWN,
    Extension.format == Format.name,
    Extension.state.in_([ExtensionState.ACTIVE, ExtensionState.UNLISTED, ExtensionState.DISABLED]),
)


class _Numbers(colander.SchemaType):
    """Whole numbers with commas between them, at most a hundred."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]+(,[0-9]+)*$"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        numbers = [row_number(part.strip()) for part in cstruct.split(",")]
        if None in numbers or len(numbers) > 100:
            raise colander.Invalid(node, "This must be whole numbers with commas between them.")
        return numbers


def _parameter(kind: Any, description: str) -> colander.SchemaNode:
    return colander.SchemaNode(kind, missing=None, description=description)


class RatingsSchema(pages.PageSchema):
    addon = _parameter(colander.String(), "Those of the add-on with this number, slug or guid.")
    user = _parameter(_Numbers(), "Those by the user with this number.")
    version = _parameter(_Numbers(), "Those of the version with this number.")
    score = _parameter(_Numbers(), "Those with one of these numbers of stars.")
    exclude_ratings = _parameter(_Numbers(), "Not those with these numbers.")
    filter = _parameter(colander.String(), "`without_empty_body`: those that say something.")
    show_grouped_ratings = _parameter(colander.String(), "`true` or `1`: how many there are of each score.")
    show_permissions_for = _parameter(_Numbers(), "One's own number: whether one may answer.")

    def validator(self, node: Any, value: dict[str, Any]) -> None:
        if value["addon"] is None and value["user"] is None:
            raise colander.Invalid(node, "Name an `addon` or a `user`, or both.")


@ratings.get(permission=Permission.READ, validators=[query(RatingsSchema())])
@answering(ANY)
def list_ratings(request: Request) -> dict[str, Any]:
    """Ratings of an add-on, or by a user, the newest first."""
    wanted = request.validated
    rows, node = _ALL.where(*_OPEN), None
    if wanted["addon"] is not None:
        node = _addon(request, wanted["addon"])
        rows = rows.where(Row.extension_id == node.row.id)
        request.keep_until_changed(node.row.id)
    for column, name in ((Row.user_id, "user"), (Row.version_id, "version"), (Row.rating, "score")):
        if wanted[name] is not None:
            rows = rows.where(column.in_(wanted[name]))
    if wanted["exclude_ratings"]:
        rows = rows.where(Row.id.not_in(wanted["exclude_ratings"]))
    if "without_empty_body" in (wanted["filter"] or "").split(","):
        rows = rows.where(Row.body.is_not(None))
    answer = pages.paginate(request, rows, [Row.updated, Row.id], lambda row: _shown(request, row))
    if node is not None and wanted["show_grouped_ratings"] in ("true", "1"):
        answer["grouped_ratings"] = representation.grouped(node.row.rating_counts)
    if node is not None and request.identity and wanted["show_permissions_for"] == [request.identity.id]:
        answer["can_reply"] = node.permits(Permission.REPLY)
    return answer


@ratings.post(permission=Permission.REVIEW, validators=[json_body(RatingSchema())])
@answering(ANY, 201)
def write_rating(request: Request) -> dict[str, Any]:
    """Rate a version of an add-on, in place of what one said before (200 then)."""
    wanted = request.validated
    try:
        extension = _addon(request, wanted["addon"]).row
    except ApiError:
        raise bad_field("addon", "There is no such add-on.", "NO_ADDON") from None
    written = request.database.write(
        rules.write_review,
        extension.id,
        request.identity.id,
        wanted["score"],
        _title(wanted["body"]),
        wanted["body"],
        _version(request, extension.id, wanted["version"]),
    )
    request.response.status_int = 201 if written.created else 200
    request.response.location = f"{request.public_url}{RATINGS}{written.review_id}/"
    return _one(request, written.review_id)


@rating.get(permission=Permission.READ)
@answering(ANY)
def show_rating(request: Request) -> dict[str, Any]:
    """A rating."""
    review = _present(request, request.context)
    request.keep_until_changed(review.row.extension_id)
    return _one(request, review.row.id)


@rating.patch(permission=Permission.OWN_REVIEW, validators=[json_body(RatingEditSchema())])
@answering(ANY)
def edit_rating(request: Request) -> dict[str, Any]:
    """Change one's own rating."""
    review, wanted = _present(request, request.context), request.validated
    changes = {"rating": wanted["score"]} if "score" in wanted else {}
    if "body" in wanted:
        changes |= {"body": wanted["body"], "title": _title(wanted["body"])}
    if not request.database.write(rules.edit_review, review.row.id, request.identity.id, changes):
        raise _gone()
    return _one(request, review.row.id)


@rating.delete(permission=Permission.OWN_REVIEW)
def delete_rating(request: Request) -> None:
    """Take one's own rating back."""
    row, user_id = _present(request, request.context).row, request.identity.id
    deleted = request.database.write(
        lambda session: rules.delete_review(session, row.extension_id, row.user_id, actor_id=user_id)
    )
    if not deleted:
        raise _gone()
    request.response.status_int = 204


@reply.post(permission=Permission.REPLY, validators=[json_body(ReplySchema())])
@answering(ANY, 201)
def write_reply(request: Request) -> dict[str, Any]:
    """Answer a rating as an owner of the add-on, in place of what was answered before."""
    row = _present(request, request.context.__parent__).row
    if not request.database.write(rules.reply, row.id, request.identity.id, request.validated["body"]):
        raise _gone()
    request.response.status_int = 201
    shown: dict[str, Any] = _one(request, row.id)["reply"]
    return shown


@flag.post(permission=Permission.REVIEW, validators=[json_body(FlagSchema())])
@answering(ANY, 202)
def flag_rating(request: Request) -> dict[str, Any]:
    """Say that a rating should not stand here, and why."""
    row, wanted = _present(request, request.context.__parent__).row, request.validated
    flagged = request.database.write(
        review_flags.flag, row.id, request.identity.id, wanted["flag"], wanted["note"]
    )
    if flagged is None:
        raise _gone()
    request.response.status_int = 202
    return {"msg": "Thanks; a moderator will look at this rating."}


def _addon(request: Request, name: str) -> WebExtension:
    """The node of an add-on whose reviews are to be seen. Raises ApiError 404."""
    found: WebExtension | None = request.root["api"]["v4"]["webextensions"].find(name)
    if found is None or not is_open(found):
        raise ApiError(404, "There is no such add-on.", "ERROR_NOT_FOUND")
    return found


def _version(request: Request, extension_id: int, name: str) -> int:
    number = row_number(name)
    row = None
    if number is not None:
        statement = select(Version.id).where(
            Version.id == number,
            Version.extension_id == extension_id,
            Version.state == VersionState.SIGNED,
            Version.deleted.is_(None),
        )
        row = request.read.scalar(statement)
    if row is None:
        raise bad_field("version", "This must be the number of a version of the add-on.", "NO_VERSION")
    return int(row)


def _present(request: Request, review: Any) -> Any:
    if review.row.deleted is not None or not is_open(review.__parent__.__parent__):
        raise _gone()
    return review


def _gone() -> ApiError:
    return ApiError(404, "There is no such rating, or not any more.", "ERROR_NOT_FOUND")


def _title(body: str | None) -> str | None:
    """The beginning of a text, cut at a word."""
    if not body:
        return None
    line = body.strip().splitlines()[0].strip()
    return line if len(line) <= TITLE else f"{line[:TITLE].rsplit(' ', 1)[0]}…"


def _text(row: Any) -> str | None:
    """The text of a review: with its title, unless that is just the beginning."""
    if row.title is None or row.title == _title(row.body):
        return None if row.body is None else str(row.body)
    return f"{row.title}\n\n{row.body}" if row.body else str(row.title)


def _one(request: Request, review_id: int) -> dict[str, Any]:
    return _shown(request, request.read.execute(_ALL.where(Row.id == review_id)).one())


def _shown(request: Request, row: Any) -> dict[str, Any]:
    base = request.public_url
    icons = presentation.images(base, row)["icons"]
    shown = {
        "id": row.id,
        "addon": {
            "id": row.extension_id,
            "name": translated(row.addon_title, row.default_locale, None),
            "icon_url": representation.icon_url(icons),
            "slug": row.slug,
        },
        "body": _text(row),
        "created": time(row.created),
        "is_deleted": row.deleted is not None,
        "is_developer_reply": False,
        "is_latest": True,
        "previous_count": row.previous_count,
        "reply": None,
        "score": row.rating,
        "user": _user(base, row.user_id, row.username),
        "version": row.version_id and {"id": row.version_id, "version": row.version},
    }
    if row.reply is not None:
        shown["reply"] = {
            "id": row.id,
            "body": row.reply,
            "created": time(row.replied),
            "is_deleted": False,
            "is_developer_reply": True,
            "user": _user(base, row.replied_by, row.replier),
        }
    return shown


def _user(base: str, user_id: int | None, name: str | None) -> dict[str, Any] | None:
    """Somebody; None where the account was deleted."""
    if name is None:
        return None
    return {"id": user_id, "name": name, "url": f"{base}{urls.API}/users/{name}/", "username": name}
