"""The update manifest that a Firefox asks for, where a manifest's ``update_url`` says so: ``/updates/{guid}.json``.

An add-on that has versions on offer is updated to these. One that is distributed by its authors, whose versions are all
of the unlisted channel, is updated to those; so ``?channel=unlisted`` is there for both. Only signed versions that
nobody has taken back are in it, the newest first, and none at all while an add-on is disabled or under review: then
nothing is updated, and clients learn from the blocklist what to switch off.

The format is Mozilla's ("Updating your extension", extensionworkshop.com): a Firefox takes the highest version that is
made for it and compares the file with ``update_hash``.
"""

import re
from typing import Any

import colander
from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry.dialects.amo import addresses
from registry.domain.visibility import SOUND, Download, download
from registry.models import Artifact, Channel, VersionDetail
from registry.models import Version as Row
from registry.packages.ranges import browser_key
from registry.permissions import Permission
from registry.resources import WebExtension
from registry.rest import ResourceService, answering
from registry.schemas.answers import TEXT, URL, mapping
from registry.validators import query

MOST_VERSIONS = 200

updates = ResourceService("firefox_updates", "/updates/{addon}.json", WebExtension, traverse=addresses.NODE)

_BOUNDS = {"type": "object", "properties": {"strict_min_version": TEXT, "strict_max_version": TEXT}}
_UPDATE = {
    **mapping(version=TEXT, update_link=URL, update_hash=TEXT),
    "properties": {
        "version": TEXT,
        "update_link": URL,
        "update_hash": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "applications": mapping(gecko=_BOUNDS),
    },
}
MANIFEST = mapping(
    addons={
        "type": "object",
        "additionalProperties": mapping(updates={"type": "array", "items": _UPDATE}),
        "description": "By the id of the add-on.",
    }
)

_VERSIONS = (
    select(
        Row.id,
        Row.version,
        Row.flat_name,
        Row.api_min,
        Row.api_max,
        Row.blocked,
        Artifact.sha256,
        VersionDetail.compatibility,
    )
    .join(Artifact, Artifact.version_id == Row.id)
    .outerjoin(VersionDetail, VersionDetail.version_id == Row.id)
    .where(
        Row.extension_id == bindparam("extension_id"),
        Row.channel == bindparam("channel"),
        *SOUND,
    )
    .order_by(Row.order_key.desc(), Row.id.desc())
    .limit(MOST_VERSIONS)
)


class ChannelSchema(colander.MappingSchema):
    channel = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.OneOf([str(channel) for channel in Channel]),
        description="The versions of this channel; `listed` where there are any, else `unlisted`.",
    )


@updates.get(permission=Permission.READ, validators=[query(ChannelSchema())])
@answering(MANIFEST)
def show_updates(request: Request) -> dict[str, Any]:
    """What there is for a Firefox that has this add-on."""
    extension = request.context.row
    request.keep_until_changed(extension.id)
    channel = request.validated["channel"] or (
        Channel.UNLISTED if extension.latest_id is None else Channel.LISTED
    )
    rows = request.read.execute(_VERSIONS, {"extension_id": extension.id, "channel": channel}).all()
    shown = [_update(request, extension, row) for row in rows if download(extension, row) is Download.OPEN]
    return {"addons": {extension.guid: {"updates": shown}}}


def _update(request: Request, extension: Any, row: Any) -> dict[str, Any]:
    update: dict[str, Any] = {
        "version": row.version,
        "update_link": addresses.file(request.public_url, row.id, row.flat_name),
        "update_hash": f"sha256:{row.sha256}",
    }
    lowest, highest = _bounds(row, extension.api_limit)
    gecko = {
        key: bound
        for key, bound in (("strict_min_version", lowest), ("strict_max_version", highest))
        if bound
    }
    return update | ({"applications": {"gecko": gecko}} if gecko else {})


def _bounds(row: Any, limit: str | None) -> tuple[str | None, str | None]:
    """The lowest and highest Firefox: as the authors say by now, below the limit of the registry's team."""
    said = (row.compatibility or {}).get("firefox") or {}
    lowest, highest = said.get("min", row.api_min), said.get("max", row.api_max)
    ends = [end for end in (highest, limit and _inclusive(limit)) if end and end != "*"]
    return lowest, min(ends, key=browser_key, default=None)


def _inclusive(limit: str) -> str:
    """A limit that excludes itself as the highest version below: ``<128`` is ``127.*``, ``<128.5.0`` is ``128.4.*``."""
    if not limit.startswith("<"):
        return limit
    numbers = re.findall(r"\d+", limit)
    while len(numbers) > 1 and int(numbers[-1]) == 0:
        numbers.pop()
    return ".".join([*numbers[:-1], str(max(int(numbers[-1]) - 1, 0)), "*"])
