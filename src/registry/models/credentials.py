"""What proves who somebody is: tokens, API keys, sessions, and logins that are under way."""

import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class Token(Base):
    """A personal token; only its SHA-256 is kept. ``extensions`` None means any."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[list[Any]]
    extensions: Mapped[list[Any] | None]
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    expires: Mapped[datetime.datetime | None]
    used: Mapped[datetime.datetime | None]
    revoked: Mapped[datetime.datetime | None]
    # The token it was made with, which it does not outlive, or the trusted publisher it was made for.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("token.id"), index=True)
    trusted_publisher_id: Mapped[int | None] = mapped_column(ForeignKey("trusted_publisher.id"), index=True)


class ApiKey(Base):
    """A key whose holder signs short-lived JWTs; the secret is kept encrypted, since HMAC needs it back."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="", server_default="")
    key: Mapped[str] = mapped_column(String(100), unique=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    used: Mapped[datetime.datetime | None]
    revoked: Mapped[datetime.datetime | None]


class LoginSession(Base):
    """A login that lasts. Its secret is a browser's cookie, or the refresh token of a program; ``scopes`` None is all.

    ``previous`` is the secret before it was exchanged for the present one: who shows it has stolen it, or was robbed.
    """

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    # How it came about: the provider's name, or "device".
    origin: Mapped[str] = mapped_column(String(100))
    client: Mapped[str] = mapped_column(String(100), default="")
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    previous: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[list[Any] | None]
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    expires: Mapped[datetime.datetime] = mapped_column(index=True)
    used: Mapped[datetime.datetime | None]
    revoked: Mapped[datetime.datetime | None]


class DeviceState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class DeviceLogin(Base):
    """A program without a browser that waits for its user to approve it elsewhere (RFC 8628)."""

    __tablename__ = "device_login"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_code: Mapped[str] = mapped_column(String(20), unique=True)
    client: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default=DeviceState.PENDING)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    expires: Mapped[datetime.datetime] = mapped_column(index=True)
    polled: Mapped[datetime.datetime | None]
    # Seconds between two questions; grows each time the program does not wait for so long.
    interval: Mapped[int] = mapped_column(default=5, server_default="5")


class Spent(Base):
    """Something that counts once only and has been used: a login's state, the ``jti`` of an identity token."""

    __tablename__ = "spent"

    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires: Mapped[datetime.datetime] = mapped_column(index=True)
