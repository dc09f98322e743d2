"""Pictures of extensions: which there are, which of them are shown, and what becomes of one.

A picture comes with the version that is `latest`, or from an owner. Where an owner has sent an icon, or any
screenshot, those of the package are not shown. A picture is a row, a job (``MAKE``) that makes the files that are
served, and those files; what was sent is never served. ``Extension.images`` is what everybody sees of it all,
written anew with each change.

When another version becomes `latest`, its pictures take the place of those before: at once where the bytes are
the same, which makes no work, else when all of its own have been made; until then the old ones are shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from registry import queue
from registry.domain import events, locks
from registry.domain.errors import Conflict
from registry.models import Extension, Image, ImageFile, ImageRole, ImageState, Job, Version, table
from registry.packages.findings import Finding

MAKE = "image"

_IMAGE, _FILE, _EXTENSION = table(Image), table(ImageFile), table(Extension)
_ROWS = (
    select(_IMAGE)
    .where(_IMAGE.c.extension_id == bindparam("extension_id"))
    .order_by(_IMAGE.c.position, _IMAGE.c.id)
)
_ORDER = (
    select(Image.role, Image.path, Image.source_sha256, Version.upload_sha256, Extension.format)
    .join(Extension, Extension.id == Image.extension_id)
    .outerjoin(Version, Version.id == Image.version_id)
    .where(Image.id == bindparam("image_id"))
)
_NEW = insert(_IMAGE).returning(_IMAGE.c.id)
_NEW_FILE = insert(_FILE)
_SHOWN = select(_EXTENSION.c.images, _EXTENSION.c.latest_id).where(
    _EXTENSION.c.id == bindparam("extension_id")
)


@dataclass(frozen=True, slots=True)
class Order:
    """A picture to be made: the file ``path`` of a package, or an upload, whose SHA-256 it is."""

    role: str
    sha256: str
    path: str | None
    package_sha256: str | None
    format: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that was made and is in the store; ``name`` is what it is to its picture, see ``Image``."""

    name: str
    sha256: str
    suffix: str
    width: int
    height: int
    size: int


def order(connection: Connection, image_id: int) -> Order:
    """What is to be made. Raises Conflict when nobody wants it any more."""
    row = connection.execute(_ORDER, {"image_id": image_id}).one_or_none()
    if row is None:
        raise Conflict("The picture was removed before it was made.", "PICTURE_GONE")
    return Order(row.role, row.source_sha256, row.path, row.upload_sha256, row.format)


def follow(session: Session, extension_id: int, version_id: int, facts: Mapping[str, Any]) -> None:
    """That version is `latest` from now on; what changes is part of the caller's event."""
    locks.extension(session, extension_id)
    connection = session.connection()
    before = [row for row in rows(connection, extension_id) if row.version_id is not None]
    for role, position, path, sha256 in _named(facts):
        values = {"version_id": version_id, "position": position, "path": path}
        twin = next((row for row in before if (row.role, row.source_sha256) == (role, sha256)), None)
        if twin is not None:
            before.remove(twin)
            connection.execute(update(_IMAGE).where(_IMAGE.c.id == twin.id), values)
        else:
            create(session, extension_id, role, sha256, **values)
    settle(session, extension_id, version_id)


def create(session: Session, extension_id: int, role: str, sha256: str, **values: Any) -> tuple[int, int]:
    """A new picture that waits to be made: its number and its job's."""
    values |= {"extension_id": extension_id, "role": role, "source_sha256": sha256}
    image_id: int = session.connection().execute(_NEW, values).scalar_one()
    return image_id, queue.enqueue(session, MAKE, image_id)


def made(session: Session, image_id: int, files: Sequence[File]) -> None:
    """The files are in the store: from now on they are what is served. Raises Conflict, like ``order``."""
    row = _held(session, image_id)
    outputs: dict[str, Any] = {file.name: f"{file.sha256}.{file.suffix}" for file in files}
    if row.role == ImageRole.SCREENSHOT:
        outputs |= {"width": files[0].width, "height": files[0].height}
    connection = session.connection()
    connection.execute(
        update(_IMAGE).where(_IMAGE.c.id == image_id),
        {"state": ImageState.READY, "error": None, "outputs": outputs},
    )
    connection.execute(
        _NEW_FILE,
        [
            {"image_id": image_id, "sha256": file.sha256, "suffix": file.suffix, "size": file.size}
            for file in {file.sha256: file for file in files}.values()
        ],
    )
    if row.role == ImageRole.ICON and row.version_id is None:
        own = [other.id for other in rows(connection, row.extension_id) if _is_own_icon(other)]
        drop(session, [other for other in own if other < image_id])
    _tell(session, row.extension_id, "ready", image_id)


