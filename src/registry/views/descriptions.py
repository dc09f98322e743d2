"""The API describes itself, and says at its root where to go on."""

import importlib.metadata
from typing import Any

from pyramid.request import Request

from registry import openapi
from registry.permissions import Permission
from registry.resources import Api, ApiVersion, Root
from registry.rest import ResourceService, answering
from registry.schemas import answers

root = ResourceService("root", "/", Root)
description = ResourceService("openapi", "/api/v4/", ApiVersion, view="openapi.json")
description_v5 = ResourceService("v5_openapi", "/api/v5/", Api, traverse="/api", view="openapi.json")
description_v3 = ResourceService("v3_openapi", "/api/v3/", Api, traverse="/api", view="openapi.json")


@root.get(permission=Permission.READ)
@answering(answers.INDEX)
def index(request: Request) -> dict[str, Any]:
    """Where to go on from here."""
    base = request.public_url
    return {
        "name": "Extension Registry",
        "version": importlib.metadata.version("extension-registry"),
        "extensions": f"{base}/api/v4/extensions/",
        "openapi": f"{base}/api/v4/openapi.json",
        "openapi_v3": f"{base}/api/v3/openapi.json",
        "openapi_v5": f"{base}/api/v5/openapi.json",
    }


@description.get(permission=Permission.READ)
@answering(answers.DESCRIPTION)
def describe(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    return openapi.document("v4")


@description_v5.get(permission=Permission.READ)
@answering(answers.DESCRIPTION)
def describe_v5(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    return openapi.document("v5")


@description_v3.get(permission=Permission.READ)
@answering(answers.DESCRIPTION)
def describe_v3(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    return openapi.document("v3")
