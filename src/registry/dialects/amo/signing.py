"""The signing API of Mozilla's add-on site, v3 and v4, as sign-addon and web-ext 7 speak it.

    PUT  /api/{v3|v4}/addons/{guid}/versions/{version}/                 sign this version: 201, 202, or 200 again
    POST /api/{v3|v4}/addons/                                           likewise, of an add-on that brings no id
    GET  /api/{v3|v4}/addons/{guid}/versions/{version}/                 what became of it
    GET  /api/{v3|v4}/addons/{guid}/versions/{version}/uploads/{pk}/    the same; clients poll this
    GET  /api/{v3|v4}/file/{id}/{file}                                  the signed file

The package is the part ``upload`` of a form, and ``channel`` may stand beside it. A new add-on's first version is
unlisted, whatever it says; later ones are as the newest before them unless it says otherwise. An upload is known by its
version, which it is made for ever.
"""

import dataclasses
from collections.abc import Callable
from itertools import chain
from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry import urls
from registry.dialects.amo.validation import validation
from registry.domain import publishing, visibility
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.findings import errors_first
from registry.domain.validation import COUNTS, Outcome
from registry.errors import ApiError, bad_field
from registry.models import Channel, Validation, Verdict, VersionState
from registry.models import Extension as ExtensionRow
from registry.models import Version as Row
from registry.packages import Package
from registry.packages.manifest import quoted
from registry.packages.webextension import WebExtension, is_guid
from registry.permissions import Permission
from registry.receiving import Received, receive_part
from registry.resources import Addons, AddonVersion, Extension, Version
from registry.rest import ResourceService, answering
from registry.schemas.signing import SUBMISSION
from registry.views.downloads import file_response
from registry.views.publishing import take

APIS = ("v3", "v4")
PART = "upload"
# Longer ones are for packages that say them.
LONGEST_URL_GUID = 64

ADDONS = "/addons/"
VERSION = f"{ADDONS}{{guid}}/versions/{{number}}/"


_FINDINGS = (
    select(Validation.findings)
    .join(Row, Row.upload_sha256 == Validation.sha256)
    .where(Row.id == bindparam("version_id"), COUNTS)
    .order_by(Validation.id)
)
_BEING_VALIDATED = frozenset({VersionState.RECEIVED, VersionState.VALIDATING})
_REFUSED = frozenset({VersionState.FAILED, VersionState.DEAD})


def _services(name: str, path: str, context: type, traverse: str, **options: Any) -> list[ResourceService]:
    return [
        ResourceService(f"{api}_{name}", f"/api/{api}{path}", context, traverse=traverse, **options)
        for api in APIS
    ]


addons = _services("submissions", ADDONS, Addons, f"{urls.API}{ADDONS}")
versions = _services("submission", VERSION, AddonVersion, f"{urls.API}{VERSION}")
uploads = _services("submission_upload", f"{VERSION}uploads/{{pk}}/", AddonVersion, f"{urls.API}{VERSION}")
files = _services("submission_file", "/file/{id}/{file}", Version, "/files/{id}", media_type=None)

_NEWEST_CHANNEL = (
    select(Row.channel).where(Row.extension_id == bindparam("extension_id")).order_by(Row.id.desc()).limit(1)
)
_BY_GUID = select(ExtensionRow.id).where(ExtensionRow.guid == bindparam("guid"))


def _on(verb: str, *services: ResourceService, permission: Permission) -> Callable[[Any], Any]:
    def register(view: Any) -> Any:
        for service in services:
            service.add_view(verb, view, permission=permission)
        return view

    return register


def _takes_package(view: Any) -> Any:
    view.takes_package, view.package_part, view.answer = True, PART, SUBMISSION  # for the API's description
    return view


