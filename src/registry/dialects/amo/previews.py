"""Screenshots in v5 of Mozilla's API: …/addons/addon/{id|slug|guid}/previews/ and …/previews/{id}/

One that is sent has no address until a worker has made the files that are shown.
"""

from typing import Any

from pyramid.request import Request

from registry import urls
from registry.dialects.amo import addons, bodies
from registry.dialects.amo.addresses import ADDON, NODE
from registry.dialects.amo.texts import own_texts, translated
from registry.domain import own_pictures
from registry.errors import ApiError, bad_field
from registry.models import ImageRole
from registry.permissions import Permission
from registry.resources.pictures import Picture, Pictures
from registry.rest import ResourceService, answering
from registry.schemas.addons import MAX_POSITION, PreviewSchema
from registry.views.pictures import receive_picture

PART = "image"

previews = ResourceService("amo_previews", f"{ADDON}previews/", Pictures, traverse=f"{NODE}/images")
preview = ResourceService(
    "amo_preview", f"{ADDON}previews/{{id}}/", Picture, traverse=f"{NODE}/images/{{id}}"
)


@previews.post(permission=Permission.EDIT)
@answering(addons.ANY, 201)
def send_preview(request: Request) -> dict[str, Any]:
    """Send a screenshot: the form parts `image`, a file, and `position`."""
    extension = request.context.__parent__.row
    added, fields = receive_picture(request, extension.id, ImageRole.SCREENSHOT, (), PART)
    if "position" in fields:
        _change(request, extension.id, added.image_id, None, _position(fields["position"]))
    request.response.status_int = 201
    return _show(request.context, added.image_id)


# For the API's description.
send_preview.takes_package, send_preview.package_part, send_preview.form_fields = True, PART, {}


@preview.patch(permission=Permission.EDIT, validators=[bodies.json_body(PreviewSchema())])
@answering(addons.ANY)
def change_preview(request: Request) -> dict[str, Any]:
    """Give a screenshot a caption, or another place among them."""
    pictures, row, body = request.context.__parent__, _screenshot(request), request.validated
    caption = None
    if "caption" in body:
        caption = own_texts(body["caption"], pictures.__parent__.row.default_locale)
        caption = dict.fromkeys(row.caption) if caption is None else caption
    _change(request, row.extension_id, row.id, caption, body["position"])
    return _show(pictures, row.id)


@preview.delete(permission=Permission.EDIT)
def remove_preview(request: Request) -> None:
    """Take a screenshot away."""
    row = _screenshot(request)
    request.database.write(own_pictures.remove, row.extension_id, row.id, request.identity.id)
    request.response.status_int = 204


def _screenshot(request: Request) -> Any:
    row = request.context.row
    if row.role != ImageRole.SCREENSHOT:
        raise ApiError(404, "There is no such screenshot.", "ERROR_NOT_FOUND")
    return row


def _change(
    request: Request,
    extension_id: int,
    image_id: int,
    caption: dict[str, str | None] | None,
    position: int | None,
) -> None:
    request.database.write(
        own_pictures.change, extension_id, image_id, request.identity.id, caption, position
    )


def _position(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= MAX_POSITION):
        raise bad_field("position", f"This must be a whole number from 0 to {MAX_POSITION}.")
    return int(text)


def _show(pictures: Pictures, image_id: int) -> dict[str, Any]:
    row: Any = pictures[str(image_id)].row
    made, base = row.outputs, pictures.request.public_url
    full, thumbnail = (made.get(name) and urls.image(base, made[name]) for name in ("full", "thumbnail"))
    return {
        "id": row.id,
        "caption": translated(row.caption, pictures.__parent__.row.default_locale, None),
        "image_size": [made["width"], made["height"]] if full else None,
        "image_url": full,
        "position": row.position,
        "thumbnail_url": thumbnail,
    }
