"""Publisher teams. The registry's own team is not one: it is ``User.admin``."""

import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models.base import Base, BigId, now


class TeamRole(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


class Team(Base):
    """``name`` is its key in addresses; a team that was dissolved stays, so that nobody else gets its name."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(200), default="", server_default="")
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    dissolved: Mapped[datetime.datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(cascade="all, delete-orphan")


class Membership(Base):
    __tablename__ = "membership"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10), default=TeamRole.MEMBER)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class Invitation(Base):
    """An offer of membership; gone when it is accepted, declined or withdrawn."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("team_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(10), default=TeamRole.MEMBER)
    invited_by: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
