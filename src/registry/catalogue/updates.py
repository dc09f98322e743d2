"""What there is for what a client has installed: a newer version for its host, or that it is no longer offered.

Two statements, however much is asked about: the extensions with the newest version for the host, and the
installed versions.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select
from sqlalchemy.orm import aliased

from registry import urls
from registry.catalogue.presentation import reason, time
from registry.domain import compatibility, visibility, yanking
from registry.models import Artifact, Compatibility, Extension, ExtensionState, Version, VersionState, table
from registry.packages import FORMATS

_NEWEST, _LATEST = aliased(Version), aliased(Version)
_NEWEST_FITS, _LATEST_FITS = aliased(Compatibility), aliased(Compatibility)
_NAMES: Any = bindparam("names", expanding=True)
_EXTENSIONS = (
    select(
        Extension.id,
        Extension.name,
        Extension.guid,
        Extension.format,
        Extension.state,
        Extension.state_code,
        Extension.state_reason,
        _NEWEST.version,
        _NEWEST.order_key,
        _NEWEST.requires_restart,
        _NEWEST.published,
        _NEWEST_FITS.host,
        _NEWEST_FITS.range,
        Artifact.sha256,
        Artifact.size,
        _LATEST.version.label("latest_version"),
        _LATEST.order_key.label("latest_order_key"),
        _LATEST_FITS.host.label("latest_host"),
        _LATEST_FITS.range.label("latest_range"),
    )
    .select_from(Extension)
    .outerjoin(_NEWEST, _NEWEST.id == compatibility.NEWEST_FITTING)
    .outerjoin(_NEWEST_FITS, _NEWEST_FITS.id == _NEWEST.compatibility_id)
    .outerjoin(Artifact, Artifact.version_id == _NEWEST.id)
    .outerjoin(_LATEST, _LATEST.id == Extension.latest_id)
    .outerjoin(_LATEST_FITS, _LATEST_FITS.id == _LATEST.compatibility_id)
    .where(or_(Extension.name.in_(_NAMES), Extension.guid.in_(_NAMES)), visibility.WAS_SHOWN)
)
_INSTALLED = select(
    Version.extension_id,
    Version.version,
    Version.deleted,
    Version.held,
    Version.held_reason,
    *(table(Version).c[name] for name in yanking.COLUMNS),
).where(Version.flat_name.in_(bindparam("flat_names", expanding=True)), Version.state == VersionState.SIGNED)


def results(
    connection: Connection, base: str, installed: Mapping[str, str], fitting: Collection[int]
) -> list[dict[str, Any]]:
    """One answer for each of ``installed``, version by name or guid, in their order.

    ``fitting`` are the rows that ``compatibility.matching`` found for the client's host.
    """
    asked = {"names": list(installed), "fitting": list(fitting)}
    found: dict[str, Any] = {}
    for row in connection.execute(_EXTENSIONS, asked):
        found |= {row.guid: row, row.name: row}
    flat_names = {f"{found[name].name}-{version}" for name, version in installed.items() if name in found}
    versions = connection.execute(_INSTALLED, {"flat_names": sorted(flat_names)})
    known = {(row.extension_id, row.version): row for row in versions}
    return [_result(base, name, version, found.get(name), known) for name, version in installed.items()]


def _result(
    base: str, name: str, installed: str, row: Any, known: Mapping[tuple[int, str], Any]
) -> dict[str, Any]:
    # Not by the file name: `hunt-one-1.0.0` is a version `one-1.0.0` of `hunt` as well as 1.0.0 of `hunt-one`.
    version = known.get((row.id, installed)) if row is not None else None
    state = "unknown" if version is None else _state(version)
    why = version and yanking.reason(version)
    answer: dict[str, Any] = {
        "name": name,
        "installed": installed,
        "installed_state": state,
        "status": "up_to_date",
        "code": None,
        "reason": why and why._asdict(),
        "update": None,
        "incompatible_update": None,
    }
    if row is None:
        return answer | {"status": "unknown", "code": "UNKNOWN_EXTENSION"}
    if row.state == ExtensionState.DISABLED:
        why = reason(row.state_code, row.state_reason)
        return answer | {"status": "disabled", "code": "STATE_DISABLED", "reason": why}
    # Not to be told apart: what is looked into is never flagged, and has no reason that is anybody's business.
    withdrawn = row.latest_version is None and state != "offered"
    if row.state == ExtensionState.PENDING_DISABLE or withdrawn:
        return answer | {"status": "removed", "code": "NOT_OFFERED"}
    here = _order_key(row.format, installed)
    if row.version is not None and row.order_key > here:
        answer |= {"status": "update", "update": _update(base, row)}
    if row.latest_version is not None and row.latest_order_key > max(here, row.order_key or b""):
        ranges = compatibility.by_host(row.latest_host, row.latest_range)
        answer["incompatible_update"] = {"version": row.latest_version, "compatibility": ranges}
    return answer


def _update(base: str, row: Any) -> dict[str, Any]:
    return {
        "version": row.version,
        # Versions that were imported without their files have none.
        "download_url": row.sha256 and urls.download(base, row.name, row.version),
        "sha256": row.sha256,
        "size": row.size,
        "requires_restart": row.requires_restart,
        "published": time(row.published),
        "compatibility": compatibility.by_host(row.host, row.range),
    }


def _state(version: Any) -> str:
    """What has become of an installed version."""
    for state, since in (
        ("blocked", version.blocked),
        ("deleted", version.deleted),
        # What waits for its tests has not been taken back.
        ("blocked", version.held if version.held_reason is None else None),
        ("yanked", version.yanked),
    ):
        if since is not None:
            return state
    return "offered"


@lru_cache(maxsize=4096)
def _order_key(format: str, version: str) -> bytes:
    """What is no version is older than all that are."""
    try:
        return FORMATS[format].order_key(version)
    except ValueError:
        return b""
