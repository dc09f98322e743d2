"""All services, own and dialects', on one application."""

from typing import Any

from registry import rest
from registry.dialects.amo import signing_v3  # noqa: F401 - defines its services
from registry.views import catalogue, descriptions, downloads, publishing, versions  # noqa: F401 - define their services


def includeme(config: Any) -> None:
    rest.register(config)
