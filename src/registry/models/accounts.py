"""People: accounts, their logins elsewhere, and what they are told."""

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class User(Base):
    """An account. One that was deleted stays as a tombstone: it owns what it published, and nobody can log in to it."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(100), unique=True)
    admin: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    disabled: Mapped[datetime.datetime | None]
    deleted: Mapped[datetime.datetime | None]
    # SHA-256 of the name a deleted account had: nobody else gets it, and nobody can read it here.
    former: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)


class Identity(Base):
    """A login elsewhere. The key is the provider's own unchanging subject, never a name or a mail address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    provider: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(255))
    # What the login was called when it was last used; for people to read only.
    label: Mapped[str | None] = mapped_column(String(255))
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    used: Mapped[datetime.datetime | None]


class Notification(Base):
    """Something an account is told; ``kind`` and ``data`` as in the event it tells of."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_user", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(50))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    read: Mapped[datetime.datetime | None]