@_on("PUT", *versions, permission=Permission.PUBLISH_VERSION)
@_takes_package
def sign_version(request: Request) -> dict[str, Any]:
    """Send a version of an add-on, maybe of a new one, to be signed."""
    node, guid = request.context, request.context.addon.__name__
    extension = node.addon.extension
    with receive_part(request, PART) as received:
        package = _webextension(received)
        if package.version != node.__name__:
            raise bad_field(
                "version",
                f"The package is version {package.version}, the address says {quoted(node.__name__)}.",
                "VERSION_MISMATCH",
            )
        if extension is None:
            received.package = _new(package, guid)
        return _submit(request, received, extension)


@_on("POST", *addons, permission=Permission.PUBLISH_NEW)
@_takes_package
def sign_new(request: Request) -> dict[str, Any]:
    """Send the first version of an add-on to be signed; it gets an id if it brings none."""
    with receive_part(request, PART) as received:
        package = _webextension(received)
        said = received.fields.get("version", package.version)
        if said != package.version:
            raise bad_field(
                "version",
                f"The package is version {package.version}, the form says {quoted(said)}.",
                "VERSION_MISMATCH",
            )
        return _submit(request, received, _known(request, package.guid), created=201)


@_on("GET", *versions, permission=Permission.READ_PRIVATE)
@answering(SUBMISSION)
def show_version(request: Request) -> dict[str, Any]:
    """What became of a version."""
    return _shown(request, _present(request))


@_on("GET", *uploads, permission=Permission.READ_PRIVATE)
@answering(SUBMISSION)
def show_upload(request: Request) -> dict[str, Any]:
    """What became of an upload."""
    version = _present(request)
    if request.matchdict["pk"] != _pk(version.row):
        raise ApiError(404, "There is no such upload of this version.", "ERROR_NOT_FOUND")
    return _shown(request, version)


@_on("GET", *files, permission=Permission.READ)
def download(request: Request) -> Response:
    """The signed file."""
    return file_response(request, request.context)


def _webextension(received: Received) -> Package:
    if received.package.format != WebExtension.name:
        raise bad_field(
            PART, "This address signs browser extensions only; see /api/v4/extensions/.", "FORMAT_MISMATCH"
        )
    return received.package


def _new(package: Package, guid: str) -> Package:
    """The package of a new add-on, with the id that the address gives it if it has none. Raises BadRequest."""
    if not is_guid(guid):
        raise bad_field("guid", 'An id looks like "name@example.org" or is a UUID in braces.', "BAD_GUID")
    if package.guid is None:
        if len(guid) > LONGEST_URL_GUID:
            raise bad_field("guid", f"An id has at most {LONGEST_URL_GUID} characters.", "BAD_GUID")
        return dataclasses.replace(package, guid=guid)
    if package.guid != guid:
        raise bad_field(
            "guid", f"The package's id is {package.guid}, the address says {quoted(guid)}.", "NAME_MISMATCH"
        )
    return package


def _known(request: Request, guid: str | None) -> Extension | None:
    """The extension with that id, as far as it is there for who asks."""
    if guid is None:
        return None
    found: Extension | None = request.root["api"]["v4"]["extensions"].find(guid)
    return found


def _submit(
    request: Request, received: Received, extension: Extension | None, created: int | None = None
) -> dict[str, Any]:
    """Publish what came in; the answer is ``created``, by default 201 for a new add-on and 202 for a version."""
    wanted = _channel(received)
    channel = _effective(request, extension, wanted)
    try:
        published = take(request, received, extension.row.id if extension else None, channel)
    except Conflict as conflict:
        raise _named(request, conflict) from None
    except Forbidden as forbidden:
        if forbidden.code == "EXTENSION_DISABLED":
            raise Invalid(str(forbidden), forbidden.code) from None
        raise
    version = _version(request, published.name, published.version)
    if not published.created and extension and wanted not in (None, version.row.channel):
        raise _named(request, _other_channel(published, version))
    request.response.status_int = 200
    if published.created:
        request.response.status_int = created or (201 if extension is None else 202)
    shown = _shown(request, version)
    request.response.location = shown["url"]
    return shown


def _channel(received: Received) -> Channel | None:
    said = received.fields.get("channel") or None
    try:
        return said and Channel(said)
    except ValueError:
        raise bad_field("channel", "The channel is listed or unlisted.", "BAD_CHANNEL") from None


