"""Editing a version in v5 of Mozilla's API, and what it was built from.

PATCH /api/v5/addons/addon/{id|slug|guid}/versions/{id|number}/   what is said of it, as JSON; or a form with its
                                                                  `source`, an archive, and its `license`
GET   /firefox/downloads/source/{id}                              the archive, for its authors and the registry's team

Whoever sends the same again gets the same answer, and sources are never counted against a limit: clients send them
after the version is there, and give up at the first failure.
"""

import re
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.dialects.amo import addons, bodies, listing, representation
from registry.dialects.amo.submission import OF_VERSION
from registry.dialects.amo.texts import own_texts
from registry.domain import describing
from registry.errors import ApiError, BadRequest, bad_field
from registry.models import VersionDetail
from registry.packages.limits import configured
from registry.packages.ranges import browser_key
from registry.packages.sources import SUFFIXES, archive_kind
from registry.permissions import Permission
from registry.receiving import receive_file
from registry.resources import Version
from registry.rest import ResourceService, answering, with_files
from registry.schemas.addons import EditVersionSchema
from registry.views.downloads import NO_STORE, FileSpan, check_range

PART = "source"
_VERSION = re.compile(r"\*|[0-9]{1,9}(?:\.(?:\*|[0-9]{1,9}[a-z0-9]*)){0,3}")
_TYPES = {"zip": "application/zip", "tar.gz": "application/gzip", "tar.bz2": "application/x-bzip2"}
_SOURCE = select(VersionDetail.source_sha256, VersionDetail.source_suffix).where(
    VersionDetail.version_id == bindparam("version_id"), VersionDetail.source_sha256.is_not(None)
)

source = ResourceService(
    "amo_source",
    "/firefox/downloads/source/{file_id}",
    Version,
    traverse="/files/{file_id}",
    media_type=None,
)


@addons.version.patch(permission=Permission.EDIT, validators=[bodies.json_body_or_form(EditVersionSchema())])
@answering(addons.ANY)
def edit_version(request: Request) -> dict[str, Any]:
    """Edit a version, or send what it was built from as the part `source` of a form."""
    node = request.context
    extension = node.__parent__.__parent__.row
    if bodies.is_form(request):
        _receive(request, extension)
    else:
        _edit(request, extension, request.validated)
    return addons.version_json(request, extension, node.row.id, private=True)


edit_version.file_parts = (PART,)


@source.get(permission=Permission.READ_PRIVATE)
@with_files(given=tuple(_TYPES.values()))
def download_source(request: Request) -> Response:
    """What a version was built from."""
    row = request.context.row
    found = request.read.execute(_SOURCE, {"version_id": row.id}).one_or_none()
    if found is None:
        raise ApiError(404, "There are no sources of this version.", "NO_SOURCE", NO_STORE)
    file = request.storage.path(found.source_sha256).open("rb")
    response = Response(content_type=_TYPES[found.source_suffix], conditional_response=True)
    response.content_length = file.seek(0, 2)
    response.accept_ranges = "bytes"
    response.etag = found.source_sha256
    name = f"{row.flat_name}-source.{found.source_suffix}"
    response.content_disposition = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    check_range(request, response)
    size, response.app_iter = response.content_length, FileSpan(file)
    response.content_length = size
    return response


def _edit(request: Request, extension: Any, body: dict[str, Any], **values: Any) -> None:
    row = request.context.row
    faults = listing.check_license(body, theme=extension.theme)
    if wide := _too_wide(row, body.get("compatibility", {})):
        faults["compatibility"] = wide
    if faults:
        raise BadRequest(faults)
    default = extension.default_locale
    values |= {name: own_texts(body[name], default) for name in OF_VERSION if name in body}
    if "license" in body:
        values |= {"license_name": None, "license_text": None}
    if custom := body.get("custom_license"):
        values |= {"license": None}
        values |= {f"license_{part}": own_texts(texts, default) for part, texts in custom.items()}
    edit = describing.VersionEdit(values, body.get("is_disabled"))
    request.database.write(describing.edit_version, extension.id, row.id, request.identity.id, edit)


def _too_wide(row: Any, ranges: dict[str, dict[str, str]]) -> list[str]:
    """Where a version is said to run on more than its manifest says, which is what browsers go by."""
    allowed, faults = representation.manifest_ranges(row), []
    for application, bounds in ranges.items():
        lowest, highest = (allowed.get(application, allowed["firefox"])[end] for end in ("min", "max"))
        low, high = bounds.get("min", lowest), bounds.get("max", highest)
        if not (_VERSION.fullmatch(low) and _VERSION.fullmatch(high)):
            faults.append(f'Versions of {application} are written like "115.0" or "128.*".')
        elif not browser_key(lowest) <= browser_key(low) <= browser_key(high) <= browser_key(highest):
            faults.append(
                f"The manifest says {application} {lowest} to {highest}; it can be narrowed here, "
                f"{low} to {high} is not within it. Publish a version with another manifest."
            )
    return faults


def _receive(request: Request, extension: Any) -> None:
    limits = configured(request.settings)
    with receive_file(request, limits.wire_bytes, (), "archive", PART) as (draft, fields):
        kind = archive_kind(draft.path)
        if kind is None:
            raise bad_field(PART, f"This is no archive of a kind that is taken: {', '.join(SUFFIXES)}, tgz.")
        body = {"license": fields["license"]} if "license" in fields else {}
        request.storage.keep(draft.path, draft.sha256)
        _edit(request, extension, body, source_sha256=draft.sha256, source_suffix=kind)
