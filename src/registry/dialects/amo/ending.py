"""Deleting in v5 of Mozilla's API: a version, and an add-on, which takes a confirmation.

DELETE /api/v5/addons/addon/{id|slug|guid}/versions/{id|number}/
GET    /api/v5/addons/addon/{id|slug|guid}/delete_confirm/            a token for whoever asks, good for a minute
DELETE /api/v5/addons/addon/{id|slug|guid}/?delete_confirm=TOKEN
"""

import time

from pyramid.request import Request

from registry.dialects.amo import addons
from registry.dialects.amo.addresses import ADDON, NODE
from registry.domain import removal
from registry.errors import bad_field
from registry.permissions import Permission
from registry.resources import WebExtension
from registry.rest import ResourceService, answering
from registry.schemas.addons import ConfirmationSchema
from registry.schemas.answers import TEXT, mapping
from registry.validators import query

SECONDS = 60

confirmation = ResourceService("amo_delete_confirm", f"{ADDON}delete_confirm/", WebExtension, traverse=NODE)


@addons.version.delete(permission=Permission.EDIT)
def delete_version(request: Request) -> None:
    """Delete a version for good; its number is not given again."""
    row = request.context.row
    request.database.write(removal.delete_version, row.extension_id, row.id, request.identity.id)
    request.response.status_int = 204


@confirmation.get(permission=Permission.OWNERS)
@answering(mapping(delete_confirm=TEXT))
def show_confirmation(request: Request) -> dict[str, str]:
    """What the add-on can be deleted with, within a minute."""
    request.response.headers["Cache-Control"] = "no-store"
    until = int(time.time()) + SECONDS
    return {"delete_confirm": f"{until}:{request.sealer.sign(_said(request, until))}"}


@addons.addon.delete(permission=Permission.OWNERS, validators=[query(ConfirmationSchema())])
def delete_addon(request: Request) -> None:
    """Delete an add-on with all its versions for good; its id and its slug are not given again."""
    _check(request, request.validated["delete_confirm"] or "")
    request.database.write(removal.delete_extension, request.context.row.id, request.identity.id)
    request.response.status_int = 204


def _check(request: Request, token: str) -> None:
    """Raises BadRequest for a token that is not this account's for this add-on, or not any more."""
    until, _, signature = token.partition(":")
    good = until.isascii() and until.isdecimal() and len(until) <= 12
    if not good or not request.sealer.has_signed(signature, _said(request, int(until))):
        raise bad_field(
            "delete_confirm",
            "Deleting an add-on takes what GET …/delete_confirm/ has given this account for it.",
            "NOT_CONFIRMED",
        )
    if int(until) < time.time():
        raise bad_field(
            "delete_confirm", f"This is older than {SECONDS} seconds; get another.", "CONFIRMATION_EXPIRED"
        )


def _said(request: Request, until: int) -> str:
    return f"delete_confirm:{request.identity.id}:{request.context.row.id}:{until}"
