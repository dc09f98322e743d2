"""A file of results as lines, and as what stands between lines; never more of it in memory than a line or a chunk."""

from collections.abc import Iterator

from registry.results.collecting import Collector
from registry.results.sniffing import BOM
from registry.results.sources import Source


class Lines:
    """A cursor in the file; ``offset`` is where it stands, ``ended`` whether all is read, and ``cut_off`` whether it
    did so where it may not.

    Methods raise Fault for a line that is too long, and for too many of them.
    """

    def __init__(self, source: Source, collector: Collector):
        self._chunks = iter(source)
        self._collector = collector
        self._buffer = b""
        self._at = 0
        self._base = 0
        self.cut_off = False
        self._more()
        if self._buffer.startswith(BOM):
            self._at = len(BOM)

    @property
    def offset(self) -> int:
        return self._base + self._at

    @property
    def ended(self) -> bool:
        return self._at == len(self._buffer) and not self._more()

    def next(self) -> bytes:
        """The next line without its end (LF or CRLF); b"" also at the end of the file."""
        at = self._at
        end = self._buffer.find(b"\n", at)
        while end < 0:
            size = len(self._buffer) - at
            if size > self._collector.limits.token_bytes:
                raise self._collector.fault("A line is too long.", self.offset, "LINE_TOO_LONG")
            if not self._more():
                end = len(self._buffer)
                break
            at = self._at
            end = self._buffer.find(b"\n", at + size)
        line = self._buffer[at:end]
        self._collector.count(1, self.offset)
        self._at = min(end + 1, len(self._buffer))
        return line[:-1] if line.endswith(b"\r") else line

    def until_bracket(self) -> Iterator[bytes]:
        """What stands before the next line that is `]` and nothing else, in pieces; takes that line, too."""
        if self._peek(2).startswith(b"]\n"):
            self._at += 2
            return
        while True:
            end = self._buffer.find(b"\n]\n", self._at)
            if end >= 0:
                yield self._buffer[self._at : end + 1]
                self._at = end + 3
                return
            end = max(self._at, len(self._buffer) - 2)
            yield self._buffer[self._at : end]
            self._at = end
            if not self._more():
                yield self._buffer[self._at :].removesuffix(b"]")
                self.cut_off = not self._buffer.endswith(b"]")
                self._at = len(self._buffer)
                return

    def take(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes in pieces; fewer where the file ends."""
        while size and not self.ended:
            piece = self._buffer[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def _peek(self, size: int) -> bytes:
        while len(self._buffer) - self._at < size and self._more():
            pass
        return self._buffer[self._at : self._at + size]

    def _more(self) -> bool:
        chunk = next(self._chunks, b"")
        self._buffer = self._buffer[self._at :] + chunk
        self._base += self._at
        self._at = 0
        return bool(chunk)
