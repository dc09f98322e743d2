"""Files of test results: read once, strictly, whatever tool has written them.

``read_results`` takes an open file in any of the formats of ``READERS``, tells which one from its first bytes, and
gives ``Results``: a summary, and one record for each test. It streams: memory grows with the number of tests, not
with what they say. Files that are not as their format wants them are refused with a ``Fault``; what was cut off is
taken, and says so.
"""

from collections.abc import Callable, Iterator
from types import TracebackType

from registry.results import json_formats, junit, subunit_v1, subunit_v2, tap
from registry.results.collecting import Collector
from registry.results.faults import Fault
from registry.results.limits import ANONYMOUS_LIMITS, DEFAULT_LIMITS, Limits
from registry.results.pieces import FIRST, Pieces, Said
from registry.results.records import (
    BY_RANK,
    Attachment,
    Format,
    Outcome,
    Result,
    Status,
    Summary,
    outcome,
    worst,
)
from registry.results.sniffing import recognise, sniff
from registry.results.sources import Readable, Source

__all__ = [
    "ANONYMOUS_LIMITS",
    "DEFAULT_LIMITS",
    "Attachment",
    "Fault",
    "Format",
    "Limits",
    "Outcome",
    "Result",
    "Results",
    "Status",
    "Summary",
    "outcome",
    "read_results",
    "sniff",
    "worst",
]

READERS: dict[Format, Callable[[Source, Collector], None]] = {
    Format.SUBUNIT_V2: subunit_v2.read,
    Format.SUBUNIT_V1: subunit_v1.read,
    Format.JUNIT: junit.read,
    Format.TAP: tap.read,
    Format.JSON: json_formats.read,  # which tells CTRF and RefStack's apart
}
# Unless somebody says otherwise, a test that has failed says why in the last line of its traceback.
SAYS_WHY = frozenset({Status.FAILED, Status.ERROR, Status.SKIPPED, Status.XFAILED})


class Results:
    """What a file of results says. Use as a context, or close it: what tests left lies in a temporary file.

    ``summary`` is known at once. Iterating makes each test's ``Result`` in turn, in the order in which the file
    first speaks of them, unless ``make`` has made them; ``content`` gives the bytes of an attachment whose ``sha256``
    is known.
    """

    def __init__(self, collector: Collector, pieces: Pieces):
        self.summary = collector.summary
        self._collector = collector
        self._pieces = pieces
        self._made: list[Result] | None = None

    def __enter__(self) -> "Results":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._pieces.close()

    @property
    def has_files(self) -> bool:
        """Whether any test may have left an attachment."""
        return self._pieces.has_files

    def __len__(self) -> int:
        return len(self._collector.tests)

    def make(self) -> None:
        """Have all results in memory, for those who must not take long when they want them."""
        self._made = list(self)

    def __iter__(self) -> Iterator[Result]:
        return self._making() if self._made is None else iter(self._made)

    def _making(self) -> Iterator[Result]:
        limits, nothing = self._collector.limits, Said()
        room, left = limits.attachments_bytes, limits.attachments
        for test in self._collector.tests.values():
            status, said, attachments = BY_RANK[test.rank], nothing, nothing.attachments
            message = ""
            if test.last != FIRST:
                said = self._pieces.said(test.last, room)
                attachments = said.attachments[:left]
                room -= sum(attachment.size for attachment in attachments if attachment.sha256)
                left -= len(attachments)
                message = said.message or (said.reason[: limits.message_chars] if status in SAYS_WHY else "")
            yield Result(
                test.id,
                status,
                test.started,
                test.duration,
                message,
                said.detail,
                said.detail_cut,
                test.tags,
                attachments,
            )

    def content(self, attachment: Attachment) -> bytes:
        return self._pieces.content(attachment)


def read_results(file: Readable, limits: Limits = DEFAULT_LIMITS) -> Results:
    """All results in an open binary file, packed with gzip or not, from where it stands to its end.

    Raises Fault, and OSError when the file cannot be read.
    """
    source = Source(file, limits)
    summary = Summary(recognise(source.head()))
    pieces = Pieces(limits)
    try:
        collector = Collector(summary, pieces, limits)
        READERS[summary.format](source, collector)
        summary.size = source.size
        collector.finish()
    except BaseException:
        pieces.close()
        raise
    return Results(collector, pieces)
