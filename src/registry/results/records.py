"""What every format comes down to: one status per test, and what they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """What became of one test, from the best to the worst: of several results of one test the last here counts.

    ``not_run`` was announced and never started, ``incomplete`` started and never ended; ``xfailed`` failed as it
    was expected to, ``xpassed`` did not.
    """

    NOT_RUN = "not_run"
    INCOMPLETE = "incomplete"
    PASSED = "passed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    FAILED = "failed"
    ERROR = "error"


BY_RANK = tuple(Status)
RANK = {status: rank for rank, status in enumerate(Status)}


class Outcome(StrEnum):
    """What the results of a run say of a version.

    ``pass_only``: the format lists passes and nothing else, so what is missing proves nothing.
    ``unknown`` is for runs that end without results; no file of results comes to it.
    """

    PASSED = "passed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    NO_TESTS = "no_tests"
    PASS_ONLY = "pass_only"  # noqa: S105 (no password)
    UNKNOWN = "unknown"


class Format(StrEnum):
    SUBUNIT_V2 = "subunit-v2"
    SUBUNIT_V1 = "subunit-v1"
    JUNIT = "junit"
    CTRF = "ctrf"
    TAP = "tap"
    REFSTACK = "refstack"
    JSON = "json"


class Piece(NamedTuple):
    """Where a part of a text or a file is: ``offset`` of its data of ``size`` bytes."""

    name: str
    media_type: str
    offset: int
    size: int


class Attachment(NamedTuple):
    """A file that a test left. ``size`` in bytes; ``sha256`` is None where it was over a limit and is not kept."""

    name: str
    media_type: str
    size: int
    sha256: str | None
    pieces: tuple[Piece, ...]


class Result(NamedTuple):
    """One test: the worst of what was said of it; ``detail_cut`` says that more was sent.

    ``started`` in seconds since 1970, ``duration`` in seconds.
    """

    id: str
    status: Status
    started: float | None
    duration: float | None
    message: str
    detail: str
    detail_cut: bool
    tags: tuple[str, ...]
    attachments: tuple[Attachment, ...]


@dataclass(slots=True)
class Summary:
    """What a file says as a whole.

    ``counts`` has every status, by our own counting. ``truncated`` says in a sentence why the file is known to be
    a part only (a packet breaks off, a plan is not met), or is None. ``started`` is when the first test began;
    ``duration`` the seconds from then to the end of the last, or what the file says of itself. ``size`` is in
    unpacked bytes, of which ``stray_bytes`` belong to no packet or line of the format. ``producer`` is the tool that
    wrote the file, ``cpid`` the cloud that RefStack's clients name; each None where it is not said.
    """

    format: Format
    counts: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))
    started: datetime | None = None
    duration: float | None = None
    truncated: str | None = None
    stray_bytes: int = 0
    size: int = 0
    producer: str | None = None
    cpid: str | None = None

    @property
    def tests(self) -> int:
        return sum(self.counts.values())

    @property
    def outcome(self) -> Outcome:
        return outcome(
            self.counts, truncated=self.truncated is not None, pass_only=self.format == Format.REFSTACK
        )


def worst(*statuses: Status) -> Status:
    """The one that counts of several results of one test."""
    return max(statuses, key=RANK.__getitem__)


def outcome(counts: Mapping[Status, int], *, truncated: bool = False, pass_only: bool = False) -> Outcome:
    """What results with these counts come to; ``counts`` may leave out statuses that nobody has.

    A failure stays one in a run that was cut off. Skipped tests and expected failures alone are no tests.
    """

    def number(*statuses: Status) -> int:
        return sum(counts.get(status, 0) for status in statuses)

    if number(Status.FAILED, Status.ERROR, Status.XPASSED):
        return Outcome.FAILED
    if truncated or number(Status.INCOMPLETE, Status.NOT_RUN):
        return Outcome.INCOMPLETE
    if not number(Status.PASSED):
        return Outcome.NO_TESTS
    return Outcome.PASS_ONLY if pass_only else Outcome.PASSED
