"""A batch of imported extensions made rows, in one transaction.

Written is only what differs from the rows that are there. Counts of downloads are never lowered; a version that
has a package here keeps what is known of it; whatever has an owner here, or did not come by an import, is
left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from registry.domain import compatibility, events, locks, names, visibility
from registry.domain.publishing import COLUMNS, facts
from registry.importing.entries import Imported, ImportedVersion
from registry.importing.notes import Done, Note
from registry.models import (
    IMPORTED,
    Channel,
    DownloadDay,
    Extension,
    Ownership,
    Version,
    VersionState,
    now,
    table,
)

_EXTENSION, _VERSION, _DAY = map(table, (Extension, Version, DownloadDay))
_COMPARED = ("api_range", "api_min", "api_max", "requires_restart", "facts")


@dataclass
class Loaded:
    """What a batch came to."""

    added: int = 0
    changed: int = 0
    versions: int = 0
    notes: list[Note] = field(default_factory=list)


@dataclass
class _Change:
    """What is to be written of one extension; ``row`` is None for one that is new."""

    imported: Imported
    row: Any
    new: list[dict[str, Any]] = field(default_factory=list)
    altered: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return self.row is None or bool(self.new or self.altered or self.values)


def load(session: Session, batch: Sequence[Imported]) -> Loaded:
    """Make the rows of ``batch`` what its entries say. Once written, ``load`` of the same changes nothing."""
    loaded = Loaded()
    locks.new_names(session)
    connection = session.connection()
    existing = _existing(connection, [each.name for each in batch])
    theirs = _versions(connection, [row.id for row in existing.values()])
    taken = _taken(connection, batch)
    changes = []
    for imported in batch:
        row = existing.get(imported.name)
        if reason := _foreign(row):
            loaded.notes.append(Note(imported.name, *reason))
            continue
        change = _compare(imported, row, theirs.get(row.id, {}) if row else {}, taken, loaded.notes)
        if change.any and (row or change.new):
            changes.append(change)
    for change in changes:
        _write(session, change)
    for change in changes:
        loaded.added += change.row is None
        loaded.changed += change.row is not None
        loaded.versions += len(change.new)
    # Last of all, for nobody else can record an event from the first of these on.
    for extension_id, count in [(change.values["id"], len(change.new)) for change in changes]:
        events.record(session, "extension.imported", extension_id=extension_id, public=True, versions=count)
    return loaded


def _existing(connection: Connection, wanted: list[str]) -> dict[str, Any]:
    owned = select(Ownership.id).where(Ownership.extension_id == Extension.id).exists().label("owned")
    rows = connection.execute(
        select(_EXTENSION, owned)
        .where(Extension.name.in_(wanted) | Extension.guid.in_(wanted))
        .order_by(Extension.id)
        .with_for_update(of=_EXTENSION)
    )
    return {key: row for row in rows for key in (row.guid, row.name)}


def _versions(connection: Connection, extension_ids: list[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(select(_VERSION).where(Version.extension_id.in_(extension_ids))):
        found.setdefault(row.extension_id, {})[row.version] = row
    return found


def _taken(connection: Connection, batch: Sequence[Imported]) -> dict[str, str]:
    """Whose the file names are that the batch needs."""
    files = [f"{each.name}-{version.package.version}" for each in batch for version in each.versions]
    rows = connection.execute(
        select(Version.flat_name, Extension.name)
        .join(Extension, Extension.id == Version.extension_id)
        .where(Version.flat_name.in_(files))
    )
    return {row.flat_name: row.name for row in rows}


def _foreign(row: Any) -> tuple[Done, str] | None:
    """Why the extension that is there is none of ours to write to."""
    if row is None:
        return None
    if row.origin != IMPORTED:
        whose = f"is mirrored from {row.origin}" if row.origin else "was published here"
        return Done.NOT_LOADED, f"An extension of this name {whose}; it is left alone."
    if row.owned:
        return Done.SKIPPED, "The extension was imported before and has an owner here now; it is left alone."
    return None


def _compare(
    imported: Imported, row: Any, versions: Mapping[str, Any], taken: dict[str, str], notes: list[Note]
) -> _Change:
    change = _Change(imported, row)
    for version in imported.versions:
        values = _values(version, imported)
        known = versions.get(version.package.version)
        owner = taken.setdefault(values["flat_name"], imported.name)
        if owner != imported.name:
            said = f"The file name {values['flat_name']} stands for a version of {owner} already."
            notes.append(Note(imported.name, Done.LEFT_OUT, said, "version", version.package.version))
        elif known is None:
            change.new.append(values)
        elif differing := _differing(values, known):
            change.altered.append({"id": known.id, **differing})
    if not change.new and not versions:
        notes.append(Note(imported.name, Done.NOT_LOADED, "None of its versions can be taken.", "versions"))
    elif row is not None:
        wanted = {"owner_label": imported.owner_label}
        counts = {
            "downloads_total": max(row.downloads_total, imported.downloads),
            "downloads_recent": max(row.downloads_recent, sum(imported.recent.values())),
        }
        change.values = {key: value for key, value in (wanted | counts).items() if getattr(row, key) != value}
    return change


def _values(version: ImportedVersion, imported: Imported) -> dict[str, Any]:
    package = version.package
    said = facts(package)
    if version is imported.versions[-1] and imported.extra:
        said["imported"] = imported.extra
    published = version.published or now()
    return {
        **{column: getattr(package, column) for column in COLUMNS},
        "flat_name": f"{imported.name}-{package.version}",
        "channel": Channel.LISTED,
        "state": VersionState.SIGNED,
        "facts": orjson.loads(orjson.dumps(said)),
        "downloads": version.downloads,
        "created": published,
        "updated": published,
        "published": published,
    }


def _differing(values: dict[str, Any], known: Any) -> dict[str, Any]:
    """What is to be changed in a version that is there."""
    if known.deleted is not None:
        return {}
    found = {"downloads": values["downloads"]} if values["downloads"] > known.downloads else {}
    if known.upload_sha256 is None:
        found |= {key: values[key] for key in _COMPARED if values[key] != getattr(known, key)}
    return found


def _write(session: Session, change: _Change) -> None:
    connection, imported, row = session.connection(), change.imported, change.row
    if row is None:
        extension_id = connection.execute(
            insert(_EXTENSION).returning(_EXTENSION.c.id), _new_extension(imported)
        ).scalar_one()
    else:
        extension_id = row.id
    for values in change.altered:
        connection.execute(update(_VERSION).where(_VERSION.c.id == values["id"]), values)
    if change.values:
        connection.execute(update(_EXTENSION).where(_EXTENSION.c.id == extension_id), change.values)
    if change.new:
        connection.execute(
            insert(_VERSION), [values | {"extension_id": extension_id} for values in change.new]
        )
    _recent(connection, extension_id, imported)
    compatibility.assign(session, extension_id)
    visibility.refresh(session, extension_id, anew=any("facts" in values for values in change.altered))
    change.values["id"] = extension_id


def _new_extension(imported: Imported) -> dict[str, Any]:
    newest = imported.versions[-1]
    dates = [version.published for version in imported.versions if version.published]
    return {
        **visibility.presented(facts(newest.package)),
        "name": imported.name,
        "guid": imported.name,
        "skeleton": names.skeleton(imported.name),
        "format": newest.package.format,
        "origin": IMPORTED,
        "owner_label": imported.owner_label,
        "downloads_total": imported.downloads,
        "downloads_recent": sum(imported.recent.values()),
        "created": min(dates, default=now()),
        "updated": max(dates, default=now()),
    }


def _recent(connection: Connection, extension_id: int, imported: Imported) -> None:
    """Downloads of the last days, which are known of the extension only, count for its newest version."""
    if not imported.recent:
        return
    version_id = connection.scalar(
        select(Version.id).where(
            Version.extension_id == extension_id, Version.version == imported.versions[-1].package.version
        )
    )
    if version_id is None:
        return
    days = select(_DAY.c.day, _DAY.c["count"]).where(_DAY.c.version_id == version_id)
    known: dict[Any, int] = {day: count for day, count in connection.execute(days)}  # noqa: C416
    new, more = _split(imported.recent.items(), known)
    if new:
        connection.execute(
            insert(_DAY), [{"version_id": version_id, "day": day, "count": count} for day, count in new]
        )
    for day, count in more:
        where = (_DAY.c.version_id == version_id, _DAY.c.day == day)
        connection.execute(update(_DAY).where(*where).values(count=count))


def _split(days: Iterable[tuple[Any, int]], known: dict[Any, int]) -> tuple[list[Any], list[Any]]:
    """The days that are not known, and those with a higher count than is known."""
    days = list(days)
    return [item for item in days if item[0] not in known], [
        item for item in days if item[1] > known.get(item[0], item[1])
    ]
