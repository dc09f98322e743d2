"""Pictures: owners send icons and screenshots and arrange them; everybody is served what was made of them.

Sending is like publishing: the file is the body, or the part `file` of a form; 202, and its address says what became
of it. It is told by its first bytes whether it can be a picture, and decoded by a worker only.
"""

from collections.abc import Sequence
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry import urls
from registry.domain import own_pictures
from registry.domain.editing import HERE
from registry.errors import bad_field
from registry.models import Image, ImageRole, ImageState, Version
from registry.packages.languages import language_tag
from registry.permissions import Permission
from registry.pictures import PictureRefused, kind_of
from registry.pictures.formats import HEAD_BYTES, MEDIA_TYPES
from registry.receiving import receive_file
from registry.representations import time
from registry.resources import pictures as nodes
from registry.rest import ResourceService, answering, with_files
from registry.schemas.answers import NUMBER, TEXT, TIME, TRANSLATED, URL, mapping, one_of, or_null
from registry.schemas.pictures import LanguageSchema, PictureSchema, RoleSchema
from registry.urls import API
from registry.validators import json_body, query
from registry.views.downloads import FOR_EVER, check_range

images = ResourceService("images", f"{API}/extensions/{{name}}/images/", nodes.Pictures)
image = ResourceService("image", f"{API}/extensions/{{name}}/images/{{id}}/", nodes.Picture)
file = ResourceService("image_file", "/images/{picture}", nodes.PictureFile, media_type=None)

# What people's programs say a picture is; what it really is shows.
RAW_TYPES = (
    "",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/svg+xml",
)
PICTURE = mapping(
    id=NUMBER,
    role=one_of(ImageRole),
    state=one_of(ImageState),
    error=or_null(TEXT),
    version=or_null(TEXT),
    position=NUMBER,
    caption=TRANSLATED,
    files={"type": "object", "additionalProperties": URL},
    created=TIME,
    url=URL,
)


_ROWS = (
    select(Image.__table__, Version.version)
    .outerjoin(Version, Version.id == Image.version_id)
    .where(Image.extension_id == bindparam("extension_id"))
    .order_by(Image.role, Image.position, Image.id)
)


@images.get(permission=Permission.READ_PRIVATE)
@answering({"type": "array", "items": PICTURE})
def list_pictures(request: Request) -> list[dict[str, Any]]:
    """All pictures of an extension, those that wait or failed too; `version` is the package's that one came in."""
    extension = request.context.__parent__.row
    found = request.read.execute(_ROWS, {"extension_id": extension.id})
    return [_picture(request, extension, row) for row in found]


@images.post(permission=Permission.EDIT, validators=[query(RoleSchema())])
@answering(PICTURE)
@with_files(taken=RAW_TYPES)
def send_picture(request: Request) -> dict[str, Any]:
    """Send an icon or a screenshot: PNG, JPEG or WebP."""
    extension, role = request.context.__parent__.row, ImageRole(request.validated["role"])
    added, _ = receive_picture(request, extension.id, role, RAW_TYPES, "file")
    request.response.location = urls.picture(request.public_url, extension.name, added.image_id)
    if added.job_id is not None:
        request.response.status_int = 202
    return _show(request, request.context[str(added.image_id)])


def receive_picture(
    request: Request, extension_id: int, role: ImageRole, kinds: Sequence[str], part: str
) -> tuple[own_pictures.Added, dict[str, str]]:
    """Take in the picture in the body, with the other fields of its form; it is to be made when this returns.

    ``kinds`` and ``part`` are as ``receive_file`` has them. Raises what that and ``own_pictures.add`` do.
    """
    settings = request.settings
    with receive_file(request, settings.image_bytes, kinds, "picture", part) as (draft, fields):
        draft.file.seek(0)
        try:
            kind_of(draft.file.read(HEAD_BYTES))
        except PictureRefused as refused:
            raise bad_field(part, str(refused), refused.code) from None
        request.storage.keep(draft.path, draft.sha256)
        arguments = (extension_id, request.identity.id, role, draft.sha256, settings.image_screenshots)
        added = request.database.write(own_pictures.add, *arguments)
    if added.job_id is not None:
        request.registry["alarm"].hint(added.job_id)
    return added, fields


@image.get(permission=Permission.READ_PRIVATE)
@answering(PICTURE)
def show_picture(request: Request) -> dict[str, Any]:
    """One picture and what became of it: `queued`, `ready`, or `failed` and why."""
    request.costs_nothing = request.context.row.state == ImageState.QUEUED
    return _show(request, request.context)


@image.patch(permission=Permission.EDIT, validators=[query(LanguageSchema()), json_body(PictureSchema())])
@answering(PICTURE)
def change_picture(request: Request) -> dict[str, Any]:
    """Give it a caption, or another place among the screenshots."""
    node, wanted = request.context, request.validated
    extension = node.__parent__.__parent__.row
    caption = wanted.get("caption", {})
    if caption and HERE in caption:
        lang = wanted["lang"] or extension.default_locale
        caption = {language_tag(lang) or lang: caption[HERE]}
    arguments = (extension.id, node.row.id, request.identity.id, caption, wanted["position"])
    request.database.write(own_pictures.change, *arguments)
    return _show(request, node.__parent__[node.__name__])


@image.delete(permission=Permission.EDIT)
def remove_picture(request: Request) -> None:
    """Take it away; the package's own are shown again where it was the last one."""
    node = request.context
    extension = node.__parent__.__parent__.row
    request.database.write(own_pictures.remove, extension.id, node.row.id, request.identity.id)
    request.response.status_int = 204


@file.get(permission=Permission.READ)
@with_files(given=tuple(MEDIA_TYPES.values()))
def show_file(request: Request) -> Response:
    """A file that was made of a picture; it never changes."""
    node = request.context
    response = Response(content_type=MEDIA_TYPES[node.row.suffix], conditional_response=True)
    response.body = request.storage.path(node.row.sha256).read_bytes()
    response.accept_ranges = "bytes"
    response.etag = node.row.sha256
    response.headers["Cache-Control"] = "private, no-store" if node.private else FOR_EVER
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    check_range(request, response)
    if not node.private:
        request.keep_until_changed(node.row.extension_id)
    return response


def _show(request: Request, node: Any) -> dict[str, Any]:
    if node.row.state == ImageState.QUEUED:
        request.response.headers["Retry-After"] = "1"
    return _picture(request, node.__parent__.__parent__.row, node.row)


def _picture(request: Request, extension: Any, row: Any) -> dict[str, Any]:
    base = request.public_url
    names = {name: made for name, made in row.outputs.items() if isinstance(made, str)}
    return {
        "id": row.id,
        "role": row.role,
        "state": row.state,
        "error": row.error,
        "version": row.version,
        "position": row.position,
        "caption": row.caption,
        "files": {name: urls.image(base, made) for name, made in names.items()},
        "created": time(row.created),
        "url": urls.picture(base, extension.name, row.id),
    }
