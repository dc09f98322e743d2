"""What Brackets and Phoenix Code fetch, at the addresses that they are configured with.

Documents, all about extensions for Brackets that are offered:

    /registry.json, /registry_version.json, /popularity.json, /extension_takedown.json

Packages, in the three shapes that these clients make of a name and a version. They take a 200 with all bytes
and nothing else; a redirect is not needed:

    /NAME/NAME-VERSION.zip    /NAME-VERSION.zip    /extensions/NAME-VERSION.zip

``/countDownload`` is how Phoenix Code reports an install. It counts as the download it speaks of: a client that has
fetched the package that day has been counted, and is not counted again.
"""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.catalogue.documents import POPULARITY, REGISTRY, TAKEDOWN, VERSION
from registry.errors import BadRequest
from registry.models import Extension, ExtensionState, VersionState
from registry.models import Version as Row
from registry.packages.brackets import Brackets
from registry.permissions import Permission
from registry.resources import Root, Version
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, mapping
from registry.views.documents import document_response
from registry.views.downloads import file_response

LONGEST_PARAMETER = 201
FLAT = "/extensions/{flat}"

_OBJECT = {"type": "object"}
_TITLES = {
    REGISTRY: ("All extensions for Brackets and Phoenix Code.", _OBJECT),
    VERSION: ("A number that rises whenever registry.json changes.", mapping(version=NUMBER)),
    POPULARITY: ("Downloads of each extension in registry.json.", _OBJECT),
    TAKEDOWN: ("Names of the extensions that clients are to switch off.", {"type": "array", "items": TEXT}),
}
_COUNTED = (
    select(Row.id)
    .join(Extension, Extension.id == Row.extension_id)
    .where(
        Extension.name == bindparam("name"),
        Extension.format == Brackets.name,
        Extension.state.in_([ExtensionState.ACTIVE, ExtensionState.UNLISTED]),
        Row.version == bindparam("version"),
        Row.state == VersionState.SIGNED,
        Row.deleted.is_(None),
    )
)

by_folder = ResourceService(
    "zip_by_folder", "/{name}/{flat}.zip", Version, traverse="/packages/{name}/{flat}", media_type=None
)
by_flat_name = ResourceService("zip_by_flat_name", "/{flat}.zip", Version, traverse=FLAT, media_type=None)
in_extensions = ResourceService("zip_in_extensions", f"{FLAT}.zip", Version, traverse=FLAT, media_type=None)
count = ResourceService("count_download", "/countDownload", Root, traverse="/")


def _document(name: str) -> None:
    def show(request: Request) -> Response:
        return document_response(request, name)

    show.__doc__, schema = _TITLES[name]
    service = ResourceService(name.replace(".", "_"), "/", Root, view=name)
    service.add_view("GET", answering(schema)(show), permission=Permission.READ)


for _name in _TITLES:
    _document(_name)


@by_folder.get(permission=Permission.READ)
@by_flat_name.get(permission=Permission.READ)
@in_extensions.get(permission=Permission.READ)
def download_package(request: Request) -> Response:
    """The package of an extension, by its name and version."""
    return file_response(request, request.context)


@count.get(permission=Permission.READ)
@answering(mapping(message=TEXT))
def count_download(request: Request) -> dict[str, Any]:
    """Count an install, unless the client has fetched that very package today."""
    asked = {name: request.GET.get(f"extension{name.title()}", "") for name in ("name", "version")}
    bad = [
        name
        for name, text in asked.items()
        if not 0 < len(text) <= LONGEST_PARAMETER or not text.isprintable()
    ]
    if bad:
        raise BadRequest(
            {f"extension{name.title()}": ["Name one extension and one version."] for name in bad}
        )
    version_id = request.read.scalar(_COUNTED, asked)
    if version_id is None:
        raise BadRequest(
            {"extensionName": ["UNKNOWN_EXTENSION: There is no such version of such an extension on offer."]}
        )
    request.response.headers["Cache-Control"] = "no-store"
    if request.method == "GET":
        request.registry["downloads"].count(request.environ, version_id)
    return {"message": "The download is counted."}
