"""Whose turn it is to write to a SQLite file.

SQLite has one writer at a time, and whoever finds it busy sleeps and looks again, longer each time:
under load that starves a worker while the web processes write. So writers queue up in front of it, the
threads of a process at a lock and the processes at a lock on a file beside the database, which the
kernel hands on at once and takes back from whoever is killed.
"""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from weakref import WeakValueDictionary


class Turn:
    """A context held while writing; ``turn_for`` gives all of a process the same one for the same file."""

    def __init__(self, path: Path | None):
        self._path = path
        self._threads = threading.Lock()
        self._holder: int | None = None
        self._file: int | None = None
        self._pid = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._holder == me:
            raise RuntimeError("A write inside a write would wait for itself; make it part of the first.")
        self._threads.acquire()
        try:
            if self._path is not None:
                fcntl.flock(self._opened(self._path), fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise
        self._holder = me

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder = None
        try:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def __del__(self) -> None:
        if self._file is not None and self._pid == os.getpid():
            os.close(self._file)

    def _opened(self, path: Path) -> int:
        # A lock belongs to the open file, so a forked process that shared it would share the turn.
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file


_turns: WeakValueDictionary[Path, Turn] = WeakValueDictionary()


def turn_for(database: str | None) -> Turn:
    """The turn to write to this SQLite file; one in memory is its process's own."""
    if not database or database == ":memory:":
        return Turn(None)
    return _turns.setdefault(path := Path(f"{database}-turn").absolute(), Turn(path))
