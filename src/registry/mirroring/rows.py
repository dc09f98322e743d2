"""An extension of another registry made rows, in one transaction; only what differs is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from registry.domain import compatibility, details, events, locks, names, visibility
from registry.domain.decisions import Reason
from registry.domain.yanking import OWNER, REGISTRY, YANKED
from registry.mirroring.files import Mirrored
from registry.mirroring.source import Detail, Refused, RemoteVersion
from registry.models import (
    Artifact,
    Blob,
    Channel,
    Event,
    Extension,
    ExtensionState,
    Version,
    VersionState,
    now,
    table,
)
from registry.packages.versions import parse_range

_EXTENSION, _VERSION, _ARTIFACT, _BLOB = map(table, (Extension, Version, Artifact, Blob))
_STRICTER = list(ExtensionState)
# Events by which the team here, or somebody who reported it, has a say.
_OWN_DECISIONS = ("extension.state", "report.filed", "report.decided")


def known_files(connection: Connection, origin: str, detail: Detail) -> dict[str, str | None]:
    """The versions that are here, with the SHA-256 of the signed file of each.

    Raises Refused when the name or the guid is an extension of somebody else's here.
    """
    row = _find(connection, origin, detail)
    if row is None:
        return {}
    rows = connection.execute(
        select(Version.version, Artifact.sha256)
        .outerjoin(Artifact, Artifact.version_id == Version.id)
        .where(Version.extension_id == row.id)
    )
    return {version: sha256 for version, sha256 in rows}  # noqa: C416 - rows are no pairs to mypy


def write(
    session: Session,
    origin: str,
    detail: Detail,
    versions: Sequence[RemoteVersion],
    files: Mapping[str, Mirrored],
) -> bool:
    """Make the extension what ``detail`` and ``versions`` say; ``files`` are those that are new, by version.

    Whether anything was different. Raises Refused.
    """
    locks.new_names(session)
    connection = session.connection()
    row = _find(connection, origin, detail, lock=True)
    changed = row is None
    if row is None:
        extension_id = connection.execute(
            insert(_EXTENSION).returning(_EXTENSION.c.id), _new(origin, detail)
        ).scalar_one()
    else:
        extension_id = row.id
        changed |= _change_extension(connection, row, detail)
    changed |= _write_versions(connection, extension_id, detail, versions, files)
    changed |= _show(connection, extension_id, detail)
    if changed:
        compatibility.assign(session, extension_id)
        visibility.refresh(session, extension_id, anew=True)
        events.record(
            session,
            "extension.mirrored",
            extension_id=extension_id,
            public=True,
            source=origin,
            files=len(files),
        )
    return changed


def set_state(session: Session, origin: str, name: str, state: ExtensionState) -> bool:
    """Follow the source, which shows nothing more of an extension; whether anything was different."""
    connection = session.connection()
    row = connection.execute(
        select(_EXTENSION).where(Extension.name == name, Extension.origin == origin).with_for_update()
    ).one_or_none()
    if row is None or (wanted := _state(connection, row, state)) == row.state:
        return False
    connection.execute(update(_EXTENSION).where(_EXTENSION.c.id == row.id).values(state=wanted))
    visibility.refresh(session, row.id)
    events.record(session, "extension.mirrored", extension_id=row.id, public=True, source=origin, files=0)
    return True


def _find(connection: Connection, origin: str, detail: Detail, *, lock: bool = False) -> Any:
    query = select(_EXTENSION).where((Extension.name == detail.name) | (Extension.guid == detail.guid))
    found = connection.execute(query.with_for_update() if lock else query).all()
    for row in found:
        if row.origin != origin:
            whose = f"is mirrored from {row.origin}" if row.origin else "was published here"
            raise Refused(f"{row.name} {whose}; it is left alone.")
        if (row.name, row.guid, row.format) != (detail.name, detail.guid, detail.format):
            raise Refused("It was another extension before, by its name, its guid or its format.")
    return found[0] if found else None


def _new(origin: str, detail: Detail) -> dict[str, Any]:
    return {
        **visibility.presented(detail.shown),
        "name": detail.name,
        "guid": detail.guid,
        "skeleton": names.skeleton(detail.name),
        "format": detail.format,
        "origin": origin,
        "state": detail.state,
        **_why(detail.state_reason, "state"),
        "hidden_by_owner": detail.hidden_by_owner,
        "owner_label": detail.owner_label,
        "downloads_total": detail.downloads_total,
        "created": detail.created,
        "updated": detail.created,
    }


def _change_extension(connection: Connection, row: Any, detail: Detail) -> bool:
    state = _state(connection, row, detail.state)
    wanted: dict[str, Any] = {
        "state": state,
        **(_why(detail.state_reason, "state") if state == detail.state else {}),
        "hidden_by_owner": detail.hidden_by_owner,
        "owner_label": detail.owner_label,
        "downloads_total": max(row.downloads_total, detail.downloads_total),
    }
    values = {key: value for key, value in wanted.items() if getattr(row, key) != value}
    if values:
        connection.execute(update(_EXTENSION).where(_EXTENSION.c.id == row.id), values)
    return bool(values.keys() - {"downloads_total"})  # counters make no change that is worth an event


def _state(connection: Connection, row: Any, state: ExtensionState) -> ExtensionState:
    """The source's state, or the one here if that is stricter and was decided here."""
    decided = select(Event.seq).where(Event.extension_id == row.id, Event.kind.in_(_OWN_DECISIONS)).limit(1)
    if connection.scalar(decided) is None:
        return state
    return max(state, ExtensionState(row.state), key=_STRICTER.index)


