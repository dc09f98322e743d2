"""The blob store: bytes under the SHA-256 of what they are.

A file comes in through a temporary one on the same file system; ``keep`` makes it durable (fsync),
moves it to its content address in one step and makes the name durable too. So a file that has a
content address is whole, for ever, and the same bytes are stored once. What a killed process leaves
behind is a temporary file or a file no row speaks of; ``collect`` finds both.
"""

import contextlib
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

# What has at most so many bytes costs less in a row of the database, for those who may put it there.
SMALL_BYTES = 64 * 1024


class TooLarge(Exception):
    """More bytes came than ``limit`` allows."""

    def __init__(self, limit: int):
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class Draft:
    """A temporary file being written: hashed on the way, gone unless it is kept.

    One that is small, of at most ``memory`` bytes, is in memory only until somebody asks for its path.
    """

    def __init__(self, folder: Path, limit: int | None, memory: int = 0):
        self.file: BinaryIO = io.BytesIO()
        self.size = 0
        self.limit = limit
        self._folder, self._memory = folder, memory
        self._path: Path | None = None
        self._hash = hashlib.sha256()
        if not memory:
            self._to_disk()

    @property
    def path(self) -> Path:
        return self._path or self._to_disk()

    @property
    def content(self) -> bytes | None:
        """What has been written, while it is in memory only."""
        return self.file.getvalue() if isinstance(self.file, io.BytesIO) else None

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append; raises TooLarge as soon as the limit is passed."""
        self.size += len(chunk)
        if self.limit is not None and self.size > self.limit:
            raise TooLarge(self.limit)
        if self._path is None and self.size > self._memory:
            self._to_disk()
        self._hash.update(chunk)
        self.file.write(chunk)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self.file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _to_disk(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self._folder)
        written, self._path, self.file = self.content or b"", Path(name), os.fdopen(handle, "w+b")
        self.file.write(written)
        self.file.flush()
        return self._path


class Storage(Protocol):
    """What the registry needs of a blob store."""

    def draft(
        self, limit: int | None = None, memory: int = 0
    ) -> contextlib.AbstractContextManager[Draft]: ...
    def keep(self, path: Path, sha256: str) -> None: ...
    def path(self, sha256: str) -> Path: ...
    def remove(self, sha256: str) -> None: ...
    def __contains__(self, sha256: str) -> bool: ...
    def collect(
        self, wanted: Callable[[list[str]], Iterable[str]], *, temporary_age: float, age: float
    ) -> int: ...


class FileStorage:
    """A folder: ``tmp/`` for what is coming in, ``ab/cdef…`` for what is kept."""

    def __init__(self, root: Path):
        self.root = root
        self._drafts = root / "tmp"
        self._drafts.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def draft(self, limit: int | None = None, memory: int = 0) -> Iterator[Draft]:
        """A new temporary file, on disk from ``memory`` bytes on; removed at the end unless ``keep`` has moved it."""
        with contextlib.closing(Draft(self._drafts, limit, memory)) as draft:
            yield draft

    def keep(self, path: Path, sha256: str) -> None:
        """Move the finished temporary file to its content address, durably."""
        target = self.path(sha256)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.chmod(0o644)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self.root)
        path.replace(target)
        _sync_folder(target.parent)

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256[2:]

    def remove(self, sha256: str) -> None:
        """Take a file away, if it is there; whoever has it open goes on reading."""
        self.path(sha256).unlink(missing_ok=True)

    def __contains__(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def collect(
        self, wanted: Callable[[list[str]], Iterable[str]], *, temporary_age: float, age: float
    ) -> int:
        """Remove temporary files older than ``temporary_age`` seconds and blobs older than ``age`` that nobody wants.

        ``wanted`` is given a list of digests and answers which of them a row still speaks of.
        Returns the number of files removed.
        """
        now = time.time()
        stale = [path for path in self._drafts.iterdir() if _age(path, now) > temporary_age]
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            old = [path for path in folder.iterdir() if _age(path, now) > age]
            if old:
                kept = set(wanted([folder.name + path.name for path in old]))
                stale += [path for path in old if folder.name + path.name not in kept]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)


def open_storage(url: str) -> Storage:
    """The store that ``url`` names: ``file:FOLDER``."""
    scheme, _, rest = url.partition(":")
    if scheme != "file" or not rest:
        raise ValueError(f"registry.storage is {url!r}; known is file:FOLDER")
    return FileStorage(Path(rest))


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
