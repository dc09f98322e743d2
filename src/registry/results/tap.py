r"""TAP, the Test Anything Protocol, versions 12 to 14.

    1..N                                         the plan, first or last; `1..0 # SKIP why` for none
    ok 1 - description # SKIP why                or `not ok`, `# TODO why`, `# time=5ms`
      --- ... ...                                YAML about the line above, between these two
    # Subtest: description                       names the indented lines that follow, which end with their own
        ok 1 - inner                             `ok` on the level above
    Bail out! why

A test's id is its description behind those of the tests it is a part of, with ` > ` between. A test with subtests
counts for itself only where it has failed and none of them did. A plan that is missing or not met makes a run
incomplete. Other lines are comments, or what the tests have printed.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from registry.results.collecting import SEPARATOR, Collector, Test
from registry.results.lines import Lines
from registry.results.pieces import MESSAGE, TEXT
from registry.results.records import RANK, Status
from registry.results.sources import Source

HEAD = re.compile(r"TAP version |pragma ")
POINT = re.compile(r"(not )?ok\b(?:\s+(\d{1,9})\b)?(?:\s+-)?(?:\s+(.*))?")
PLAN = re.compile(r"1\.\.(\d{1,9})\s*(?:#.*)?")
DIRECTIVE = re.compile(r"(?<!\\)#\s*(skip|todo)\S*\s*(.*)", re.IGNORECASE)
TIME = re.compile(r"\s#\s*time\s*=\s*([\d.]{1,15})\s*(ms|s)\b.*")
SUBTEST = re.compile(r"#\s*Subtest:\s*(.*)")
BAIL_OUT = re.compile(r"Bail out!\s*(.*)", re.IGNORECASE)
ESCAPE = re.compile(r"\\([\\#])")
DURATION = re.compile(r"\s*duration_ms:\s*(\d{1,12}(?:\.\d{1,12})?)\s*")
# Without the blanks around the text, which a regex would look for again and again.
REASON = re.compile(r"\s*(?:error|message):(.*)")
BLOCKS = ("", "|", "|-", "|+", ">", ">-", ">+")  # what stands where the text comes on lines of its own
INDENT = 4
FAILS = frozenset({Status.FAILED, Status.ERROR, Status.XPASSED})


@dataclass(slots=True)
class Level:
    """One level of nesting: the ``name`` that a comment gave it, its test points, and how many its plan wants."""

    name: str = ""
    points: int = 0
    planned: int | None = None
    failed: bool = False


def read(source: Source, collector: Collector) -> None:
    """All test points of a file into ``collector``; raises Fault."""
    report = Report(Lines(source, collector), collector)
    while not report.lines.ended:
        report.line()
    report.close(0)
    report.check_plan(0)


class Report:
    """What is true at one line: the levels of nesting, and the failed test that comments and YAML are about."""

    def __init__(self, lines: Lines, collector: Collector):
        self.lines = lines
        self._collector = collector
        self._levels = [Level()]
        self._last: Test | None = None
        self._after_point = False

    def line(self) -> None:
        """Takes the next line, with the YAML it may begin."""
        offset = self.lines.offset
        line = self._next()
        text = line.lstrip(" ")
        depth = (len(line) - len(text)) // INDENT
        after_point, self._after_point = self._after_point, False
        if point := POINT.fullmatch(text):
            self._point(point, depth, offset)
        elif plan := PLAN.fullmatch(text):
            self._level(depth, offset).planned = int(plan[1])
            self._last = None
        elif after_point and text.rstrip() == "---":
            self._yaml()
        elif subtest := SUBTEST.fullmatch(text):
            self._level(depth, offset)
            self.close(depth)
            self._level(depth + 1, offset).name = subtest[1].strip()
        elif bail := BAIL_OUT.fullmatch(text):
            self._collector.add("Bail out!", Status.ERROR, offset, message=bail[1])
        elif text.startswith("#"):
            self._say(line)
        elif not HEAD.match(text):
            self._collector.summary.stray_bytes += len(line) + 1
            self._say(line)

    def close(self, depth: int) -> Level | None:
        """Ends the levels below ``depth``; the first of them, if test points were on it."""
        inner = None
        while len(self._levels) - 1 > depth:
            inner = self._levels[-1]
            if inner.points or inner.planned:
                self.check_plan(len(self._levels) - 1)
            self._levels.pop()
            self._levels[-1].failed |= inner.failed
        return inner if inner and inner.points else None

    def check_plan(self, depth: int) -> None:
        level = self._levels[depth]
        if level.points != level.planned:
            wanted = (
                "No plan says how many there are to be"
                if level.planned is None
                else f"{level.planned} are planned"
            )
            self._collector.summary.truncated = f"{wanted}; the file has {level.points} tests."

    def _point(self, point: re.Match[str], depth: int, offset: int) -> None:
        level = self._level(depth, offset)
        inner = self.close(depth)
        level.points += 1
        self._last, self._after_point = None, True
        description, status, message, duration = _read(point)
        fails = status in FAILS
        if inner is None or (fails and not inner.failed):
            levels = self._levels[: depth + 1]
            path = [b.name or f"#{a.points + 1}" for a, b in pairwise(levels)]
            id = SEPARATOR.join([*path, description or f"#{point[2] or level.points}"])
            self._last = self._collector.add(id, status, offset, duration=duration, message=message)
        level.failed |= fails

    def _level(self, depth: int, offset: int) -> Level:
        if depth > self._collector.limits.depth:
            raise self._collector.fault(
                f"Subtests may be {self._collector.limits.depth} levels deep.", offset, "TOO_DEEP"
            )
        while len(self._levels) <= depth:
            self._levels.append(Level())
        return self._levels[depth]

    def _yaml(self) -> None:
        """What is said of the test point before, to the line `...`; kept of tests that did not pass."""
        test, said = self._last, ""
        while not self.lines.ended and (line := self._next()).strip() != "...":
            if test is None:
                continue
            self._say(line)
            if duration := DURATION.fullmatch(line):
                test.duration = float(duration[1]) / 1000
            elif said in BLOCKS and (reason := REASON.fullmatch(line)):
                said = reason[1].strip().strip("'\"")
            elif said and said in BLOCKS:
                said = line.strip()
        if said and test is not None and RANK[Status.PASSED] < test.rank:
            self._collector.attach(test, "", MESSAGE, said.encode())

    def _say(self, line: str) -> None:
        if self._last is not None and self._last.rank > RANK[Status.PASSED]:
            self._collector.attach(self._last, "", TEXT, f"{line}\n".encode())

    def _next(self) -> str:
        return self.lines.next().decode("utf-8", "replace").replace("\0", "\ufffd")


def _read(point: re.Match[str]) -> tuple[str, Status, str, float | None]:
    """The description, status, reason and duration in seconds that a test point says."""
    description, message, duration = point[3] or "", "", None
    status = Status.FAILED if point[1] else Status.PASSED
    if time := TIME.search(description):
        duration = _seconds(time[1], time[2])
        description = description[: time.start()]
    if directive := DIRECTIVE.search(description):
        message = directive[2].strip()
        description = description[: directive.start()]
        todo = Status.XFAILED if point[1] else Status.XPASSED
        status = Status.SKIPPED if directive[1].lower() == "skip" else todo
    return ESCAPE.sub(r"\1", description.strip()), status, message, duration


def _seconds(number: str, unit: str) -> float | None:
    try:
        return float(number) / (1000 if unit == "ms" else 1)
    except ValueError:  # "1.2.3"
        return None
