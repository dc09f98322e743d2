"""The API describes itself."""

from typing import Any

from pyramid.request import Request

from registry import openapi
from registry.permissions import Permission
from registry.resources import Api, ApiVersion
from registry.rest import ResourceService

description = ResourceService("openapi", "/api/v4/", ApiVersion, view="openapi.json")
description_v3 = ResourceService("v3_openapi", "/api/v3/", Api, traverse="/api", view="openapi.json")


@description.get(permission=Permission.READ)
def describe(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    return openapi.document("v4")


@description_v3.get(permission=Permission.READ)
def describe_v3(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    return openapi.document("v3")
