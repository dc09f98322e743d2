"""The packages of imported versions: fetched, gated as any upload is, and left to the worker to sign.

A version without a package stays as it is, listed; so does one whose zip file the gate refuses or whose
manifest speaks of something else. What has a package is never fetched again.
"""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from registry import queue
from registry.client import ClientError
from registry.domain import events, leaks, locks, visibility
from registry.domain.publishing import facts, store_verdict
from registry.domain.validation import SIGN
from registry.fetching import Fetcher
from registry.importing.notes import Done, Note
from registry.models import IMPORTED, Database, Extension, Ownership, Version, table
from registry.packages import Limits, Options, Package, PackageRefused, read_package
from registry.storage import Draft, Storage, TooLarge

# Where the zip files of Brackets and of Phoenix Code lie; 0 is the name, 1 the version.
SHAPES = ("{0}/{0}-{1}.zip", "{0}-{1}.zip")
_BATCH = 200

_VERSION = table(Version)
_WAITING = (
    select(Version.id, Version.version, Version.api_range, Extension.name)
    .join(Extension, Extension.id == Version.extension_id)
    .where(
        Extension.origin == IMPORTED,
        ~select(Ownership.id).where(Ownership.extension_id == Extension.id).exists(),
        Version.upload_sha256.is_(None),
        Version.deleted.is_(None),
    )
)


class Source(Protocol):
    """Where packages come from."""

    def fetch(self, name: str, version: str, draft: Draft) -> bool:
        """Write the zip file to ``draft``; False when there is none. Raises ClientError, OSError, TooLarge."""


class Folder:
    """A folder with the zip files, in one of the SHAPES."""

    def __init__(self, path: Path):
        self.path = path

    def fetch(self, name: str, version: str, draft: Draft) -> bool:
        for shape in SHAPES:
            path = self.path / shape.format(name, version)
            if path.is_file():
                with path.open("rb") as file:
                    shutil.copyfileobj(file, draft)
                return True
        return False


class Site:
    """An address: with ``{0}`` for the name and ``{1}`` for the version, or one below which the SHAPES are tried."""

    def __init__(self, url: str):
        self._fetcher = Fetcher(url.partition("{")[0].rstrip("/") if "{0}" in url else url)
        base = self._fetcher.base
        self._shapes: Sequence[str] = [url] if "{0}" in url else [f"{base}/{shape}" for shape in SHAPES]

    def fetch(self, name: str, version: str, draft: Draft) -> bool:
        for shape in self._shapes:
            url = shape.replace("{0}", name).replace("{1}", version)
            if self._fetcher.into(url, draft.write, _limit(draft)):
                self._shapes = [shape]  # the others are of the same shape
                return True
        return False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version without a package."""

    version_id: int
    name: str
    version: str
    api_range: str | None


@dataclass
class Collector:
    """Fetches packages from ``source`` into the registry."""

    database: Database
    storage: Storage
    source: Source
    limits: Limits
    options: Options

    def waiting(self, names: Sequence[str]) -> Iterator[Waiting]:
        """The imported versions of these extensions that have no package."""
        for start in range(0, len(names), _BATCH):
            with self.database.read() as connection:
                rows = connection.execute(
                    _WAITING.where(Extension.name.in_(names[start : start + _BATCH])).order_by(Version.id)
                ).all()
            for row in rows:
                yield Waiting(row.id, row.name, row.version, row.api_range)

    def collect(self, waiting: Waiting) -> tuple[int | None, list[Note]]:
        """Take in the package of a version: the id of its signing job, None if there is none; and notes.

        Raises ClientError when the source does not answer as it should.
        """

        def note(done: Done, message: str) -> Note:
            return Note(waiting.name, done, message, "package", waiting.version)

        with self.storage.draft(self.limits.wire_bytes) as draft:
            try:
                if not self.source.fetch(waiting.name, waiting.version, draft):
                    return None, [note(Done.NOTED, "There is no zip file; the version has no package.")]
                draft.file.flush()
                package = read_package(draft.path, self.limits, self.options)
            except TooLarge as error:
                return None, [note(Done.LEFT_OUT, f"The zip file is {error}.")]
            except PackageRefused as refused:
                return None, [note(Done.LEFT_OUT, str(finding)) for finding in refused.findings]
            if objection := self._objection(package, waiting):
                return None, [note(Done.LEFT_OUT, objection)]
            self.storage.keep(draft.path, draft.sha256)
            job_id = self.database.write(attach, waiting.version_id, package, draft.sha256, draft.size)
        notes = [note(Done.NOTED, str(finding)) for finding in package.warnings]
        if package.api_range != waiting.api_range:
            said = (
                f"The package says {package.api_range or 'nothing'} of its range; that of the entry was kept."
            )
            notes.append(note(Done.NOTED, said))
        return job_id, notes

    def _objection(self, package: Package, waiting: Waiting) -> str | None:
        if (package.name, package.version) != (waiting.name, waiting.version):
            return f"The package says it is {package.name} {package.version}."
        with self.database.read() as connection:
            if package.tokens and leaks.live_tokens(connection, package.tokens):
                return "The package holds a token of this registry that is still good."
        return None


def attach(session: Session, version_id: int, package: Package, sha256: str, size: int) -> int | None:
    """Give an imported version its package, which the store has: the id of its signing job.

    None when it has one by now, or its extension an owner. Its range stays what the registry it came from made of it.
    """
    connection = session.connection()
    version = _lock(session, connection, version_id)
    if version is None:
        return None
    store_verdict(connection, package, sha256, size)
    said = orjson.loads(orjson.dumps(facts(dataclasses.replace(package))))
    if "imported" in version.facts:
        said["imported"] = version.facts["imported"]
    connection.execute(
        update(_VERSION).where(_VERSION.c.id == version_id),
        {"upload_sha256": sha256, "facts": said, "requires_restart": package.requires_restart},
    )
    visibility.refresh(session, version.extension_id, anew=True)
    job_id = queue.enqueue(session, SIGN, version_id)
    identity = {"version": version.version, "sha256": sha256}
    events.record(session, "version.imported", extension_id=version.extension_id, public=True, **identity)
    return job_id


def _lock(session: Session, connection: Connection, version_id: int) -> Any:
    """The version, held, if it still waits for a package."""
    extension_id = connection.scalar(select(Version.extension_id).where(Version.id == version_id))
    if extension_id is None:
        return None
    locks.extension(session, extension_id)
    waiting = _WAITING.with_only_columns(Version.version, Version.facts, Version.extension_id)
    return connection.execute(waiting.where(Version.id == version_id)).one_or_none()


def open_source(text: str) -> Source:
    """The source that an operator named. Raises ClientError."""
    if text.startswith(("http://", "https://")):
        return Site(text)
    path = Path(text)
    if not path.is_dir():
        raise ClientError(f"{text} is neither a folder nor an address.")
    return Folder(path)


def _limit(draft: Draft) -> int:
    return draft.limit if draft.limit is not None else 2**40
