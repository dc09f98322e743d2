"""Extensions, their owners and versions, and the bytes behind a version."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models.base import Base, BigId, now
from registry.models.ownership import Ownership


class ExtensionState(StrEnum):
    ACTIVE = "active"
    UNLISTED = "unlisted"
    PENDING_DISABLE = "pending_disable"
    DISABLED = "disabled"


class VersionState(StrEnum):
    RECEIVED = "received"
    VALIDATING = "validating"
    QUEUED = "queued"
    SIGNING = "signing"
    SIGNED = "signed"
    FAILED = "failed"
    DEAD = "dead"

    @property
    def final(self) -> bool:
        """No worker will change it any more."""
        return self in (VersionState.SIGNED, VersionState.FAILED, VersionState.DEAD)


class Channel(StrEnum):
    LISTED = "listed"
    UNLISTED = "unlisted"


def _offered(name: str, *columns: str) -> Index:
    """An index of the extensions on offer only."""
    return Index(name, *columns, postgresql_where=text("listed"), sqlite_where=text("listed = 1"))


class Extension(Base):
    """One extension. ``listed`` and ``latest_id`` are derived by ``domain.visibility`` at every change."""

    __tablename__ = "extension"
    __table_args__ = (
        # The catalogue: what is offered, in the order of its pages.
        _offered("ix_extension_browse", "name"),
        # The same in other orders.
        _offered("ix_extension_downloads", "downloads_total", "id"),
        _offered("ix_extension_recent", "downloads_recent", "id"),
        _offered("ix_extension_rating", "rating_score", "id"),
        _offered("ix_extension_updated", "updated", "id"),
        Index(
            "ix_extension_owner_label",
            "owner_label",
            postgresql_where=text("owner_label IS NOT NULL"),
            sqlite_where=text("owner_label IS NOT NULL"),
        ),
        # The blocklist and the takedown document.
        Index(
            "ix_extension_disabled",
            "name",
            postgresql_where=text("state = 'disabled'"),
            sqlite_where=text("state = 'disabled'"),
        ),
        # What the registry's team has decided about.
        Index(
            "ix_extension_managed",
            "state",
            "name",
            postgresql_where=text("state <> 'active'"),
            sqlite_where=text("state <> 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    guid: Mapped[str] = mapped_column(String(255), unique=True)
    skeleton: Mapped[str] = mapped_column(String(100), index=True)
    format: Mapped[str] = mapped_column(String(30))

    state: Mapped[str] = mapped_column(String(20), default=ExtensionState.ACTIVE)
    # Why it is in that state: one of `domain.decisions.CODES`, and a text.
    state_code: Mapped[str | None] = mapped_column(String(30))
    state_reason: Mapped[str | None] = mapped_column(Text)
    hidden_by_owner: Mapped[bool] = mapped_column(default=False)
    listed: Mapped[bool] = mapped_column(default=False)
    # It has been in what everybody reads, offered or flagged as disabled: when it goes, that is news.
    ever_shown: Mapped[bool] = mapped_column(default=False)
    latest_id: Mapped[int | None] = mapped_column(
        ForeignKey("version.id", use_alter=True, name="fk_extension_latest_id_version")
    )

    default_locale: Mapped[str] = mapped_column(String(35), default="en")
    title: Mapped[dict[str, str]] = mapped_column(default=dict)
    summary: Mapped[dict[str, str]] = mapped_column(default=dict)
    description: Mapped[dict[str, str]] = mapped_column(default=dict)
    homepage: Mapped[dict[str, str]] = mapped_column(default=dict)
    support_url: Mapped[dict[str, str]] = mapped_column(default=dict)
    categories: Mapped[list[Any]] = mapped_column(default=list)
    keywords: Mapped[list[Any]] = mapped_column(default=list)
    author: Mapped[dict[str, Any] | None]
    languages: Mapped[list[Any]] = mapped_column(default=list)
    # Names of the fields above that the owner has edited: a later publish leaves them alone.
    edited: Mapped[list[Any]] = mapped_column(default=list)
    theme: Mapped[bool] = mapped_column(default=False)
    license: Mapped[str | None] = mapped_column(String(200))
    api_limit: Mapped[str | None] = mapped_column(String(100))
    # Who owned it where it was imported from; for people to read, it gives no right.
    owner_label: Mapped[str | None] = mapped_column(String(200))
    # Where it is from: None when it was published here, `IMPORTED`, or the address of a registry that is mirrored.
    origin: Mapped[str | None] = mapped_column(String(300))

    # Pictures as they are served, made of `Image` rows: `icons` by width in pixels, and `screenshots`, each with
    # `id`, `full` and `thumbnail` (SHA-256 and suffix), `width`, `height` and `caption`.
    images: Mapped[dict[str, Any]] = mapped_column(default=dict)

    # How many reviews there are at each number of stars, [1, 2, 3, 4, 5].
    rating_counts: Mapped[list[Any]] = mapped_column(default=lambda: [0, 0, 0, 0, 0])
    # Their mean, drawn towards the usual one while they are few (Bayesian, see `domain.reviews`); 0 without any.
    rating_score: Mapped[float] = mapped_column(default=0.0)
    # Clients and days, see `DownloadDay`: ever, and in the last seven days.
    downloads_total: Mapped[int] = mapped_column(BigId, default=0)
    downloads_recent: Mapped[int] = mapped_column(BigId, default=0)
    # The number of the last event that changed what everybody sees of it; None before there is anything to see.
    changed: Mapped[int | None] = mapped_column(BigId, index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)
    # Its owners have ended it, see `domain.removal`: the name and the id stay taken.
    deleted: Mapped[datetime.datetime | None]

    latest: Mapped["Version | None"] = relationship(foreign_keys=[latest_id], post_update=True)
    ownerships: Mapped[list[Ownership]] = relationship(cascade="all, delete-orphan")


# The `origin` of what came out of a registry.json; it may get an owner here.
IMPORTED = "import"


class Version(Base):
    """One version for ever: its number is never given to other bytes, not even after deletion."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("extension_id", "version"),
        # `latest`, and an extension's versions in order.
        Index("ix_version_order", "extension_id", "order_key"),
        # The same as they came.
        Index("ix_version_newest", "extension_id", "id"),
        # What somebody has submitted.
        Index("ix_version_submitted", "submitted_by", "id"),
        # What waits for its tests.
        Index(
            "ix_version_held",
            "extension_id",
            postgresql_where=text("held_reason IS NOT NULL"),
            sqlite_where=text("held_reason IS NOT NULL"),
        ),
        # The blocklist.
        Index(
            "ix_version_blocked",
            "extension_id",
            postgresql_where=text("blocked IS NOT NULL"),
            sqlite_where=text("blocked IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    version: Mapped[str] = mapped_column(String(100))
    # Bytewise order is the order of versions within one format.
    order_key: Mapped[bytes] = mapped_column(LargeBinary(400))
    # name-version, which flat file URLs consist of; unique across the whole site.
    flat_name: Mapped[str] = mapped_column(String(201), unique=True)
    channel: Mapped[str] = mapped_column(String(10), default=Channel.LISTED)
    state: Mapped[str] = mapped_column(String(12), default=VersionState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[Any]] = mapped_column(default=list)

    upload_sha256: Mapped[str | None] = mapped_column(ForeignKey("blob.sha256"), index=True)
    prerelease: Mapped[bool] = mapped_column(default=False)
    api_range: Mapped[str | None] = mapped_column(String(500))
    api_min: Mapped[str | None] = mapped_column(String(100))
    api_max: Mapped[str | None] = mapped_column(String(100))
    requires_restart: Mapped[bool] = mapped_column(default=False)
    # The range of host versions it may run on: its own and the extension's limit.
    compatibility_id: Mapped[int | None] = mapped_column(ForeignKey("compatibility.id"), index=True)
    # What the package says of itself, see `domain.publishing.facts`.
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    # Clients and days, ever; `DownloadDay` has them by day.
    downloads: Mapped[int] = mapped_column(BigId, default=0)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)
    # When everybody could first have it.
    published: Mapped[datetime.datetime | None]
    # Taken back by its owners, or by the registry's team (``blocked``), see `domain.yanking`.
    yanked: Mapped[datetime.datetime | None]
    yanked_code: Mapped[str | None] = mapped_column(String(30))
    yanked_reason: Mapped[str | None] = mapped_column(Text)
    blocked: Mapped[datetime.datetime | None]
    blocked_code: Mapped[str | None] = mapped_column(String(30))
    blocked_reason: Mapped[str | None] = mapped_column(Text)
    # Not to be `latest` yet: as the registry that is mirrored says, or until its tests have passed (``held_reason``,
    # see `domain.test_gate`).
    held: Mapped[datetime.datetime | None]
    held_reason: Mapped[str | None] = mapped_column(Text)
    deleted: Mapped[datetime.datetime | None]

    extension: Mapped[Extension] = relationship(foreign_keys=[extension_id])
    artifact: Mapped["Artifact | None"] = relationship(back_populates="version")


class Blob(Base):
    """Bytes in the store, found by what they are."""

    __tablename__ = "blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigId)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Verdict(StrEnum):
    """What a validator said. Only ``passed`` lets a package be signed; ``unknown`` does not."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Validation(Base):
    """What one tool found in one blob."""

    __tablename__ = "validation"
    __table_args__ = (UniqueConstraint("sha256", "tool"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    tool: Mapped[str] = mapped_column(String(50))
    verdict: Mapped[str] = mapped_column(String(10), default=Verdict.UNKNOWN)
    findings: Mapped[list[Any]] = mapped_column(default=list)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Artifact(Base):
    """The signed file of a version: the only bytes that are ever served for it."""

    __tablename__ = "artifact"

    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), index=True)
    size: Mapped[int] = mapped_column(BigId)
    key_id: Mapped[str] = mapped_column(String(64), index=True)
    serial: Mapped[str] = mapped_column(String(64), unique=True)
    content_digest: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime.datetime] = mapped_column(default=now)

    version: Mapped[Version] = relationship(back_populates="artifact")