def _write_versions(
    connection: Connection,
    extension_id: int,
    detail: Detail,
    versions: Sequence[RemoteVersion],
    files: Mapping[str, Mirrored],
) -> bool:
    rows = connection.execute(select(_VERSION).where(Version.extension_id == extension_id))
    here = {row.version: row for row in rows}
    changed = False
    # What the team here has yanked stays so.
    yanked = select(Event.seq).where(Event.extension_id == extension_id, Event.kind == YANKED).limit(1)
    decided_here = connection.scalar(yanked) is not None
    newest = next((one.order_key for one in versions if one.version == detail.latest), None)
    for remote in versions:
        row, file = here.pop(remote.version, None), files.get(remote.version)
        # What the source does not offer as its latest is none here: there, the team holds it back.
        held = (
            not remote.prerelease
            and remote.yanked_by is None
            and (newest is None or remote.order_key > newest)
        )
        flags = {"held": held, "deleted": False}
        if row is None or row.blocked is None or not decided_here:
            flags |= {"yanked": remote.yanked_by == OWNER, "blocked": remote.yanked_by == REGISTRY}
        if row is None:
            values = _new_version(extension_id, detail, remote, file) | _moments(flags, remote.yanked_reason)
            _refuse_taken(connection, values["flat_name"])
            version_id = connection.execute(insert(_VERSION).returning(_VERSION.c.id), values).scalar_one()
        else:
            version_id = row.id
            differ = {key: on for key, on in flags.items() if (getattr(row, key) is not None) != on}
            values = _moments(differ, remote.yanked_reason)
            values |= {**file.columns, "facts": file.facts} if file else {}
            if values:
                connection.execute(update(_VERSION).where(_VERSION.c.id == row.id), values)
        if file is not None:
            _keep_file(connection, version_id, file)
        changed |= bool(values)
    for row in here.values():
        if row.deleted is None:
            connection.execute(update(_VERSION).where(_VERSION.c.id == row.id).values(deleted=now()))
            changed = True
    return changed


def _moments(flags: Mapping[str, bool], why: Reason | None) -> dict[str, Any]:
    values: dict[str, Any] = {key: now() if on else None for key, on in flags.items()}
    for key in flags.keys() & {"yanked", "blocked"}:
        values |= _why(why if flags[key] else None, key)
    return values


def _why(reason: Reason | None, what: str) -> dict[str, str | None]:
    """The columns that say why."""
    return {f"{what}_code": reason and reason.code, f"{what}_reason": reason and reason.text}


def _new_version(
    extension_id: int, detail: Detail, remote: RemoteVersion, file: Mirrored | None
) -> dict[str, Any]:
    low, high = parse_range(remote.api_range) if remote.api_range else (None, None)
    columns = {
        "version": remote.version,
        "order_key": remote.order_key,
        "prerelease": remote.prerelease,
        "api_range": remote.api_range,
        "api_min": low,
        "api_max": high,
    }
    since = detail.updated if remote.version == detail.latest else remote.created
    return {
        **(file.columns if file else columns),
        "extension_id": extension_id,
        "flat_name": f"{detail.name}-{remote.version}",
        "channel": Channel.LISTED,
        "state": VersionState.SIGNED,
        "facts": file.facts if file else detail.shown | {"description": {}},
        "created": remote.created,
        "updated": remote.created,
        "published": since,
    }


def _refuse_taken(connection: Connection, flat_name: str) -> None:
    if connection.scalar(select(Version.id).where(Version.flat_name == flat_name)) is not None:
        raise Refused(f"The file name {flat_name} stands for a version of another extension here.")


def _keep_file(connection: Connection, version_id: int, file: Mirrored) -> None:
    artifact = file.artifact
    before = connection.scalar(select(Artifact.sha256).where(Artifact.version_id == version_id))
    if before is not None:
        if before != artifact["sha256"]:
            raise Refused("A version has other bytes than before; those that are here stay.")
        return
    if (
        connection.scalar(select(Artifact.version_id).where(Artifact.serial == artifact["serial"]))
        is not None
    ):
        raise Refused(f"The certificate {artifact['serial']} has signed another file here.")
    if connection.scalar(select(Blob.sha256).where(Blob.sha256 == artifact["sha256"])) is None:
        connection.execute(insert(_BLOB), {"sha256": artifact["sha256"], "size": artifact["size"]})
    connection.execute(insert(_ARTIFACT), {"version_id": version_id, **artifact})


def _show(connection: Connection, extension_id: int, detail: Detail) -> bool:
    """The latest version says what the source shows, which its owner may have edited there."""
    row = connection.execute(
        select(Version.id, Version.facts).where(
            Version.extension_id == extension_id, Version.version == detail.latest
        )
    ).one_or_none()
    if row is None or detail.state == ExtensionState.DISABLED:  # of which the source shows less
        return False
    shown = {**row.facts, **detail.shown}
    if shown == row.facts:
        return False
    values = shown | details.made_of(shown)
    connection.execute(update(_VERSION).where(_VERSION.c.id == row.id).values(facts=values))
    return True
