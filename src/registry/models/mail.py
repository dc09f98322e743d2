"""Mail: the address that an account has confirmed, and the messages that are to be sent."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class Digest(StrEnum):
    """How often an account is mailed what it has not read."""

    OFF = "off"
    HOURLY = "hourly"
    DAILY = "daily"


class MailAddress(Base):
    """Where an account has its mail: ``address`` once that has been confirmed, ``pending`` until then."""

    __tablename__ = "mail_address"
    __table_args__ = (
        Index("ix_mail_address_address", "address"),
        # Who is due for a digest.
        Index(
            "ix_mail_address_digest_at",
            "digest_at",
            postgresql_where=text("digest_at IS NOT NULL"),
            sqlite_where=text("digest_at IS NOT NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, autoincrement=False)
    address: Mapped[str | None] = mapped_column(String(254))
    pending: Mapped[str | None] = mapped_column(String(254))
    digest: Mapped[str] = mapped_column(String(10), default=Digest.DAILY)
    # When the next digest is due; null while there is nothing to tell.
    digest_at: Mapped[datetime.datetime | None]
    # The newest notification that has been in a digest.
    digested_id: Mapped[int] = mapped_column(BigId, default=0)
    changed: Mapped[datetime.datetime] = mapped_column(default=now)


class Mail(Base):
    """A message to one address: ``kind`` is its text, ``data`` what the text speaks of. A job sends it."""

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_to", "to", "id"), Index("ix_mail_created", "created"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    to: Mapped[str] = mapped_column(String(254))
    # The account that it is for, if it is for one.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[str] = mapped_column(String(50))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    sent: Mapped[datetime.datetime | None]
    # Why it will never be sent.
    error: Mapped[str | None] = mapped_column(Text)
