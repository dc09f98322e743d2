"""What happened, what is still to do, and how much there is: the event chain, background jobs, tallies."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"


class Job(Base):
    """Work promised to somebody. The row is the promise; the queue only says when to look at it."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        # The sweep: what is due, and whose lease has lapsed.
        Index("ix_job_due", "state", "next_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10), default=JobState.QUEUED)
    # Counts claims; the number of the newest is the fencing token.
    attempt: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(100))
    # When it may be (re)claimed: the due time while queued, the end of the lease while running.
    next_at: Mapped[datetime.datetime] = mapped_column(default=now)
    last_error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    updated: Mapped[datetime.datetime] = mapped_column(default=now)


class Event(Base):
    """One thing that happened; append-only, each row sealed by the hash of the one before it.

    Holds account ids, never names or mail addresses, so that an account can be forgotten.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_extension", "extension_id", "seq"),
        # The change feed; those without an extension changed several at once.
        Index(
            "ix_event_public",
            "extension_id",
            "seq",
            postgresql_where=text("public"),
            sqlite_where=text("public = 1"),
        ),
        Index("ix_event_actor", "actor_id", "seq"),
        # Which states an extension was in.
        Index(
            "ix_event_state",
            "extension_id",
            "seq",
            postgresql_where=text("kind = 'extension.state'"),
            sqlite_where=text("kind = 'extension.state'"),
        ),
    )

    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime.datetime] = mapped_column(default=now)
    kind: Mapped[str] = mapped_column(String(50))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    extension_id: Mapped[int | None] = mapped_column(ForeignKey("extension.id"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # What everybody sees of the extension, or of several, changed with it. Not sealed: it is for the change feed.
    public: Mapped[bool] = mapped_column(default=False)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class EventSubject(Base):
    """Whom an event is about, beside who did it: what somebody is told of themselves is found by this."""

    __tablename__ = "event_subject"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(
        ForeignKey("event.seq"), primary_key=True, autoincrement=False, index=True
    )


class Tally(Base):
    """How many there are of something, kept while it changes, because counting a million rows takes its time."""

    __tablename__ = "tally"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[int] = mapped_column(BigId)
