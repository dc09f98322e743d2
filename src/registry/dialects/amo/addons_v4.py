"""Reading in v4 of Mozilla's API: what v5 shows, in the shapes of before (``gates``)."""

from typing import Any

from pyramid.request import Request

from registry.dialects.amo import addons, gates, pages
from registry.dialects.amo.addresses import NODE
from registry.permissions import Permission
from registry.resources import AddonVersions, Version, WebExtension
from registry.rest import ResourceService, answering
from registry.validators import query

ADDON = "/api/v4/addons/addon/{addon}/"
ANY = {"type": "object"}

addon = ResourceService("amo_addon_v4", ADDON, WebExtension, traverse=NODE)
versions = ResourceService("amo_versions_v4", f"{ADDON}versions/", AddonVersions, traverse=f"{NODE}/versions")
version = ResourceService(
    "amo_version_v4", f"{ADDON}versions/{{version}}/", Version, traverse=f"{NODE}/versions/{{version}}"
)


@addon.get(permission=Permission.READ, validators=[query(addons.AddonSchema())])
@answering(ANY)
def show_addon(request: Request) -> dict[str, Any]:
    """An add-on."""
    return gates.addon(addons.show_addon(request), request.validated["lang"])


@versions.get(
    permission=Permission.READ,
    validators=[query(addons.LanguageSchema()), query(pages.PageSchema()), query(addons.FilterSchema())],
)
@answering(ANY)
def list_versions(request: Request) -> dict[str, Any]:
    """The versions of an add-on, newest first."""
    page, lang = addons.list_versions(request), request.validated["lang"]
    return page | {"results": [gates.version(shown, lang) for shown in page["results"]]}


@version.get(permission=Permission.READ, validators=[query(addons.LanguageSchema())])
@answering(ANY)
def show_version(request: Request) -> dict[str, Any]:
    """A version; its file is `public` as soon as it can be fetched."""
    return gates.version(addons.show_version(request), request.validated["lang"])
