"""What users say of an extension, reviews and abuse reports, and what becomes of it."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class ReportState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    UPHELD = "upheld"


class AppealState(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


def _open(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows only that wait for somebody."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))


class Review(Base):
    """One user's present opinion; a second one replaces it.

    What was deleted or is hidden counts in nothing and is not shown. The row stays, so that what a moderator has
    hidden does not come back with the next text.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("extension_id", "user_id"),
        # An extension's reviews, the newest first.
        Index("ix_review_extension", "extension_id", "updated", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    # What it was written of, where its author said that.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    rating: Mapped[int]
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)
    deleted: Mapped[datetime.datetime | None]
    hidden: Mapped[datetime.datetime | None]
    hidden_reason: Mapped[str | None] = mapped_column(Text)
    # What an owner of the extension says to it.
    reply: Mapped[str | None] = mapped_column(Text)
    replied: Mapped[datetime.datetime | None]
    replied_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)


class FormerReview(Base):
    """What a review said before it was replaced or deleted; for moderators."""

    __tablename__ = "former_review"
    __table_args__ = (Index("ix_former_review", "review_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"))
    rating: Mapped[int]
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    written: Mapped[datetime.datetime]
    ended: Mapped[datetime.datetime] = mapped_column(default=now)


class ReviewFlag(Base):
    """One user finds that a review should not stand here. ``settled`` is when a moderator had looked at it."""

    __tablename__ = "review_flag"
    __table_args__ = (
        UniqueConstraint("review_id", "user_id"),
        _open("ix_review_flag_open", "id", where="settled IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    settled: Mapped[datetime.datetime | None]


class Report(Base):
    """A report of abuse by a user, or by somebody without an account: that one hides nothing and waits for the team."""

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_queue", "state", "id"),
        Index("ix_report_extension", "extension_id", "state"),
        _open("uq_report_open", "extension_id", "reporter_id", where="state = 'open'", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    reason: Mapped[str] = mapped_column(String(30))
    comment: Mapped[str | None] = mapped_column(Text)
    # What the reporter's program said beside it, by Mozilla's names for it.
    context: Mapped[dict[str, Any] | None]
    # Where it can be seen.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    state: Mapped[str] = mapped_column(String(10), default=ReportState.OPEN)
    # The admin who looks into it.
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    claimed: Mapped[datetime.datetime | None]
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    decided: Mapped[datetime.datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    # What the team says to it; the reporter and the owners read it.
    answer: Mapped[str | None] = mapped_column(Text)


class ReportEvidence(Base):
    """What a reporter added to a report that was open still."""

    __tablename__ = "report_evidence"
    __table_args__ = (Index("ix_report_evidence", "report_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    reason: Mapped[str] = mapped_column(String(30))
    comment: Mapped[str | None] = mapped_column(Text)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Appeal(Base):
    """An owner disagrees with a decision of the team on the extension's state: once for each."""

    __tablename__ = "appeal"
    __table_args__ = (
        UniqueConstraint("extension_id", "decision"),
        Index("ix_appeal_queue", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    # The number of the event that the decision is.
    decision: Mapped[int] = mapped_column(ForeignKey("event.seq"))
    comment: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=AppealState.OPEN)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    decided: Mapped[datetime.datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answer: Mapped[str | None] = mapped_column(Text)
