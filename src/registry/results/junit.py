"""JUnit's XML, as every test tool writes it a little differently.

Every `testcase` counts, wherever it is; the numbers that suites say of themselves do not. Its id is `classname.name`,
or its name behind those of its suites, with ` > ` between, where no class is given (node's runner calls all `test`).
No document type is taken, so there are no entities to expand; depth, elements and the size of each are bounded.
"""

import re
from datetime import UTC, datetime
from xml.parsers import expat

from registry.results.collecting import SEPARATOR, Collector
from registry.results.faults import Fault
from registry.results.records import Status
from registry.results.sources import FEED, Source

ROOTS = ("testsuites", "testsuite")
RESULTS = ("failure", "error", "skipped")
OUTPUTS = ("system-out", "system-err")
NO_CLASS = ("", "test")
NOT_RUN = ("notrun", "disabled")  # what GoogleTest says of tests that are switched off
SECONDS = re.compile(r"[0-9,]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
TODO = "todo"  # node's type of `skipped`: of a test that fails, beside its `failure`, and of one that passes
# How pytest and unittest tell of a test that should have failed.
XPASS = re.compile(r"(Failed: )?(\[XPASS\(strict\)\]|unexpected success)", re.IGNORECASE)


def read(source: Source, collector: Collector) -> None:
    """All cases of a file into ``collector``; raises Fault."""
    document = Document(collector)
    for chunk in source:
        for start in range(0, len(chunk), FEED):
            document.feed(chunk[start : start + FEED])
    document.end()


class Case:
    """One `testcase` while it is read."""

    __slots__ = ("attributes", "message", "offset", "output", "results", "size", "texts", "types")

    def __init__(self, attributes: dict[str, str], offset: int):
        self.attributes = attributes
        self.offset = offset
        self.results: list[str] = []
        self.types: list[str] = []
        self.message = ""
        self.texts: list[str] = []
        self.output: list[str] = []
        self.size = 0


class Document:
    """The state of the parser: the suites and the case that it is in, and where text goes."""

    def __init__(self, collector: Collector):
        self._collector = collector
        self._depth = 0
        self._suites: list[str] = []
        self._case: Case | None = None
        self._text: list[str] | None = None
        self._seconds = 0.0
        self._fed = self._progress = 0
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes, final: bool = False) -> None:
        self._fed += len(chunk)
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise self._fault(
                f"This is no well-formed XML: {expat.ErrorString(error.code)}.", self._parser.ErrorByteIndex
            ) from None
        except (LookupError, ValueError):  # of the encoding that the document names
            raise self._fault("The encoding of this document is not known.", 0) from None
        if self._fed - self._progress > self._collector.limits.token_bytes:
            raise self._fault("A tag or comment is too long.", self._progress, "TOKEN_TOO_LONG")

    def end(self) -> None:
        self.feed(b"", final=True)
        if self._collector.summary.duration is None:
            self._collector.summary.duration = self._seconds

    def _doctype(self, *declared: object) -> None:
        raise self._fault("A document type is not taken: results need none.", code="DOCTYPE_REFUSED")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._progress = self._fed
        self._depth += 1
        self._collector.count(1, self._parser.CurrentByteIndex)
        if self._depth > self._collector.limits.depth:
            raise self._fault(f"Elements may be {self._collector.limits.depth} levels deep.", code="TOO_DEEP")
        if self._depth == 1:
            self._root(tag, attributes)
        self._text = None
        if tag == "testsuite":
            self._suites.append(attributes.get("name", ""))
        elif tag == "testcase":
            self._case = Case(attributes, self._parser.CurrentByteIndex)
        elif self._case is not None and tag in RESULTS:
            self._case.results.append(tag)
            self._case.types.append(attributes.get("type", ""))
            self._case.message = self._case.message or attributes.get("message", "")
            self._text = self._case.texts
        elif self._case is not None and tag in OUTPUTS:
            self._text = self._case.output

    def _end(self, tag: str) -> None:
        self._progress = self._fed
        self._depth -= 1
        self._text = None
        if tag == "testsuite":
            self._suites.pop()
        elif tag == "testcase" and self._case is not None:
            self._finish(self._case)
            self._case = None

    def _characters(self, text: str) -> None:
        self._progress = self._fed
        case = self._case
        if case is not None and self._text is not None and case.size <= self._collector.limits.detail_bytes:
            self._text.append(text)
            case.size += len(text)

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ROOTS:
            raise self._fault(f"JUnit's XML begins with <testsuites> or <testsuite>, not with <{tag[:40]}>.")
        self._collector.summary.started = _moment(attributes.get("timestamp", ""))
        self._collector.summary.duration = self._duration(attributes, self._parser.CurrentByteIndex)

    def _finish(self, case: Case) -> None:
        duration = self._duration(case.attributes, case.offset)
        self._seconds += duration or 0.0
        self._collector.add(
            self._id(case.attributes),
            _status(case),
            case.offset,
            duration=duration,
            message=case.message,
            detail="\n".join(
                filter(None, ("".join(case.texts).strip("\n"), "".join(case.output).strip("\n")))
            ),
        )

    def _id(self, attributes: dict[str, str]) -> str:
        name, class_name = attributes.get("name", ""), attributes.get("classname", "")
        if class_name in NO_CLASS:
            return SEPARATOR.join([*filter(None, self._suites), name])
        return f"{class_name}.{name}"

    def _duration(self, attributes: dict[str, str], offset: int) -> float | None:
        said = attributes.get("time", "").strip()
        if not said:
            return None
        seconds = float(said.replace(",", "")) if SECONDS.fullmatch(said) else -1.0
        return self._collector.seconds(seconds, f"time={said[:40]!r}", offset)

    def _fault(self, reason: str, offset: int | None = None, code: str = "RESULTS_MALFORMED") -> Fault:
        return self._collector.fault(
            reason, self._parser.CurrentByteIndex if offset is None else offset, code
        )


def _status(case: Case) -> Status:
    if "skipped" in case.results:
        if "failure" in case.results or any(type.endswith("xfail") for type in case.types):
            return Status.XFAILED
        return Status.XPASSED if TODO in case.types else Status.SKIPPED
    if "error" in case.results:
        return Status.ERROR
    if "failure" in case.results:
        return Status.XPASSED if XPASS.match(case.message) else Status.FAILED
    return Status.SKIPPED if case.attributes.get("status") in NOT_RUN else Status.PASSED


def _moment(said: str) -> datetime | None:
    """A suite's time stamp; without a zone it is as good as UTC."""
    try:
        moment = datetime.fromisoformat(said)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
