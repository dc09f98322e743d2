"""The pictures that an extension's owners send, arrange and take away; see ``pictures``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from registry.domain import events, locks, pictures, standing
from registry.domain.editing import MOST_LANGUAGES
from registry.domain.errors import Conflict, Invalid
from registry.models import Image, ImageRole, ImageState, table

_IMAGE = table(Image)


@dataclass(frozen=True, slots=True)
class Added:
    """``job_id`` is None when these bytes had been sent for this before."""

    image_id: int
    job_id: int | None


def add(session: Session, extension_id: int, actor_id: int, role: ImageRole, sha256: str, most: int) -> Added:
    """A picture that an owner has sent and that is in the store; a new icon takes the place of the one before.

    Raises Forbidden for whoever is no owner any more, Conflict when there are ``most`` screenshots.
    """
    own = _own(session, extension_id, actor_id, role)
    twin = next((row for row in own if row.source_sha256 == sha256), None)
    if twin is not None and twin.state != ImageState.FAILED:
        return Added(twin.id, None)
    # What failed can be sent again; of icons there is one to be shown and one to come.
    useless = [
        row for row in own if row is twin or (role == ImageRole.ICON and row.state != ImageState.READY)
    ]
    pictures.drop(session, [row.id for row in useless])
    own = [row for row in own if row not in useless]
    if role == ImageRole.SCREENSHOT and len(own) >= most:
        raise Conflict(f"There are {len(own)} screenshots, which is all there can be.", "TOO_MANY_PICTURES")
    position = max((row.position for row in own), default=-1) + 1
    added = pictures.create(session, extension_id, role, sha256, position=position)
    _tell(session, extension_id, actor_id, "sent", added[0])
    return Added(*added)


def change(
    session: Session,
    extension_id: int,
    image_id: int,
    actor_id: int,
    caption: Mapping[str, str | None] | None,
    position: int | None = None,
) -> None:
    """Texts of its caption by language (None takes one away, for the whole of it all), and its place among the
    screenshots, from 0 (None leaves it).

    Raises as ``remove`` does, and Invalid for too many languages.
    """
    row = _one(session, extension_id, image_id, actor_id)
    merged = {} if caption is None else {**row.caption, **caption}
    texts = {language: text for language, text in merged.items() if text is not None}
    if len(texts) > MOST_LANGUAGES:
        raise Invalid(f"At most {MOST_LANGUAGES} languages are allowed.", "TOO_MANY", "caption")
    session.execute(update(_IMAGE).where(_IMAGE.c.id == image_id), {"caption": texts})
    if position is not None:
        others = [
            other.id for other in _own(session, extension_id, actor_id, row.role) if other.id != image_id
        ]
        others.insert(position, image_id)
        for place, other in enumerate(others):
            session.execute(update(_IMAGE).where(_IMAGE.c.id == other), {"position": place})
    _tell(session, extension_id, actor_id, "changed", image_id)


def remove(session: Session, extension_id: int, image_id: int, actor_id: int) -> None:
    """The picture is gone; the package's own are shown again where it was the last.

    Raises Forbidden for whoever is no owner any more, Conflict for a picture of the package or one that is gone.
    """
    _one(session, extension_id, image_id, actor_id)
    pictures.drop(session, [image_id])
    _tell(session, extension_id, actor_id, "removed", image_id)


def _own(session: Session, extension_id: int, actor_id: int, role: str) -> list[Any]:
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    found = pictures.rows(session.connection(), extension_id)
    return [row for row in found if row.role == role and row.version_id is None]


def _one(session: Session, extension_id: int, image_id: int, actor_id: int) -> Any:
    row = session.execute(select(_IMAGE).where(_IMAGE.c.id == image_id)).one_or_none()
    own = _own(session, extension_id, actor_id, row.role) if row else []
    if row is not None and row.version_id is not None:
        raise Conflict(
            "This picture comes with the package: publish a version without it, or send another to be shown instead.",
            "PICTURE_OF_PACKAGE",
        )
    if image_id not in [each.id for each in own]:
        raise Conflict("This picture is gone.", "PICTURE_GONE")
    return row


def _tell(session: Session, extension_id: int, actor_id: int, what: str, image_id: int) -> None:
    changed = pictures.settle(session, extension_id)
    events.record(
        session,
        "extension.pictures",
        actor_id=actor_id,
        extension_id=extension_id,
        public=changed,
        what=what,
        image=image_id,
    )
