"""Whose an extension is: owners, an offer to hand it over, and the pipelines its owners trust."""

import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now


class OwnershipRole(StrEnum):
    OWNER = "owner"
    PUBLISHER = "publisher"


class Ownership(Base):
    """A user's or a publisher team's right: ``owner`` has all of an owner's rights, ``publisher`` only publishes."""

    __tablename__ = "ownership"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (team_id IS NULL)", name="one_holder"),
        UniqueConstraint("extension_id", "user_id"),
        UniqueConstraint("extension_id", "team_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    role: Mapped[str] = mapped_column(String(10), default=OwnershipRole.OWNER)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Transfer(Base):
    """An offer to hand an ownership over; gone when it is accepted, declined or withdrawn.

    ``from_…`` is the ownership that would change hands, ``to_…`` who would have it.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("(from_user_id IS NULL) <> (from_team_id IS NULL)", name="one_giver"),
        CheckConstraint("(to_user_id IS NULL) <> (to_team_id IS NULL)", name="one_receiver"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"), unique=True)
    from_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    from_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    to_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    to_team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    offered_by: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class TrustedPublisher(Base):
    """A CI workflow that may publish an extension without a stored secret, as the owner who named it.

    The numbers of repository and owner are learnt from the first identity token: a repository of the same name that
    somebody makes after the first was renamed or deleted has others.
    """

    __tablename__ = "trusted_publisher"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int] = mapped_column(ForeignKey("extension.id"), index=True)
    added_by: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    repository: Mapped[str] = mapped_column(String(255))
    workflow: Mapped[str] = mapped_column(String(255))
    environment: Mapped[str | None] = mapped_column(String(255))
    repository_id: Mapped[str | None] = mapped_column(String(50))
    repository_owner_id: Mapped[str | None] = mapped_column(String(50))
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    used: Mapped[datetime.datetime | None]
    removed: Mapped[datetime.datetime | None]
