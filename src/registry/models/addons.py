"""What Mozilla's add-on clients send beside what every API has: uploads, and what is said of an add-on and a version.

An extension or a version that nobody has said anything of by that API has no such row.
"""

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now
from registry.models.extensions import Channel


class Upload(Base):
    """A package that was sent to be validated; a version once it has been submitted (``version_id``).

    ``tools`` names the validators that have to say something before it is processed, see `Validation`.
    """

    __tablename__ = "upload"
    __table_args__ = (
        # What somebody has sent, newest first.
        Index("ix_upload_user", "user_id", "id"),
        # What is to be forgotten, see `domain.uploads.forget`.
        Index("ix_upload_created", "created"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    channel: Mapped[str] = mapped_column(String(10), default=Channel.UNLISTED)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), index=True)
    size: Mapped[int] = mapped_column(BigId)
    tools: Mapped[list[Any]] = mapped_column(default=list)
    # What its manifest says, as far as that can be read.
    guid: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[str | None] = mapped_column(String(100))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class AddonDetail(Base):
    """Of an extension, beside what `Extension` has."""

    __tablename__ = "addon_detail"

    extension_id: Mapped[int] = mapped_column(
        ForeignKey("extension.id"), primary_key=True, autoincrement=False
    )
    support_email: Mapped[dict[str, str]] = mapped_column(default=dict)
    developer_comments: Mapped[dict[str, str]] = mapped_column(default=dict)
    contributions_url: Mapped[str | None] = mapped_column(String(2000))
    is_experimental: Mapped[bool] = mapped_column(default=False)
    requires_payment: Mapped[bool] = mapped_column(default=False)
    eula: Mapped[dict[str, str]] = mapped_column(default=dict)
    privacy_policy: Mapped[dict[str, str]] = mapped_column(default=dict)


class VersionDetail(Base):
    """Of a version, beside what `Version` has. Its licence is one of AMO's by ``license``, or has a text of its own.

    ``compatibility`` are the lowest and highest versions by application, where the manifest's do not count.
    ``approval_notes`` are for the registry's team alone, and so is what the package was built from: ``source_sha256``
    is of a file in the store, ``source_suffix`` says what kind of archive it is.
    """

    __tablename__ = "version_detail"
    __table_args__ = (
        # Whether a file in the store is wanted; few versions have one.
        Index(
            "ix_version_detail_source",
            "source_sha256",
            postgresql_where=text("source_sha256 IS NOT NULL"),
            sqlite_where=text("source_sha256 IS NOT NULL"),
        ),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True, autoincrement=False)
    license: Mapped[str | None] = mapped_column(String(50))
    license_name: Mapped[dict[str, str]] = mapped_column(default=dict)
    license_text: Mapped[dict[str, str]] = mapped_column(default=dict)
    release_notes: Mapped[dict[str, str]] = mapped_column(default=dict)
    approval_notes: Mapped[str | None] = mapped_column(Text)
    compatibility: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source_sha256: Mapped[str | None] = mapped_column(String(64))
    source_suffix: Mapped[str | None] = mapped_column(String(10))
