"""What is to be switched off, by add-on, in v5 of Mozilla's API: ``/api/v5/blocklist/block/{id|slug|guid}/``.

An add-on is blocked with all its versions while it is disabled, and otherwise with those that the registry's team has
taken back. The whole list is ``/api/v4/blocklist/``. The shape is that of "Blocklist" in the documentation of
addons-server.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry.dialects.amo import addresses
from registry.dialects.amo.addons import LanguageSchema
from registry.dialects.amo.texts import translated
from registry.errors import ApiError
from registry.models import ExtensionState, VersionState
from registry.models import Version as Row
from registry.permissions import Permission
from registry.representations import time
from registry.resources import WebExtension
from registry.rest import ResourceService, answering
from registry.schemas.answers import TEXT, mapping
from registry.validators import query

block = ResourceService(
    "amo_block", "/api/v5/blocklist/block/{addon}/", WebExtension, traverse=addresses.NODE
)

_TEXTS = {"type": "array", "items": TEXT}
BLOCK = mapping(
    id={"type": "integer"},
    created=TEXT,
    modified=TEXT,
    addon_name={"type": ["object", "null"]},
    guid=TEXT,
    reason={"type": ["string", "null"]},
    url={"type": "null"},
    blocked=_TEXTS,
    soft_blocked=_TEXTS,
    is_all_versions={"type": "boolean"},
)

_VERSIONS = (
    select(Row.version, Row.blocked, Row.blocked_reason)
    .where(
        Row.extension_id == bindparam("extension_id"),
        Row.state == VersionState.SIGNED,
    )
    .order_by(Row.order_key)
)


@block.get(permission=Permission.READ, validators=[query(LanguageSchema())])
@answering(BLOCK)
def show_block(request: Request) -> dict[str, Any]:
    """Which versions of an add-on are to be switched off, and why; 404 when none is."""
    extension = request.context.row
    request.keep_until_changed(extension.id)
    versions = request.read.execute(_VERSIONS, {"extension_id": extension.id}).all()
    disabled = extension.state == ExtensionState.DISABLED and extension.shown
    found = [version for version in versions if disabled or version.blocked is not None]
    if not (disabled or found):
        raise ApiError(404, "No version of this add-on is blocked.", "ERROR_NOT_FOUND")
    times = [extension.updated] if disabled else [version.blocked for version in found]
    reasons = [extension.state_reason] if disabled else [version.blocked_reason for version in found]
    return {
        "id": extension.id,
        "created": time(min(times)),
        "modified": time(max(times)),
        "addon_name": translated(extension.title, extension.default_locale, request.validated["lang"]),
        "guid": extension.guid,
        "reason": reasons[-1],
        "url": None,
        "blocked": [version.version for version in found],
        "soft_blocked": [],
        "is_all_versions": len(found) == len(versions),
    }
