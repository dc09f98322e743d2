"""The blocklist: extensions that clients are to switch off, wherever they came from."""

from typing import Any

from sqlalchemy import Connection, func, literal, select

from registry import urls
from registry.catalogue.presentation import time
from registry.domain import visibility
from registry.models import Event, Extension, ExtensionState

ALL_VERSIONS = "*"

# As it stands in the index of what is disabled.
_IS_DISABLED = Extension.state == literal(ExtensionState.DISABLED.value, literal_execute=True)
_SERIAL = select(func.max(Extension.changed))
_SINCE = (
    select(Event.at)
    .where(Event.extension_id == Extension.id, Event.kind == "extension.state")
    .order_by(Event.seq.desc())
    .limit(1)
    .correlate(Extension)
    .scalar_subquery()
)
_DISABLED = (
    select(Extension.name, Extension.guid, Extension.state_reason, Extension.updated, _SINCE.label("since"))
    .where(_IS_DISABLED, visibility.SHOWN)
    .order_by(Extension.name)
)


def document(connection: Connection, base: str) -> dict[str, Any]:
    """``{"serial", "entries": [{"name", "guid", "versions", "reason", "since", "url"}]}``, by name.

    ``serial`` is the number of the last change in the catalogue that it shows, and never falls; from it a
    client may go on with the change feed. ``versions`` is ``*``: disabled is an extension as a whole.
    """
    serial = connection.scalar(_SERIAL) or 0
    return {
        "serial": serial,
        "entries": [
            {
                "name": row.name,
                "guid": row.guid,
                "versions": ALL_VERSIONS,
                "reason": row.state_reason,
                "since": time(row.since or row.updated),
                "url": urls.extension(base, row.name),
            }
            for row in connection.execute(_DISABLED)
        ],
    }
