"""Reading in v5 of Mozilla's API: an add-on, its versions, its files, and who one is.

/api/v5/addons/addon/{id|slug|guid}/             an add-on
  …/versions/  …/versions/{id|number}/           its versions, newest first
/firefox/downloads/file/{id}/{name}.xpi          a signed file
/api/v5/accounts/profile/                        who one is

An add-on without a version that is on offer is its authors' own, and so are all versions of the unlisted channel.
"""

from typing import Any

import colander
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, func, select

from registry.dialects.amo import pages, representation
from registry.dialects.amo.addresses import ADDON, NODE
from registry.errors import CHALLENGE, ApiError
from registry.models import (
    AddonDetail,
    Channel,
    ExtensionState,
    Ownership,
    OwnershipRole,
    Review,
    User,
    VersionState,
)
from registry.models import Version as Row
from registry.permissions import Permission
from registry.representations import time
from registry.resources import AddonVersions, Version, WebExtension
from registry.resources.accounts import Me
from registry.rest import ResourceService, answering
from registry.schemas.translations import Language
from registry.validators import query
from registry.views.downloads import file_response

ANY = {"type": "object"}

addon = ResourceService("amo_addon", ADDON, WebExtension, traverse=NODE)
versions = ResourceService("amo_versions", f"{ADDON}versions/", AddonVersions, traverse=f"{NODE}/versions")
version = ResourceService(
    "amo_version", f"{ADDON}versions/{{version}}/", Version, traverse=f"{NODE}/versions/{{version}}"
)
file = ResourceService(
    "amo_file",
    "/firefox/downloads/file/{file_id}/{file}",
    Version,
    traverse="/files/{file_id}",
    media_type=None,
)
profile = ResourceService("amo_profile", "/api/v5/accounts/profile/", Me, traverse="/api/v4/users/me")

_EXTENSION: Any = bindparam("extension_id")
_DETAIL = select(AddonDetail.__table__).where(AddonDetail.extension_id == _EXTENSION)
_AUTHORS = (
    select(User.id, User.username)
    .join(Ownership, Ownership.user_id == User.id)
    .where(
        Ownership.extension_id == _EXTENSION,
        Ownership.role == OwnershipRole.OWNER,
        User.deleted.is_(None),
    )
    .order_by(Ownership.id)
)
_OF_ADDON = (Row.extension_id == _EXTENSION, Row.deleted.is_(None))
_NEWEST = (
    representation.VERSIONS.where(*_OF_ADDON, Row.channel == bindparam("channel"))
    .order_by(Row.id.desc())
    .limit(1)
)
_BY_ID = representation.VERSIONS.where(Row.id == bindparam("id"))
_REST = select(
    select(Row.id)
    .where(
        *_OF_ADDON,
        Row.channel == Channel.LISTED,
        Row.state.not_in([VersionState.SIGNED, VersionState.FAILED]),
    )
    .exists()
    .label("waiting"),
    select(func.count())
    .where(
        Review.extension_id == _EXTENSION,
        Review.body.is_not(None),
        Review.hidden.is_(None),
        Review.deleted.is_(None),
    )
    .scalar_subquery()
    .label("texts"),
)
FILTERS = {
    "all_without_unlisted": (Row.deleted.is_(None), Row.channel == Channel.LISTED),
    "all_with_unlisted": (Row.deleted.is_(None),),
    "all_with_deleted": (),
}


class LanguageSchema(colander.MappingSchema):
    lang = colander.SchemaNode(
        Language(), missing=None, description="Show texts in this language, or the default one."
    )


class AddonSchema(LanguageSchema):
    show_grouped_ratings = colander.SchemaNode(
        colander.String(), missing="", description="`true` or `1`: show how many there are of each rating."
    )


class FilterSchema(colander.MappingSchema):
    filter = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.OneOf(sorted(FILTERS)),
        description="Which versions; all but those on offer are for the authors.",
    )


@addon.get(permission=Permission.READ, validators=[query(AddonSchema())])
@answering(ANY)
def show_addon(request: Request) -> dict[str, Any]:
    """An add-on."""
    node = request.context
    must_be_public(request, node)
    request.keep_until_changed(node.row.id)
    shown = addon_json(request, node)
    if request.validated["show_grouped_ratings"] in ("true", "1"):
        shown["ratings"]["grouped_counts"] = representation.grouped(node.row.rating_counts)
    return shown


