"""What the registry holds about oneself: to be had, and to be deleted. Both take a login or a key, no token does."""

from collections.abc import Iterator
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from registry.domain.deletion import delete_account
from registry.domain.export import SECTIONS
from registry.errors import bad_field
from registry.models import Database
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyExport
from registry.rest import ResourceService, answering
from registry.schemas.accounts import DeletionSchema
from registry.schemas.answers import mapping
from registry.validators import json_body
from registry.views.accounts import me

export = ResourceService("my_export", "/api/v4/users/me/export/", MyExport)

_ROWS = {"type": "array", "items": {"type": "object"}}
EXPORT = mapping(**{section.name: _ROWS for section in SECTIONS})


@export.get(permission=Permission.SECURITY)
@answering(EXPORT)
def export_account(request: Request) -> Response:
    """Everything that is held about one, as JSON, without secrets; a few times a day (`limits.export`)."""
    request.costs_nothing = True  # it has been counted, as a request of its own kind
    response = Response(
        content_type="application/json", app_iter=_written(request.database, request.identity.id)
    )
    response.headers.update(
        {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{request.identity.username}.json"',
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response


@me.delete(permission=Permission.SECURITY, validators=[json_body(DeletionSchema())])
def delete_me(request: Request) -> None:
    """Delete the account for good; without `confirm`, a 409 says what would become of what one owns."""
    said = request.validated["confirm"]
    if said is not None and said != request.identity.username:
        raise bad_field(
            "confirm", f"This must be {request.identity.username}, the account's name.", "NOT_CONFIRMED"
        )
    request.database.write(delete_account, request.identity.id, said is not None)
    request.response.status_int = 204
    if request.identity.kind == "browser":
        request.sessions.forget(request.response)


def _written(database: Database, user_id: int) -> Iterator[bytes]:
    for number, section in enumerate(SECTIONS):
        yield b"%s\n%s: [" % (b"," if number else b"{", orjson.dumps(section.name))
        for first, row in enumerate(section.read(database, user_id)):
            yield (b",\n" if first else b"\n") + orjson.dumps(_plain(row))
        yield b"]"
    yield b"\n}\n"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: time(value) if hasattr(value, "isoformat") else value for name, value in row.items()}