def _effective(request: Request, extension: Extension | None, wanted: Channel | None) -> Channel:
    if extension is None:
        return Channel.UNLISTED
    before = request.read.scalar(_NEWEST_CHANNEL, {"extension_id": extension.row.id})
    channel = wanted or Channel(before or Channel.UNLISTED)
    if channel is Channel.LISTED and extension.row.hidden_by_owner:
        raise bad_field(
            "channel",
            "Its owners have hidden this add-on; show it again, or send the version as unlisted.",
            "ADDON_HIDDEN",
        )
    return channel


def _other_channel(published: publishing.Published, version: Version) -> Conflict:
    row = version.row
    return Conflict(
        f"Version {row.version} of {published.name} exists as {row.channel}; publish under a new version number.",
        "VERSION_EXISTS",
        name=published.name,
        version=row.version,
        state=row.state,
    )


def _named(request: Request, conflict: Conflict) -> Conflict:
    """With the addresses of the version that is in the way, if it is one."""
    existing = conflict.existing
    if "version" in existing:
        try:
            version = _version(request, str(existing["name"]), str(existing["version"]))
        except KeyError:  # it was deleted
            return conflict
        shown = _shown(request, version)
        existing |= {key: shown[key] for key in ("guid", "url", "active")}
        existing["download_url"] = shown["files"][0]["download_url"]
    return conflict


def _version(request: Request, name: str, number: str) -> Version:
    found: Version = request.root["api"]["v4"]["extensions"][name]["versions"][number]
    return found


def _present(request: Request) -> Version:
    node: AddonVersion = request.context
    if node.version is None:
        what = f"version {quoted(node.__name__)} of this add-on" if node.addon.extension else "such add-on"
        raise ApiError(404, f"There is no {what}.", "ERROR_NOT_FOUND")
    return node.version


def _results(request: Request, guid: str, row: Any, state: VersionState) -> dict[str, Any] | None:
    """What was found in the package, and why it was not signed if it was not; None until that is known."""
    if state in _BEING_VALIDATED or row.upload_sha256 is None:
        return None
    found = chain.from_iterable(request.read.scalars(_FINDINGS, {"version_id": row.id}))
    if state in _REFUSED:
        found = chain(row.errors, (finding for finding in found if finding["severity"] != "error"))
    upload = SimpleNamespace(sha256=row.upload_sha256, channel=row.channel, guid=guid, version=row.version)
    verdict = Verdict.FAILED if state in _REFUSED else Verdict.PASSED
    return validation(upload, Outcome(verdict, waiting=False, findings=errors_first(found)))


def _pk(row: Any) -> str:
    return f"{row.id:032x}"


def _shown(request: Request, version: Any) -> dict[str, Any]:
    extension = version.__parent__.__parent__
    row, guid, state = version.row, extension.row.guid, VersionState(version.row.state)
    base = f"{request.public_url}/api/{request.path_info.split('/')[2]}"
    address = f"{base}/addons/{urls.segment(guid)}/versions/{urls.segment(row.version)}/"
    signed = state is VersionState.SIGNED and row.sha256 is not None
    active = signed and visibility.download(extension.row, row) is visibility.Download.OPEN
    return {
        "guid": guid,
        "pk": _pk(row),
        "url": f"{address}uploads/{_pk(row)}/",
        "processed": state not in _BEING_VALIDATED,
        "valid": state not in _BEING_VALIDATED | _REFUSED,
        "validation_results": _results(request, guid, row, state),
        "validation_url": f"{urls.version(request.public_url, extension.row.name, row.version)}validation/",
        "automated_signing": row.channel == Channel.UNLISTED,
        "reviewed": signed,
        "active": active,
        "passed_review": active,
        "files": [
            {
                "download_url": f"{base}/file/{row.id}/{row.flat_name}.xpi?src=api",
                "hash": f"sha256:{row.sha256 or row.upload_sha256}",
                "signed": signed,
            }
        ],
        "version": row.version,
    }
