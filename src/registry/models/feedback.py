"""What users say of an extension: reviews and abuse reports."""

import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class ReportState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    UPHELD = "upheld"


class Review(Base):
    """One user's present opinion; a second one replaces it."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("extension_id", "user_id"),
        # An extension's reviews, the newest first.
        Index("ix_review_extension", "extension_id", "updated", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    rating: Mapped[int]
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)


class Report(Base):
    """One user's report of abuse. ``state_before`` is what a dismissal brings back."""

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_queue", "state", "id"),
        Index("ix_report_extension", "extension_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    reporter_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    reason: Mapped[str] = mapped_column(String(30))
    comment: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=ReportState.OPEN)
    state_before: Mapped[str | None] = mapped_column(String(20))
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    decided: Mapped[datetime.datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
