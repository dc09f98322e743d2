"""Results as JSON: CTRF, RefStack's list of passes, and our own.

    CTRF        {"reportFormat": "CTRF", "results": {"tool": {"name"}, "summary", "tests": [{"name", "status", ...}]}}
    RefStack    {"cpid", "duration_seconds", "results": [name or {"name", "uuid"}, ...]}
    ours        {"results": [{"id", "status", "duration", "started", "message", "detail", "tags"}, ...],
                 "duration", "tool"}

Durations are in seconds, CTRF's in milliseconds; times are ISO 8601, CTRF's milliseconds since 1970. Other keys are
passed over. Which of the three it is shows where the list is and in its first item.
"""

from datetime import UTC, datetime
from typing import Any

from registry.results.collecting import SEPARATOR, Collector
from registry.results.faults import Fault, without_nul
from registry.results.json_events import Value, walk
from registry.results.records import Format, Status
from registry.results.sources import Source

RESULTS = ("results",)
CTRF_TESTS = ("results", "tests")
OURS = {
    **{str(status): status for status in Status},
    "pass": Status.PASSED,
    "success": Status.PASSED,
    "fail": Status.FAILED,
    "failure": Status.FAILED,
    "skip": Status.SKIPPED,
    "xfail": Status.XFAILED,
    "xpass": Status.XPASSED,
}
CTRF = {
    "passed": Status.PASSED,
    "failed": Status.FAILED,
    "skipped": Status.SKIPPED,
    "pending": Status.SKIPPED,
    "other": Status.INCOMPLETE,  # neither passed nor failed, unless the tool's own word says more
}
# The tool's own words, where CTRF has none.
RAW = {
    "error": Status.ERROR,
    "broken": Status.ERROR,
    "xfail": Status.XFAILED,
    "xfailed": Status.XFAILED,
    "xpass": Status.XPASSED,
    "xpassed": Status.XPASSED,
}


def read(source: Source, collector: Collector) -> None:
    """All tests of a document into ``collector``; raises Fault."""
    reader = Reader(collector)
    for value in walk(source, collector, (RESULTS, CTRF_TESTS)):
        reader.take(value)
    reader.end()


class Reader:
    def __init__(self, collector: Collector):
        self._collector = collector
        self._listed = False
        self._sum = 0.0

    def take(self, value: Value) -> None:
        summary = self._collector.summary
        match value.place:
            case ("results",) | ("results", "tests") if value.number is None and value.value == []:
                self._listed = True
                if value.place == CTRF_TESTS:
                    summary.format = Format.CTRF
            case ("results",) if value.number is not None:
                self._item(value.number, value.value)
            case ("results", "tests") if value.number is not None:
                self._ctrf(value.number, value.value)
            case ("cpid",) if isinstance(value.value, str):
                summary.cpid = without_nul(value.value)[: self._collector.limits.tag_chars]
            case ("duration_seconds",) | ("duration",):
                summary.duration = self._collector.seconds(value.value, value.place[0], None)
            case ("tool",) | ("results", "tool", "name") if isinstance(value.value, str):
                summary.producer = without_nul(value.value)[: self._collector.limits.producer_chars]

    def end(self) -> None:
        if not self._listed:
            raise self._fault("There is no list of results: neither `results` nor `results.tests`.")
        if not self._collector.tests:
            raise self._fault("The list of results is empty.", "RESULTS_EMPTY")
        if self._collector.summary.duration is None:
            self._collector.summary.duration = self._sum

    def _item(self, number: int, item: Any) -> None:
        """An item of ``results``: the name of a test that passed, or one of ours with a status."""
        where = f"results[{number}]"
        ours = isinstance(item, dict) and "status" in item
        if number == 0 and not ours:
            self._collector.summary.format = Format.REFSTACK
        if ours != (self._collector.summary.format == Format.JSON):
            raise self._fault(
                f"{where}: All items must be alike: an object with a `status` each, or none with one."
            )
        if ours:
            self._ours(where, item)
        elif isinstance(item, str):
            self._add(where, item, Status.PASSED)
        elif isinstance(item, dict):
            uuid = self._text(where, item, "uuid")
            self._add(
                where, self._text(where, item, "name"), Status.PASSED, tags=(f"id-{uuid}",) if uuid else ()
            )
        else:
            raise self._fault(f"{where}: This should be the name of a test, or an object.")

    def _ours(self, where: str, item: dict[str, Any]) -> None:
        said = self._text(where, item, "status").lower()
        if said not in OURS:
            raise self._fault(f"{where}.status: {said[:40]!r} is none of {', '.join(Status)}.")
        self._add(
            where,
            self._text(where, item, "id") or self._text(where, item, "name"),
            OURS[said],
            started=self._moment(where, item.get("started")),
            duration=self._collector.seconds(item.get("duration"), f"{where}.duration", None),
            message=self._text(where, item, "message"),
            detail=self._text(where, item, "detail"),
            tags=self._tags(where, item),
        )

    def _ctrf(self, number: int, item: Any) -> None:
        where = f"results.tests[{number}]"
        if not isinstance(item, dict):
            raise self._fault(f"{where}: This should be an object.")
        said = self._text(where, item, "status")
        if said not in CTRF:
            raise self._fault(f"{where}.status: {said[:40]!r} is none of {', '.join(CTRF)}.")
        status = RAW.get(self._text(where, item, "rawStatus").lower(), CTRF[said])
        started, duration = item.get("start"), item.get("duration")
        self._add(
            where,
            self._ctrf_id(where, item),
            status,
            started=self._collector.seconds(_scaled(started), f"{where}.start", None),
            duration=self._collector.seconds(_scaled(duration), f"{where}.duration", None),
            message=self._text(where, item, "message"),
            detail=self._text(where, item, "trace"),
            tags=self._tags(where, item),
        )

    def _ctrf_id(self, where: str, item: dict[str, Any]) -> str:
        """The name behind those of its suites (a list, or one text), unless it holds them already."""
        name, suite = self._text(where, item, "name"), item.get("suite")
        suites = suite if isinstance(suite, list) else str(suite or "").split(SEPARATOR)
        path = [each for each in suites if isinstance(each, str) and each]
        if path and name.startswith(path[0]) and all(each in name for each in path):
            return name
        return SEPARATOR.join([*path, name])

    def _add(self, where: str, id: str, status: Status, duration: float | None = None, **more: Any) -> None:
        self._sum += duration or 0.0
        try:
            self._collector.add(id, status, duration=duration, **more)
        except Fault as fault:
            raise self._fault(f"{where}: {fault.reason}", fault.code) from None

    def _text(self, where: str, item: dict[str, Any], key: str) -> str:
        value = item.get(key)
        if value is not None and not isinstance(value, str):
            raise self._fault(f"{where}.{key}: This should be text.")
        return value or ""

    def _tags(self, where: str, item: dict[str, Any]) -> tuple[str, ...]:
        tags = item.get("tags") or []
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise self._fault(f"{where}.tags: This should be a list of texts.")
        return tuple(tags)

    def _moment(self, where: str, value: Any) -> float | None:
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
        except (TypeError, ValueError, OverflowError):
            raise self._fault(f"{where}.started: This should be a time as ISO 8601 writes it.") from None
        return self._collector.seconds(seconds, f"{where}.started", None)

    def _fault(self, reason: str, code: str = "RESULTS_MALFORMED") -> Fault:
        return self._collector.fault(reason, None, code)


def _scaled(milliseconds: Any) -> Any:
    """Milliseconds as seconds; what is no number stays what it is, to be refused."""
    return milliseconds / 1000 if type(milliseconds) in (int, float) else milliseconds