def again(session: Session, image_id: int) -> None:
    """Work on it has begun; after it was given up, somebody has asked for it once more."""
    session.connection().execute(
        update(_IMAGE).where(_IMAGE.c.id == image_id, _IMAGE.c.state == ImageState.FAILED),
        {"state": ImageState.QUEUED, "error": None},
    )


def given_up(session: Session, image_id: int, findings: Sequence[Finding]) -> None:
    """It cannot be made; its owner reads why. Nothing else is held back by it."""
    try:
        row = _held(session, image_id)
    except Conflict:
        return
    error = "; ".join(map(str, findings))
    session.connection().execute(
        update(_IMAGE).where(_IMAGE.c.id == image_id), {"state": ImageState.FAILED, "error": error}
    )
    _tell(session, row.extension_id, "failed", image_id)


def rows(connection: Connection, extension_id: int) -> list[Any]:
    """All pictures of an extension in their order, whatever they wait for."""
    return list(connection.execute(_ROWS, {"extension_id": extension_id}))


def drop(session: Session, image_ids: Collection[int]) -> None:
    """The pictures are gone, and with them their files and what was to be done; the store is tidied later."""
    if not image_ids:
        return
    connection = session.connection()
    connection.execute(delete(table(Job)).where(Job.kind == MAKE, Job.subject_id.in_(image_ids)))
    connection.execute(delete(_FILE).where(_FILE.c.image_id.in_(image_ids)))
    connection.execute(delete(_IMAGE).where(_IMAGE.c.id.in_(image_ids)))


def settle(session: Session, extension_id: int, latest_id: int | None = None) -> bool:
    """Let go of what no longer counts, and show what does; whether anything that is shown has changed."""
    connection = session.connection()
    shown = connection.execute(_SHOWN, {"extension_id": extension_id}).one()
    latest_id = latest_id or shown.latest_id
    found = rows(connection, extension_id)
    waiting = any(row.version_id == latest_id and row.state == ImageState.QUEUED for row in found)
    if not waiting:
        drop(session, [row.id for row in found if row.version_id not in (None, latest_id)])
        found = [row for row in found if row.version_id in (None, latest_id)]
    images = _images(found, latest_id)
    if images == shown.images:
        return False
    connection.execute(update(_EXTENSION).where(_EXTENSION.c.id == extension_id), {"images": images})
    session.expire_all()
    return True


def _named(facts: Mapping[str, Any]) -> list[tuple[str, int, str, str]]:
    """Role, position, path and SHA-256 of the pictures that a package names and that could be shown."""
    digests = facts.get("pictures") or {}
    named = [(ImageRole.ICON, facts.get("icon"))]
    named += [(ImageRole.SCREENSHOT, path) for path in facts.get("screenshots") or ()]
    return [
        (str(role), position, path, digests[path])
        for position, (role, path) in enumerate(named)
        if path is not None and path in digests
    ]


def _images(found: Sequence[Any], latest_id: int | None) -> dict[str, Any]:
    """The value of ``Extension.images``: an owner's own before the package's, the latest's before an older one's."""
    ready = sorted(
        (row for row in found if row.state == ImageState.READY),
        key=lambda row: (row.version_id is not None, row.version_id != latest_id),
    )
    icon = next((row for row in ready if row.role == ImageRole.ICON), None)
    screenshots = [row for row in ready if row.role == ImageRole.SCREENSHOT]
    if any(row.version_id is None for row in screenshots):
        screenshots = [row for row in screenshots if row.version_id is None]
    images: dict[str, Any] = {}
    if icon is not None:
        images["icons"] = icon.outputs
    if screenshots:
        images["screenshots"] = [{"id": row.id, **row.outputs, "caption": row.caption} for row in screenshots]
    return images


def _held(session: Session, image_id: int) -> Any:
    """The picture, with its extension's row locked, so that only one at a time decides what is shown."""
    of = select(_IMAGE).where(_IMAGE.c.id == image_id)
    row = session.execute(of).one_or_none()
    if row is not None:
        locks.extension(session, row.extension_id)
        row = session.execute(of).one_or_none()
    if row is None:
        raise Conflict("The picture was removed before it was made.", "PICTURE_GONE")
    return row


def _is_own_icon(row: Any) -> bool:
    return bool(row.role == ImageRole.ICON and row.version_id is None)


def _tell(session: Session, extension_id: int, what: str, image_id: int) -> None:
    changed = settle(session, extension_id)
    events.record(
        session, "extension.pictures", extension_id=extension_id, public=changed, what=what, image=image_id
    )
