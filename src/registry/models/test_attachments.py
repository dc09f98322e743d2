"""Files that tests left."""

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId


class TestAttachment(Base):
    """A file of one test in one run, kept here if it is small, or else in the store; without ``sha256`` nowhere."""

    __tablename__ = "test_attachment"

    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"), primary_key=True, autoincrement=False)
    name_id: Mapped[int] = mapped_column(ForeignKey("test_name.id"), primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigId)
    # Which files of the store are spoken of is asked by it.
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
