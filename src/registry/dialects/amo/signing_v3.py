"""The signing API as it was first asked for (000_*): create, add a version, poll, fetch the signed file.

Four addresses, made for curl. All writes answer the state of the newest submission, and so does the
poll; its ``signed_url`` is null until there is a signed file. v3 is frozen: a test compares its
description with a committed one.
"""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from registry import urls
from registry.domain import publishing
from registry.errors import ApiError
from registry.models import Extension as ExtensionRow
from registry.models import Version as Row
from registry.models import VersionState
from registry.permissions import Permission
from registry.receiving import uploads_to
from registry.resources import Extension, Extensions, Version, Versions
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.views.downloads import file_response
from registry.views.publishing import FILE, submit

EXTENSIONS = "/api/v4/extensions"
EXTENSION = f"{EXTENSIONS}/{{name}}"
VERSIONS = f"{EXTENSION}/versions"
UPLOAD = ("PUT", "POST")

addon = ResourceService("v3_addon", "/api/v3/addon/", Extensions, traverse=EXTENSIONS)
addon_file = ResourceService(
    "v3_addon_file", f"/api/v3/addon/{FILE}", Extensions, traverse=EXTENSIONS, request_method=UPLOAD
)
version = ResourceService("v3_version", "/api/v3/version/{name}/", Versions, traverse=VERSIONS)
version_file = ResourceService(
    "v3_version_file", f"/api/v3/version/{{name}}/{FILE}", Versions, traverse=VERSIONS, request_method=UPLOAD
)
status = ResourceService("v3_status", "/api/v3/status/{name}/", Extension, traverse=EXTENSION)
signed = ResourceService(
    "v3_signed",
    "/addon/{name}/versions/{version}-signed.xpi",
    Version,
    traverse=f"{VERSIONS}/{{version}}",
    media_type=None,
)

_NEWEST = (
    select(ExtensionRow.name, ExtensionRow.guid, Row.version, Row.state, Row.errors)
    .join(Row, Row.extension_id == ExtensionRow.id)
    .where(Row.deleted.is_(None))
    .order_by(Row.id.desc())
    .limit(1)
)


@uploads_to(addon, addon_file, permission=Permission.PUBLISH_NEW, answer=answers.SUBMISSION)
def create_addon(request: Request) -> dict[str, Any]:
    """Create an add-on from its package, or add a version to one of one's own."""
    return _submitted(request, submit(request))


@uploads_to(version, version_file, permission=Permission.PUBLISH_VERSION, answer=answers.SUBMISSION)
def create_version(request: Request) -> dict[str, Any]:
    """Add a version to an add-on."""
    return _submitted(request, submit(request, request.context.__parent__.row.id))


@status.get(permission=Permission.READ_PRIVATE)
@answering(answers.SUBMISSION)
def show_status(request: Request) -> dict[str, Any]:
    """The state of the newest submission."""
    row = request.read.execute(_NEWEST.where(ExtensionRow.id == request.context.row.id)).one_or_none()
    if row is None:
        raise ApiError(404, "Nothing has been submitted for this add-on.", "ERROR_NOT_FOUND")
    return _state(request, row)


@signed.get(permission=Permission.READ)
def download_signed(request: Request) -> Response:
    """The signed file."""
    return file_response(request, request.context)


def _submitted(request: Request, published: publishing.Published) -> dict[str, Any]:
    request.response.status_int = 202 if published.created else 200
    request.response.location = f"{request.public_url}/api/v3/status/{published.name}/"
    row = request.read.execute(_NEWEST.where(Row.id == published.version_id)).one()
    return _state(request, row)


def _state(request: Request, row: Any) -> dict[str, Any]:
    ready = row.state == VersionState.SIGNED
    return {
        "name": row.name,
        "guid": row.guid,
        "version": row.version,
        "state": row.state,
        "errors": row.errors,
        "signed_url": urls.signed_xpi(request.public_url, row.name, row.version) if ready else None,
    }
