"""What readers get beside the rows of extensions: compatibility, downloads, images, and documents made in advance."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class Compatibility(Base):
    """A range of versions of a host that some extension's versions run on; there are few, so each is tried once."""

    __tablename__ = "compatibility"
    __table_args__ = (UniqueConstraint("host", "range"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    host: Mapped[str] = mapped_column(String(30))
    # A package's range has at most 256 characters; a limit in each alternative makes it longer.
    range: Mapped[str] = mapped_column(String(4000))


class DownloadDay(Base):
    """How many clients fetched a version on a day (UTC)."""

    __tablename__ = "download_day"
    __table_args__ = (Index("ix_download_day", "day"),)

    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True, autoincrement=False)
    day: Mapped[datetime.date] = mapped_column(Date, primary_key=True)
    count: Mapped[int] = mapped_column(BigId, default=0)


class DownloadSeen(Base):
    """A client that has been counted for a version on a day; ``client`` says who it was to nobody."""

    __tablename__ = "download_seen"

    day: Mapped[datetime.date] = mapped_column(Date, primary_key=True)
    version_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    client: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class ImageRole(StrEnum):
    ICON = "icon"
    SCREENSHOT = "screenshot"


class ImageState(StrEnum):
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"


class Image(Base):
    """A picture of an extension. What was sent is never served: ``outputs`` are made of it.

    ``outputs`` of an icon are files (SHA-256 and suffix) by their width in pixels; of a screenshot the files
    ``full`` and ``thumbnail``, and the ``width`` and ``height`` of the former.
    """

    __tablename__ = "image"
    __table_args__ = (
        Index("ix_image_extension", "extension_id", "role", "position"),
        # Addresses and jobs go by the number, so it is never used again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    role: Mapped[str] = mapped_column(String(12))
    position: Mapped[int] = mapped_column(default=0)
    # Where it came from: the file ``path`` in a version's package, or an owner's upload (None), which is kept.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"), index=True)
    path: Mapped[str | None] = mapped_column(String(300))
    source_sha256: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(10), default=ImageState.QUEUED)
    error: Mapped[str | None] = mapped_column(Text)
    outputs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    caption: Mapped[dict[str, str]] = mapped_column(default=dict)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Detail(Base):
    """What of an extension only its detail shows, made when it is published or edited: see ``domain.details``."""

    __tablename__ = "detail"

    extension_id: Mapped[int] = mapped_column(
        ForeignKey("extension.id"), primary_key=True, autoincrement=False
    )
    # The description as safe HTML, by language.
    description_html: Mapped[dict[str, str]] = mapped_column(default=dict)
    # `version`, `date` and `description` of the latest changes.
    changes: Mapped[list[Any]] = mapped_column(default=list)
    # Of the latest version.
    permissions: Mapped[list[Any]] = mapped_column(default=list)
    dependencies: Mapped[dict[str, str]] = mapped_column(default=dict)
    peer_dependencies: Mapped[dict[str, str]] = mapped_column(default=dict)


class ImageFile(Base):
    """A file that was made of a picture: what has no such row is never served as one."""

    __tablename__ = "image_file"

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    suffix: Mapped[str] = mapped_column(String(5))
    size: Mapped[int]


class CatalogueEntry(Base):
    """An extension's part of each whole document, ready to be put together; None where it has none."""

    __tablename__ = "catalogue_entry"

    extension_id: Mapped[int] = mapped_column(
        ForeignKey("extension.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # `Extension.changed` of the rows it was made of.
    changed: Mapped[int] = mapped_column(BigId)
    brackets: Mapped[bytes | None] = mapped_column(LargeBinary)
    popularity: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The extension's counts of downloads that they show.
    downloads_total: Mapped[int] = mapped_column(BigId, default=0)
    downloads_recent: Mapped[int] = mapped_column(BigId, default=0)
    listing: Mapped[bytes | None] = mapped_column(LargeBinary)
    list: Mapped[bytes | None] = mapped_column(LargeBinary)


class Document(Base):
    """A whole document as it is served, made in the background. ``seq`` is the last event that it shows.

    ``serial`` rises with each change of its content, and is part of the documents that are signed.
    """

    __tablename__ = "document"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    seq: Mapped[int] = mapped_column(BigId)
    serial: Mapped[int] = mapped_column(BigId, default=0)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    size: Mapped[int] = mapped_column(BigId)
    gzip_sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    gzip_size: Mapped[int] = mapped_column(BigId)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    built: Mapped[datetime.datetime] = mapped_column(default=now)
    expires: Mapped[datetime.datetime | None]


class SiteState(Base):
    """Something that holds for the whole site, by name: maintenance mode, how far a mirror has come."""

    __tablename__ = "site_state"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)
