"""Yanking a version: by its owners at its own address, by the registry's team at ``manage/`` below it."""

from typing import Any

from pyramid.request import Request

from registry import representations, urls
from registry.catalogue.presentation import reason
from registry.domain import management, yanking
from registry.domain.yanking import OWNER, REGISTRY, Yank
from registry.errors import bad_field
from registry.permissions import Permission
from registry.resources import Version
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.management import MANAGED_VERSION, YankSchema
from registry.validators import json_body
from registry.views.management import seen
from registry.views.versions import version

manage_version = ResourceService(
    "manage_version", "/api/v4/extensions/{name}/versions/{version}/", Version, view="manage/"
)


@version.patch(permission=Permission.EDIT, validators=[json_body(YankSchema())])
@answering(answers.VERSION)
def yank_version(request: Request) -> dict[str, Any]:
    """Yank a version of one's own, or take that back."""
    _yank(request, OWNER)
    request.revision = f"{management.revision(request.context.row, yanking.COLUMNS)}."
    return representations.version(request, request.context.__parent__.__parent__.row, request.context.row)


@manage_version.get(permission=Permission.MANAGE)
@answering(MANAGED_VERSION)
def show_managed_version(request: Request) -> dict[str, Any]:
    """What the registry's team has decided about a version."""
    return _shown(request)


@manage_version.patch(permission=Permission.MANAGE, validators=[json_body(YankSchema())])
@answering(MANAGED_VERSION)
def manage_yank(request: Request) -> dict[str, Any]:
    """Yank a version for the registry, or take that back."""
    _yank(request, REGISTRY)
    return _shown(request)


def _yank(request: Request, by: str) -> None:
    node = request.context
    if node.__name__ == "latest":
        raise bad_field("version", "Name the version; `latest` may be another one by now.", "VERSION_NEEDED")
    expected = None if by == OWNER and "If-Match" not in request.headers else seen(request)
    wanted = Yank(request.validated["yanked"], request.validated["reason"], by)
    request.database.write(
        yanking.yank, node.row.extension_id, node.row.id, request.identity.id, wanted, expected
    )
    node.reload()


def _shown(request: Request) -> dict[str, Any]:
    row, name = request.context.row, request.context.__parent__.__parent__.row.name
    url = urls.version(request.public_url, name, row.version)
    revision = management.revision(row, yanking.COLUMNS)
    request.revision = f"{revision}."
    return {
        "name": name,
        "version": row.version,
        "state": row.state,
        "yanked": row.blocked is not None,
        "reason": reason(row.blocked_code, row.blocked_reason),
        "yanked_by_owner": row.yanked is not None,
        "revision": revision,
        "url": url,
        "manage_url": f"{url}manage/",
    }
