"""Managing, for the registry's own team: the state of an extension, its limit, and all extensions by these.

A decision names what it was made on: `If-Match` with the `ETag` of the managed fields (or their ``revision``).
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import Select, select, text

from registry import pagination, resources, urls
from registry.catalogue.presentation import reason
from registry.domain import management
from registry.errors import ApiError, BadRequest
from registry.models import Extension as Row
from registry.models import ExtensionState, Ownership, OwnershipRole, Team, User, table
from registry.models import Version as VersionRow
from registry.packages.webextension import WebExtension
from registry.permissions import Permission
from registry.representations import time
from registry.resources import Extension
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.management import MANAGED, ManagedSchema, ManageSchema
from registry.urls import API
from registry.validators import json_body, query
from registry.views.catalogue import OWNERS

managed = ResourceService("managed", f"{API}/manage/", resources.Managed)
manage = ResourceService("manage", f"{API}/extensions/{{name}}/", Extension, view="manage/")

# Counting goes no further, so that nobody waits for a number that says "many".
MOST_COUNTED = 10_000
_ROWS = select(Row.__table__, VersionRow.version.label("latest_version"), OWNERS.label("owners")).outerjoin(
    VersionRow, VersionRow.id == Row.latest_id
)
_BODIES = {browser: json_body(ManageSchema(browser=browser)) for browser in (False, True)}


def _body(request: Request, **_: Any) -> None:
    _BODIES[request.context.row.format == WebExtension.name](request)


_body.body_schema = ManageSchema(browser=False)  # type: ignore[attr-defined]


@managed.get(
    permission=Permission.MANAGE, validators=[query(pagination.PageSchema()), query(ManagedSchema())]
)
@answering(page(MANAGED))
def list_managed(request: Request) -> dict[str, Any]:
    """All extensions, in every state, by name; what every filter says must hold."""
    rows = _filtered(request.validated)

    def render(row: Any) -> dict[str, Any]:
        return _managed(request.public_url, row)

    total = pagination.count(request, rows.with_only_columns(Row.id).limit(MOST_COUNTED))
    return pagination.paginate(request, rows, [table(Row).c.name], render, total)


@manage.get(permission=Permission.MANAGE)
@answering(MANAGED)
def show_managed(request: Request) -> dict[str, Any]:
    """What the registry's team has decided about an extension."""
    return _shown(request)


@manage.patch(permission=Permission.MANAGE, validators=[_body])
@answering(MANAGED)
def change_managed(request: Request) -> dict[str, Any]:
    """Set the state or the highest version of the host, with a reason that its owners are told."""
    changes = {name: request.validated[name] for name in ("state", "api_max") if name in request.validated}
    if not changes:
        raise BadRequest({"non_field_errors": ["NOTHING_TO_CHANGE: Send `state`, `api_max`, or both."]})
    if "state" in changes:
        changes["state"] = ExtensionState(changes["state"])
    expected = seen(request)
    request.database.write(
        management.manage,
        request.context.row.id,
        request.identity.id,
        changes,
        request.validated["reason"],
        expected,
    )
    return _shown(request)


def seen(request: Request) -> set[str] | None:
    """The revisions that `If-Match` names, see ``rendering``; None for any. Raises ApiError without it."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise ApiError(
            428,
            "Say what you have seen: send If-Match with the ETag of this address, or * for any.",
            "ERROR_PRECONDITION_REQUIRED",
        )
    return None if header == "*" else {etag.partition(".")[0] for etag in request.if_match.etags}


def _shown(request: Request) -> dict[str, Any]:
    row = request.read.execute(_ROWS.where(Row.id == request.context.row.id)).one()
    answer = _managed(request.public_url, row)
    request.revision = f"{answer['revision']}."
    return answer


def _managed(base: str, row: Any) -> dict[str, Any]:
    url = urls.extension(base, row.name)
    return {
        "name": row.name,
        "guid": row.guid,
        "format": row.format,
        "title": row.title,
        "owners": sorted((row.owners or "").split()),
        "version": row.latest_version,
        "state": row.state,
        "reason": reason(row.state_code, row.state_reason),
        "api_max": row.api_limit,
        "hidden_by_owner": row.hidden_by_owner,
        "listed": row.listed,
        "updated": time(row.updated),
        "revision": management.revision(row),
        "url": url,
        "manage_url": f"{url}manage/",
    }


def _filtered(wanted: dict[str, Any]) -> Select[Any]:
    rows = _ROWS
    if wanted["state"]:
        rows = rows.where(Row.state == wanted["state"])
        if wanted["state"] != ExtensionState.ACTIVE:
            # As it stands in the index of those.
            rows = rows.where(text("extension.state <> 'active'"))
    if wanted["format"]:
        rows = rows.where(Row.format == wanted["format"])
    if wanted["updated_before"]:
        rows = rows.where(Row.updated < wanted["updated_before"])
    if wanted["name_like"]:
        plain = wanted["name_like"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = rows.where(Row.name.like(plain.replace("*", "%"), escape="\\"))
    if wanted["owner"]:
        rows = rows.where(_owned_by(wanted["owner"]))
    return rows


def _owned_by(name: str) -> Any:
    team = name.removeprefix("team:")
    owner = (
        Ownership.team_id == select(Team.id).where(Team.name == team).scalar_subquery()
        if team != name
        else Ownership.user_id == select(User.id).where(User.username == name).scalar_subquery()
    )
    return Row.id.in_(select(Ownership.extension_id).where(owner, Ownership.role == OwnershipRole.OWNER))
