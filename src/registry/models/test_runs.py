"""Test results: how a version fared, in which run, on what; tied to the very bytes that were tested.

Anonymous results that name no version belong to none: their runs have no extension.
"""

import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base, BigId, now

ENVIRONMENT = ("host_app", "host_version", "os", "os_version", "arch", "locale", "runtime")
WORD = 64  # characters of a part of the environment


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    UPLOADING = "uploading"
    FINISHED = "finished"
    ERROR = "error"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        return self not in OPEN


OPEN = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.UPLOADING})


class RunSource(StrEnum):
    """Who vouches for a run: never merged, always shown."""

    OWNER = "owner"
    RUNNER = "runner"
    COMMUNITY = "community"
    ANONYMOUS = "anonymous"


class UploadState(StrEnum):
    QUEUED = "queued"
    STORED = "stored"
    REJECTED = "rejected"


_IS_OPEN = text("finished IS NULL")


class TestRun(Base):
    """One run of tests against one version. Its number is what the v1 API calls ``test_id``.

    ``deadline`` is when the server's clock will end it: not started in time, silent for too long, or too long at all.
    """

    __tablename__ = "test_run"
    __table_args__ = (
        # The list of a version's runs, newest first.
        Index("ix_test_run_version", "version_id", "id"),
        # The sweep: whose time is up.
        Index("ix_test_run_deadline", "deadline", postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
        # Those of a version that are open, and until when.
        Index("ix_test_run_open", "version_id", "deadline", postgresql_where=_IS_OPEN, sqlite_where=_IS_OPEN),
        # Those that an account has made.
        Index("ix_test_run_account", "created_by", "id"),
        # How many results a network sent without a name, and those that are due to be forgotten.
        Index(
            "ix_test_run_network",
            "network",
            "created",
            postgresql_where=text("source = 'anonymous'"),
            sqlite_where=text("source = 'anonymous'"),
        ),
        Index(
            "ix_test_run_anonymous",
            "created",
            postgresql_where=text("source = 'anonymous'"),
            sqlite_where=text("source = 'anonymous'"),
        ),
        # Numbers are addresses, so none is used again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    extension_id: Mapped[int | None] = mapped_column(ForeignKey("extension.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    # Of the served file, when the run was made.
    package_sha256: Mapped[str | None] = mapped_column(String(64))

    state: Mapped[str] = mapped_column(String(10), default=RunState.QUEUED)
    # What the results say, a `results.Outcome`; none while it is open, nor where nobody ever began.
    outcome: Mapped[str | None] = mapped_column(String(10))
    # Why it is in that state, for people.
    reason: Mapped[str | None] = mapped_column(Text)

    host_app: Mapped[str] = mapped_column(String(WORD), default="")
    host_version: Mapped[str] = mapped_column(String(WORD), default="")
    os: Mapped[str] = mapped_column(String(WORD), default="")
    os_version: Mapped[str] = mapped_column(String(WORD), default="")
    arch: Mapped[str] = mapped_column(String(WORD), default="")
    locale: Mapped[str] = mapped_column(String(WORD), default="")
    runtime: Mapped[str] = mapped_column(String(WORD), default="")

    source: Mapped[str] = mapped_column(String(10))
    # Anybody may report to it.
    tokenless: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    # Of who sent it without a name: a /24, or a /48 of IPv6.
    network: Mapped[str | None] = mapped_column(String(50))
    runner_label: Mapped[str | None] = mapped_column(String(100))
    # SHA-256 of the token of whoever runs it.
    token: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)

    created: Mapped[datetime.datetime] = mapped_column(default=now)
    started: Mapped[datetime.datetime | None]
    last_seen: Mapped[datetime.datetime | None]
    deadline: Mapped[datetime.datetime]
    finished: Mapped[datetime.datetime | None]
    # Seconds: how long it may be silent, and may take at all.
    silence: Mapped[int]
    most: Mapped[int]
    # How many of each it has; only results that could be read count as uploads.
    events: Mapped[int] = mapped_column(default=0)
    uploads: Mapped[int] = mapped_column(default=0)

    passed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    error: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    xfailed: Mapped[int] = mapped_column(default=0)
    xpassed: Mapped[int] = mapped_column(default=0)
    not_run: Mapped[int] = mapped_column(default=0)
    incomplete: Mapped[int] = mapped_column(default=0)
    # Seconds, of all tests together.
    duration: Mapped[float | None]
    # The results end in the middle, or list passes only.
    truncated: Mapped[bool] = mapped_column(default=False)
    pass_only: Mapped[bool] = mapped_column(default=False)
    # They came after the server's clock had ended the run.
    late: Mapped[bool] = mapped_column(default=False)
    # Taken back by who made it: it counts for nothing any more.
    withdrawn: Mapped[datetime.datetime | None]

    attempt: Mapped[int] = mapped_column(default=1)
    retry_of: Mapped[int | None] = mapped_column(ForeignKey("test_run.id"), index=True)
    # What the runner is told: which tests, and the owner's own words.
    tests: Mapped[dict[str, str]] = mapped_column(default=dict, deferred=True)
    extra: Mapped[dict[str, str]] = mapped_column(default=dict, deferred=True)


class TestEvent(Base):
    """Something that was said of a run, by its runner or by us (``kind``)."""

    __tablename__ = "test_event"
    __table_args__ = (Index("ix_test_event_run", "run_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"))
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    # None: the runner did not say.
    finished: Mapped[bool | None]
    error: Mapped[str | None] = mapped_column(Text)
    exit_code: Mapped[int | None] = mapped_column(BigId)
    done: Mapped[int | None] = mapped_column(BigId)
    total: Mapped[int | None] = mapped_column(BigId)
    created: Mapped[datetime.datetime] = mapped_column(default=now)


class TestUpload(Base):
    """A file of results as it was sent, kept here if it is small, or else in the store; ``final`` ends its run."""

    __tablename__ = "test_upload"
    __table_args__ = (
        UniqueConstraint("run_id", "sha256"),
        # Which files of the store are spoken of.
        Index("ix_test_upload_sha256", "sha256"),
        # Jobs go by the number.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigId)
    format: Mapped[str] = mapped_column(String(20))
    producer: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10), default=UploadState.STORED)
    error: Mapped[str | None] = mapped_column(Text)
    final: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime.datetime] = mapped_column(default=now)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class TestName(Base):
    """The name of a test, once for each extension; ``digest`` is its address, 16 bytes of BLAKE2b."""

    __tablename__ = "test_name"
    __table_args__ = (UniqueConstraint("extension_id", "digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    extension_id: Mapped[int | None] = mapped_column(ForeignKey("extension.id"))
    digest: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(1024))


class TestResult(Base):
    """What came of one test in one run; the worst, where it was told more than once."""

    __tablename__ = "test_result"
    __table_args__ = (
        # What needs a look; most tests pass.
        Index(
            "ix_test_result_trouble",
            "run_id",
            "status",
            "name_id",
            postgresql_where=text("status <> 'passed'"),
            sqlite_where=text("status <> 'passed'"),
        ),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"), primary_key=True, autoincrement=False)
    name_id: Mapped[int] = mapped_column(ForeignKey("test_name.id"), primary_key=True, autoincrement=False)
    # A `results.Status`.
    status: Mapped[str] = mapped_column(String(10))
    # Seconds, since 1970 and in all. These and the tags are plain numbers and text, because there are many rows.
    started: Mapped[float | None]
    duration: Mapped[float | None]
    # In one line.
    message: Mapped[str | None] = mapped_column(String(1024))
    # A JSON array.
    tags: Mapped[str | None] = mapped_column(Text)


class TestDetail(Base):
    """The long text of a result, such as a traceback; ``cut`` where it was longer."""

    __tablename__ = "test_detail"

    run_id: Mapped[int] = mapped_column(ForeignKey("test_run.id"), primary_key=True, autoincrement=False)
    name_id: Mapped[int] = mapped_column(ForeignKey("test_name.id"), primary_key=True, autoincrement=False)
    detail: Mapped[str] = mapped_column(Text)
    cut: Mapped[bool] = mapped_column(default=False)
