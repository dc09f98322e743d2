"""Deleting a version or an extension, by its owners. Deleting an extension takes its name as a confirmation."""

from pyramid.request import Request

from registry.domain import removal
from registry.domain.errors import Conflict
from registry.errors import bad_field
from registry.permissions import Permission
from registry.schemas.management import DeletionSchema
from registry.validators import json_body
from registry.views.catalogue import extension
from registry.views.versions import version


@version.delete(permission=Permission.EDIT)
def delete_version(request: Request) -> None:
    """Delete a version for good; its number is never given again."""
    node = request.context
    if node.__name__ == "latest":
        raise bad_field("version", "Name the version; `latest` may be another one by now.", "VERSION_NEEDED")
    request.database.write(removal.delete_version, node.row.extension_id, node.row.id, request.identity.id)
    request.response.status_int = 204


@extension.delete(permission=Permission.OWNERS, validators=[json_body(DeletionSchema())])
def delete_extension(request: Request) -> None:
    """Delete an extension with all its versions for good; `confirm` is its name, which is never given again."""
    row, said = request.context.row, request.validated["confirm"]
    if said is None:
        raise Conflict(
            f'This cannot be undone. Send {{"confirm": "{row.name}"}} to delete the extension.',
            "CONFIRM_DELETION",
        )
    if said != row.name:
        raise bad_field("confirm", f"This must be {row.name}, the extension's name.", "NOT_CONFIRMED")
    request.database.write(removal.delete_extension, row.id, request.identity.id)
    request.response.status_int = 204
