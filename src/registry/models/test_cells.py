"""How versions fared, counted by what they were tested on, and what their owners want of that."""

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, now
from registry.models.test_runs import WORD

# SQL, as the indexes have it.
HAS_PASSED = text("newest_outcome = 'passed' AND provenance IN ('owner', 'runner')")


class TestCell(Base):
    """How often a version was run on a host version and platform, and what came of it, by who vouches for it.

    The matrix is read from these rows; ``domain.test_cells`` keeps them with every run that ends. Results of other
    bytes than the ones that are served stand in rows of their own. A platform on which some runs passed and some
    failed is mixed, which is read off the counts.
    """

    __tablename__ = "test_cell"
    __table_args__ = (
        # Extensions by what they were tested on: what `domain.test_cells` calls TRUSTED, and passed last.
        Index(
            "ix_test_cell_tested",
            "host_app",
            "host_version",
            "os",
            "version_id",
            postgresql_where=HAS_PASSED,
            sqlite_where=HAS_PASSED,
        ),
        Index(
            "ix_test_cell_os",
            "os",
            "version_id",
            postgresql_where=HAS_PASSED,
            sqlite_where=HAS_PASSED,
        ),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True, autoincrement=False)
    # A RunSource, or "tokenless".
    provenance: Mapped[str] = mapped_column(String(10), primary_key=True)
    package_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    host_app: Mapped[str] = mapped_column(String(WORD), primary_key=True)
    host_version: Mapped[str] = mapped_column(String(WORD), primary_key=True)
    os: Mapped[str] = mapped_column(String(WORD), primary_key=True)
    arch: Mapped[str] = mapped_column(String(WORD), primary_key=True)
    locale: Mapped[str] = mapped_column(String(WORD), primary_key=True)
    passed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    incomplete: Mapped[int] = mapped_column(default=0)
    pass_only: Mapped[int] = mapped_column(default=0)
    newest_run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"), index=True)
    newest_outcome: Mapped[str] = mapped_column(String(10))
    newest: Mapped[datetime.datetime]


class TestPolicy(Base):
    """What must have passed before a version of the extension becomes `latest`, see `domain.test_gate.Policy`."""

    __tablename__ = "test_policy"

    extension_id: Mapped[int] = mapped_column(
        ForeignKey("extension.id"), primary_key=True, autoincrement=False
    )
    passing: Mapped[int] = mapped_column(default=0)
    hosts: Mapped[list[Any]] = mapped_column(default=list)
    os: Mapped[list[Any]] = mapped_column(default=list)
    no_regression: Mapped[bool] = mapped_column(default=False)
    changed: Mapped[datetime.datetime] = mapped_column(default=now)
