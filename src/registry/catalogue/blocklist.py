"""The blocklist: extensions and versions that clients are to switch off, wherever they came from."""

from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, func, literal, select

from registry import urls
from registry.catalogue.presentation import reason, time
from registry.domain import visibility
from registry.models import Event, Extension, ExtensionState, Version, VersionState

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
    select(
        Extension.name,
        Extension.guid,
        literal(ALL_VERSIONS).label("versions"),
        Extension.state_code.label("code"),
        Extension.state_reason.label("text"),
        func.coalesce(_SINCE, Extension.updated).label("since"),
    )
    .where(_IS_DISABLED, visibility.WAS_SHOWN)
    .order_by(Extension.name)
)
_YANKED = (
    select(
        Extension.name,
        Extension.guid,
        Version.version.label("versions"),
        Version.blocked_code.label("code"),
        Version.blocked_reason.label("text"),
        Version.blocked.label("since"),
    )
    .join(Extension, Extension.id == Version.extension_id)
    .where(
        Version.blocked.is_not(None),
        Version.state == VersionState.SIGNED,
        Extension.state != ExtensionState.DISABLED,
    )
    .order_by(Extension.name, Version.order_key)
)


def document(connection: Connection, base: str) -> dict[str, Any]:
    """``{"serial", "entries": [{"name", "guid", "versions", "reason", "since", "url"}]}``, by name.

    ``serial`` is the number of the last change in the catalogue that it shows, and never falls; from it a
    client may go on with the change feed. ``versions`` is ``*`` where an extension is disabled, and the number of a
    version that the registry's team has yanked.
    """
    serial = connection.scalar(_SERIAL) or 0
    rows = [*connection.execute(_DISABLED), *connection.execute(_YANKED)]
    return {
        "serial": serial,
        "entries": [
            {
                "name": row.name,
                "guid": row.guid,
                "versions": row.versions,
                "reason": reason(row.code, row.text),
                "since": time(row.since),
                "url": urls.extension(base, row.name),
            }
            for row in sorted(rows, key=attrgetter("name"))
        ],
    }
