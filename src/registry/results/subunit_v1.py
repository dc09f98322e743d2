"""Subunit version 1: lines of text, as stestr and testr keep them and as the first remote runners sent them.

    test: LABEL
    success: LABEL                    successful, failure, error, skip, xfail, uxsuccess likewise
    failure: LABEL [                  with a text up to a line `]`; in it ` ]` stands for `]`
    failure: LABEL [ multipart        with parts up to a line `]`, each of them
        Content-Type: TYPE / NAME / pieces, each behind its length in hexadecimal and CR LF, up to one of length 0
    time: ISO 8601    tags: a -b      of what comes next; tags of the open test alone, when there is one
    progress: +N

All else is text that the tests have printed. Only words with their colon are taken for the protocol. A result
belongs to a test that was begun and has had none; while one is open, a result of another is taken for something
that it prints. A test that is left open when the file ends is incomplete: nothing else tells a file that broke off.
"""

import re
from datetime import UTC, datetime

from registry.results.collecting import INCOMPLETE, LAST_SECOND, Collector, Test
from registry.results.lines import Lines
from registry.results.pieces import TEXT, bare
from registry.results.records import RANK, Status
from registry.results.sources import Source

RESULTS = {
    b"success": Status.PASSED,
    b"successful": Status.PASSED,
    b"failure": Status.FAILED,
    b"error": Status.ERROR,
    b"skip": Status.SKIPPED,
    b"xfail": Status.XFAILED,
    b"uxsuccess": Status.XPASSED,
}
BEGINS = (b"test", b"testing")
BRACKET = b" ["
MULTIPART = b" [ multipart"
PART = b"Content-Type:"
MEDIA_TYPE = re.compile(rb"\s*[\w.+-]+/[\w.+-]+\s*(;.*)?", re.DOTALL)
LENGTH = re.compile(rb"[0-9A-Fa-f]{1,8}")


def read(source: Source, collector: Collector) -> None:
    """All tests of a stream into ``collector``; raises Fault."""
    stream = Stream(Lines(source, collector), collector)
    while not stream.lines.ended:
        stream.line()
    if stream.lines.cut_off:
        collector.summary.truncated = "The file breaks off in the details of a result."
    elif stream.open:
        collector.summary.truncated = f"{len(stream.open)} tests were begun and have no result."


class Stream:
    """What is true at one place of the file: the time, the tags, and which tests are ``open``, by label."""

    def __init__(self, lines: Lines, collector: Collector):
        self.lines = lines
        self.open: dict[bytes, Test] = {}
        self._collector = collector
        self._seconds: float | None = None
        self._tags: set[str] = set()
        self._test_tags: set[str] = set()

    def line(self) -> None:
        """Takes the next line, and the details that belong to it."""
        offset = self.lines.offset
        line = self.lines.next()
        word, colon, rest = line.partition(b": ")
        if colon and word in BEGINS:
            self._begin(rest.strip(), offset)
        elif colon and word in RESULTS:
            self._result(RANK[RESULTS[word]], rest, line, offset)
        elif colon and word == b"time":
            self._time(rest, offset)
        elif colon and word == b"tags":
            self._change_tags(rest, offset)
        elif not (colon and word == b"progress"):
            self._stray(line, offset)

    def _begin(self, label: bytes, offset: int) -> None:
        test = self._collector.test(self._text(label, offset), offset)
        test.seen(INCOMPLETE, self._seconds)
        self.open[label] = test
        self._test_tags = set(self._tags)

    def _result(self, rank: int, rest: bytes, line: bytes, offset: int) -> None:
        label, details = rest.strip(), b""
        for opening in (BRACKET, MULTIPART):
            if label not in self.open and rest.endswith(opening):
                label, details = rest.removesuffix(opening).strip(), opening
        test = self.open.pop(label, None)
        if test is None:
            if not self.open:
                raise self._collector.fault(
                    "Here is the result of a test that was not begun. If this is what a test has printed, send it "
                    "apart from the stream.",
                    offset,
                    "NOT_BEGUN",
                )
            self._stray(line, offset)
            return
        test.seen(rank, self._seconds)
        if self._test_tags:
            test.tags = self._collector.tagged(tuple(sorted(self._test_tags)), offset)
        self._test_tags = set(self._tags)
        if details == BRACKET:
            for piece in self.lines.until_bracket():
                self._collector.attach(test, "", TEXT, piece.replace(b"\n ]\n", b"\n]\n"))
        elif details == MULTIPART:
            self._parts(test)

    def _parts(self, test: Test) -> None:
        while True:
            offset = self.lines.offset
            line = self.lines.next()
            if line == b"]":
                return
            if self.lines.ended:
                self.lines.cut_off = True
                return
            if not line.startswith(PART) or not MEDIA_TYPE.fullmatch(line.removeprefix(PART)):
                raise self._collector.fault("Here should be the Content-Type of a part, or `]`.", offset)
            media_type = bare(self._text(line.removeprefix(PART), offset))
            name = self._text(self.lines.next(), offset)
            self._part(test, name, media_type)

    def _part(self, test: Test, name: str, media_type: str) -> None:
        while not self.lines.ended:
            offset = self.lines.offset
            length = self.lines.next()
            if not LENGTH.fullmatch(length):
                raise self._collector.fault("Here should be the length of a piece, in hexadecimal.", offset)
            if not int(length, 16):
                return
            for piece in self.lines.take(int(length, 16)):
                self._collector.attach(test, name, media_type, piece)

    def _time(self, said: bytes, offset: int) -> None:
        try:
            time = datetime.fromisoformat(said.strip().decode("ascii"))
            seconds = time.replace(tzinfo=time.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            seconds = -1.0
        if not 0 <= seconds <= LAST_SECOND:
            raise self._collector.fault("This is no time as ISO 8601 writes it.", offset, "BAD_TIME")
        self._seconds = seconds

    def _change_tags(self, said: bytes, offset: int) -> None:
        tags = self._test_tags if self.open else self._tags
        for tag in self._text(said, offset).split():
            if tag.startswith("-"):
                tags.discard(tag[1:])
            else:
                tags.add(tag)
        self._collector.tagged(tuple(sorted(tags)), offset)

    def _stray(self, line: bytes, offset: int) -> None:
        self._collector.stray(len(line) + 1, offset)

    def _text(self, value: bytes, offset: int) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise self._collector.fault("A name here is not UTF-8.", offset) from None
