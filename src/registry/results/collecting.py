"""All results of one file, merged while it is read: the worst of what is said of a test counts.

A test may be reported more than once (a failure in it, then a teardown that went well; two shards; parameters that
its tool does not name), so nothing is final before the end of the file.
"""

import re
from datetime import UTC, datetime

from registry.results.faults import Fault
from registry.results.limits import Limits
from registry.results.pieces import FIRST, MESSAGE, TEXT, Pieces
from registry.results.records import BY_RANK, RANK, Status, Summary

INCOMPLETE = RANK[Status.INCOMPLETE]
SEPARATOR = " > "  # between a test and what it is a part of, where its format knows of that
EVENTS_PER_RESULT = 4  # what one costs in time
LAST_SECOND = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
HALF_PAIR = re.compile("[\ud800-\udfff]")
# What unittest reports in place of the tests of a class or module whose setting up failed.
FIXTURE = re.compile(r"(setUpClass|tearDownClass|setUpModule|tearDownModule) \(")


class Test:
    """What is known of one test so far: ``started`` in seconds since 1970, ``duration`` in seconds."""

    __slots__ = ("duration", "id", "last", "pieces", "rank", "started", "tags")
    __test__ = False

    def __init__(self, id: str):
        self.id = id
        self.rank = 0
        self.started: float | None = None
        self.duration: float | None = None
        self.tags: tuple[str, ...] = ()
        self.last = FIRST
        self.pieces = 0

    def seen(self, rank: int, seconds: float | None) -> None:
        """Takes one event of a stream; the first one but the listing begins the test, one with a result ends it."""
        if rank > self.rank:
            self.rank = rank
        if seconds is not None and rank:
            if self.started is None:
                self.started = seconds
            elif rank > INCOMPLETE:
                self.duration = max(0.0, seconds - self.started)


class Collector:
    """Where the reader of a format puts what it finds.

    ``tests`` has them by id, in the order in which they first appeared. All methods raise Fault when a limit is
    passed; ``offset`` is where the reader is, for that message. ``count`` is to be called for each event.
    """

    def __init__(self, summary: Summary, pieces: Pieces, limits: Limits):
        self.summary = summary
        self.limits = limits
        self.tests: dict[str, Test] = {}
        self._pieces = pieces
        self._tags: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._events = 0

    def count(self, events: int, offset: int | None) -> None:
        """So many more packets, lines or elements have been read."""
        self._events += events
        if self._events > self.limits.events:
            raise self.fault("The file is made of too many small parts.", offset, "TOO_MANY_EVENTS")

    def stray(self, size: int, offset: int) -> None:
        """So many more bytes belong to no packet and no line of the protocol."""
        self.summary.stray_bytes += size
        if self.summary.stray_bytes > self.limits.stray_bytes:
            raise self.fault(
                f"More than {self.limits.stray_bytes} bytes of the file are other text. Send what the tests print "
                "apart from the stream.",
                offset,
                "TOO_MUCH_STRAY_TEXT",
            )

    def test(self, id: str, offset: int | None) -> Test:
        """The test of that id, which is new or has been seen before."""
        found = self.tests.get(id)
        if found is None:
            self._check(id, offset)
            found = self.tests[id] = Test(id)
        return found

    def add(
        self,
        id: str,
        status: Status,
        offset: int | None = None,
        *,
        started: float | None = None,
        duration: float | None = None,
        message: str = "",
        detail: str = "",
        tags: tuple[str, ...] = (),
    ) -> Test:
        """One finished test, for formats that tell it all at once."""
        self.count(EVENTS_PER_RESULT, offset)
        test = self.test(id, offset)
        test.rank = max(test.rank, RANK[status])
        if started is not None and (test.started is None or started < test.started):
            test.started = started
        if duration is not None:
            test.duration = min((test.duration or 0.0) + duration, LAST_SECOND)
        if tags:
            test.tags = self.tagged(tags, offset)
        if message:
            self.attach(test, "", MESSAGE, message.encode("utf-8", "replace"))
        if detail:
            self.attach(test, "", TEXT, detail.encode("utf-8", "replace"))
        return test

    def attach(self, test: Test, name: str, media_type: str, data: bytes) -> None:
        """A piece of a text or a file of a test. What comes after the most pieces is not kept."""
        if data and test.pieces <= self.limits.pieces:
            self.count(1, None)
            test.pieces += 1
            if test.pieces <= self.limits.pieces:
                test.last = self._pieces.add(test.last, name, media_type, data)

    def seconds(self, value: object, where: str, offset: int | None) -> float | None:
        """A duration or a time, in seconds; None for none. Refuses what is no number, negative, or without sense."""
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value <= LAST_SECOND:  # type: ignore[operator]
            raise self.fault(f"{where}: This should be a number of seconds, and not be negative.", offset)
        return float(value)  # type: ignore[arg-type]

    def tagged(self, tags: tuple[str, ...], offset: int | None) -> tuple[str, ...]:
        """Checked tags, sorted; the same tuple for the same tags, which most tests share."""
        known = self._tags.get(tags)
        if known is None:
            if len(tags) > self.limits.tags:
                raise self.fault(f"A test may have at most {self.limits.tags} tags.", offset, "TOO_MANY_TAGS")
            for tag in tags:
                if len(tag) > self.limits.tag_chars or not storable(tag):
                    raise self.fault(
                        f"A tag is text of at most {self.limits.tag_chars} characters without NUL.", offset
                    )
            known = tuple(sorted(set(tags)))
            if len(self._tags) < self.limits.pieces:
                self._tags[tags] = known
        return known

    def _check(self, id: str, offset: int | None) -> None:
        if len(self.tests) >= self.limits.tests:
            raise self.fault(f"A run may have at most {self.limits.tests} tests.", offset, "TOO_MANY_TESTS")
        if not id or id.isspace():
            raise self.fault("A test has no name.", offset, "TEST_ID_MISSING")
        if len(id) > self.limits.id_chars:
            said = f"The id of a test may have at most {self.limits.id_chars} characters; this one has {len(id)}."
            raise self.fault(said, offset, "TEST_ID_TOO_LONG")
        if not storable(id):
            raise self.fault("The id of a test holds a NUL or half of a surrogate pair.", offset)

    def fault(self, reason: str, offset: int | None, code: str = "RESULTS_MALFORMED") -> Fault:
        return Fault(reason, code=code, format=self.summary.format, offset=offset)

    def finish(self) -> None:
        """Counts; to be called once, when all is read."""
        ranks = [0] * len(BY_RANK)
        began: float | None = None
        ended = 0.0
        error, failed = RANK[Status.ERROR], RANK[Status.FAILED]
        for test in self.tests.values():
            rank, started = test.rank, test.started
            if rank == failed and FIXTURE.match(test.id):
                rank = test.rank = error
            ranks[rank] += 1
            if started is not None:
                if began is None or started < began:
                    began = started
                end = started + (test.duration or 0.0)
                if end > ended:
                    ended = end
        self.summary.counts = dict(zip(BY_RANK, ranks, strict=True))
        if began is not None:
            self.summary.started = moment(began)
            if self.summary.duration is None:
                self.summary.duration = ended - began


def storable(value: str) -> bool:
    """Whether any database takes this text: no NUL, and nothing that is no UTF-8."""
    return "\0" not in value and (value.isascii() or not HALF_PAIR.search(value))


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
