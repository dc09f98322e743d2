"""What RefStack's clients send beyond results: whose public key signed them, and what they say of them."""

import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class PublicKey(Base):
    """A user's RSA key, as OpenSSH writes it without a comment; ``fingerprint`` is the SHA-256 of that text."""

    __tablename__ = "public_key"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class RefStackResult(Base):
    """A run whose results came by `/v1/results`. ``public``: shown to others than who sent it.

    The signature is over the bytes of the run's file; it is kept with its key, so that anybody can check it later.
    """

    __tablename__ = "refstack_result"
    __table_args__ = (
        Index("ix_refstack_result_public", "public", "run_id"),
        Index("ix_refstack_result_cpid", "cpid", "run_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"), primary_key=True, autoincrement=False)
    cpid: Mapped[str] = mapped_column(String(128))
    duration: Mapped[int] = mapped_column(BigId)
    # Hexadecimal digits.
    signature: Mapped[str | None] = mapped_column(Text)
    public_key: Mapped[str | None] = mapped_column(Text)
    public: Mapped[bool]
    meta: Mapped[dict[str, str]] = mapped_column(default=dict)