@versions.get(
    permission=Permission.READ,
    validators=[query(LanguageSchema()), query(pages.PageSchema()), query(FilterSchema())],
)
@answering(ANY)
def list_versions(request: Request) -> dict[str, Any]:
    """The versions of an add-on, newest first."""
    node, chosen = request.context.__parent__, request.validated["filter"]
    private = node.permits(Permission.READ_PRIVATE)
    if chosen is None:
        must_be_public(request, node)
        wanted: Any = (*FILTERS["all_without_unlisted"], Row.state == VersionState.SIGNED)
    elif private:
        wanted = FILTERS[chosen]
    else:
        raise _refusal(request, "Only the authors of the add-on see these versions.")
    request.keep_until_changed(node.row.id)
    rows = representation.VERSIONS.where(Row.extension_id == node.row.id, *wanted)

    def render(row: Any) -> dict[str, Any]:
        return representation.version(request, node.row, row, private=private)

    return pages.paginate(request, rows, [Row.id], render)


@version.get(permission=Permission.READ, validators=[query(LanguageSchema())])
@answering(ANY)
def show_version(request: Request) -> dict[str, Any]:
    """A version; `file.status` is `public` as soon as the signed file can be fetched."""
    node = request.context
    extension = node.__parent__.__parent__
    private = extension.permits(Permission.READ_PRIVATE)
    must_be_public(request, extension)
    request.keep_until_changed(extension.row.id)
    return version_json(request, extension.row, node.row.id, private=private)


@file.get(permission=Permission.READ)
def download_file(request: Request) -> Response:
    """The signed file of a version; the last segment is for whoever saves it."""
    return file_response(request, request.context)


@profile.get(permission=Permission.READ_ACCOUNT)
@answering(ANY)
def show_profile(request: Request) -> dict[str, Any]:
    """Who one is."""
    identity = request.identity
    created = request.read.scalar(select(User.created).where(User.id == identity.id))
    return {
        "id": identity.id,
        "name": identity.username,
        "username": identity.username,
        "url": f"{request.public_url}/api/v4/users/{identity.username}/",
        "email": None,
        "created": time(created),
        "display_name": None,
        "is_addon_developer": True,
        "permissions": [],
        "read_dev_agreement": True,
    }


def addon_json(request: Request, node: WebExtension) -> dict[str, Any]:
    """An add-on as whoever asks may see it."""
    private, row = node.permits(Permission.READ_PRIVATE), node.row
    which = {"extension_id": row.id}
    ask = request.read.execute
    rest = ask(_REST, which).one()
    current = None
    if row.latest_id is not None:
        current = ask(_BY_ID, {"id": row.latest_id}).one()
    elif private:
        # Their authors' clients go on with it before it is on offer.
        current = ask(_NEWEST, {**which, "channel": Channel.LISTED}).one_or_none()
    return representation.addon(
        request,
        row,
        ask(_DETAIL, which).one_or_none(),
        current,
        ask(_AUTHORS, which).all(),
        waiting=rest.waiting,
        text_count=rest.texts,
        unlisted=ask(_NEWEST, {**which, "channel": Channel.UNLISTED}).one_or_none() if private else None,
        private=private,
    )


def version_json(request: Request, extension: Any, version_id: int, *, private: bool) -> dict[str, Any]:
    row = request.read.execute(_BY_ID, {"id": version_id}).one()
    return representation.version(request, extension, row, private=private)


def must_be_public(request: Request, node: WebExtension) -> None:
    """Raises ApiError 401 or 403 for what is its authors' own, and who is not one of them."""
    row = node.row
    shown = row.state in (ExtensionState.ACTIVE, ExtensionState.UNLISTED) and row.latest_id is not None
    if not shown and not node.permits(Permission.READ_PRIVATE):
        raise _refusal(
            request,
            "This add-on is not public.",
            is_disabled_by_developer=row.hidden_by_owner,
            is_disabled_by_mozilla=row.state in (ExtensionState.DISABLED, ExtensionState.PENDING_DISABLE),
        )


def _refusal(request: Request, detail: str, **more: Any) -> ApiError:
    if request.identity is None:
        return ApiError(401, detail, "ERROR_NOT_AUTHENTICATED", CHALLENGE, **more)
    return ApiError(403, detail, "ERROR_PERMISSION_DENIED", **more)
