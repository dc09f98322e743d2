"""Webhooks: addresses that are told of events, and what they were told."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class WebhookState(StrEnum):
    """``pending`` until its address has answered the challenge; ``removed`` while deliveries still name it."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class Webhook(Base):
    """Of an extension, of a publisher team (for the extensions that it owns), or else of the site (for all)."""

    __tablename__ = "webhook"
    __table_args__ = (
        # Those of an extension; of the site where both are null.
        Index("ix_webhook_extension", "extension_id", "team_id"),
        Index("ix_webhook_team", "team_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int | None] = mapped_column(ForeignKey("extension.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    url: Mapped[str] = mapped_column(String(2000))
    # Types, as in `domain.deliveries.TYPES`.
    events: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default=WebhookState.PENDING)
    # Why it is disabled, for people.
    reason: Mapped[str | None] = mapped_column(Text)
    # Sealed with the site's secret; the one before counts for a day.
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    former: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_until: Mapped[datetime.datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    # Since when nothing has arrived; null while things do.
    failing_since: Mapped[datetime.datetime | None]


class Delivery(Base):
    """One message to one webhook; its job says how often it was tried, and what went wrong."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_webhook", "webhook_id", "id"),
        Index("ix_delivery_created", "created"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    # Names the message, however often it is sent.
    message: Mapped[str] = mapped_column(String(50))
    type: Mapped[str] = mapped_column(String(50))
    event_seq: Mapped[int | None] = mapped_column(ForeignKey("event.seq"))
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    # The status of the newest answer, and when it was one of success.
    status: Mapped[int | None]
    delivered: Mapped[datetime.datetime | None]
