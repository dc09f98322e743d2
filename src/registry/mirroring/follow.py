"""From change to change of another registry, remembering how far (``SiteState``)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from registry.catalogue.blocklist import ALL_VERSIONS
from registry.client import ClientError
from registry.fetching import Unavailable
from registry.mirroring import blocked, rows
from registry.mirroring.files import Files
from registry.mirroring.index import Index, Known
from registry.mirroring.source import Change, Changes, Refused
from registry.models import Database, ExtensionState, SiteState, now

MOST_NAMES = 100
MOST_REFUSED = 10_000
TRIES = 5
LONGEST_WAIT = 60.0
# A head is made anew within a second or so of an event; so often, and so many seconds apart, it is asked for.
HEADS, HEAD_SECONDS = 5, 2.0

T = TypeVar("T")


@dataclass
class Progress:
    """How far a mirror has come: everything up to the source's event ``since``, and on the way from there to
    the next round number what changed last up to ``after``. ``refused`` are to be tried again, with the reason.
    ``signed`` is what was last accepted of the signed index, which must never go back."""

    since: int = 0
    after: int | None = None
    only: list[str] | None = None
    refused: dict[str, str] = field(default_factory=dict)
    pinned: list[str] = field(default_factory=list)
    signed: Known = field(default_factory=dict)


@dataclass
class Report:
    """What a round came to; ``changed`` are names."""

    changed: set[str] = field(default_factory=set)
    files: int = 0
    refused: dict[str, str] = field(default_factory=dict)


class Mirror:
    """Keeps the extensions of ``files.source``, all or ``only`` some, as they are there."""

    def __init__(
        self,
        database: Database,
        files: Files,
        index: Index,
        only: list[str] | None,
        pause: Callable[[float], object],
    ):
        self._database = database
        self._files = files
        self._source = files.source
        self._index = index
        self._head: int | None = None
        self._blocked: dict[str, blocked.Reasons] = {}
        self._only = sorted(set(only)) if only else None
        self._pause = pause
        self.key = f"mirror:{self._source.base}"

    def round(self, told: Callable[[str, str | None], None] = lambda name, refused: None) -> Report:
        """Take all that has changed since the last round; ``told`` of each extension, and why it was refused.

        Raises Unavailable when the source is away for long, Refused when its index or its feed cannot be believed.
        """
        progress, report = self.progress(), Report()
        if progress.only != self._only:
            progress = Progress(only=self._only, pinned=progress.pinned, signed=progress.signed)
        self._look(progress, report)
        for name in sorted(progress.refused):
            self._one(Change(name, 0, removed=False), progress, report, told)
        self._save(progress)
        while True:
            changes = self._patiently(
                lambda: self._source.changes(progress.since, progress.after, progress.only)
            )
            self._catch_up(changes, progress, report)
            for change in changes.items:
                self._one(change, progress, report, told)
                progress.after = change.seq
                self._save(progress)
            if not changes.more:
                break
        progress.since, progress.after = changes.seq, None
        self._save(progress)
        report.refused = progress.refused
        return report

    def progress(self) -> Progress:
        """As it was saved last."""
        with self._database.reading_session() as session:
            saved = session.get(SiteState, self.key)
            return Progress(**saved.value) if saved else Progress()

    def _look(self, progress: Progress, report: Report) -> None:
        """Take up the signed index: the head, then the blocklist, which is so no older."""
        self._head = self._patiently(lambda: self._index.head(progress.signed))
        self._blocked = {}
        if self._head is not None:
            self._blocked = self._patiently(lambda: self._index.blocklist(progress.signed))
        self._save(progress)
        origin = self._source.base
        with self._database.read() as connection:
            names = blocked.offending(connection, origin, self._blocked)
        for name in names:
            if self._database.write(blocked.write, origin, name, self._blocked[name]):
                report.changed.add(name)

    def _catch_up(self, changes: Changes, progress: Progress, report: Report) -> None:
        """Have a head that covers this page of the feed. Raises Refused when there is none in due time."""
        seq = max([changes.seq, *(change.seq for change in changes.items)])
        for _ in range(HEADS):
            if self._head is None or seq <= self._head:
                return
            self._pause(HEAD_SECONDS)
            self._look(progress, report)
        if self._head is not None and seq > self._head:
            raise Refused(
                f"The feed speaks of event {seq}, but the signed head of {self._source.base} is still at event"
                f" {self._head}: its worker stands still, or the feed is made up."
            )

    def _one(
        self,
        change: Change,
        progress: Progress,
        report: Report,
        told: Callable[[str, str | None], None],
    ) -> None:
        name, reason = change.name, None
        try:
            if self._sync(change, report):
                report.changed.add(name)
            progress.refused.pop(name, None)
        except Unavailable:
            raise
        except (Refused, ClientError) as error:
            reason = str(error)
            if len(progress.refused) < MOST_REFUSED:
                progress.refused[name] = reason
        told(name, reason)

    def _sync(self, change: Change, report: Report) -> bool:
        """Make one extension what it is at the source; whether it was different."""
        origin = self._source.base
        given = self._patiently(lambda: self._source.detail(change.name))
        reasons = self._blocked.get(change.name, {})
        if given is None:
            whole = ALL_VERSIONS in reasons
            state = ExtensionState.DISABLED if whole else ExtensionState.PENDING_DISABLE
            return self._database.write(rows.set_state, origin, change.name, state)
        said = given, self._patiently(lambda: self._source.versions(given))
        detail, versions = held = blocked.hold(*said, reasons)
        with self._database.read() as connection:
            known = rows.known_files(connection, origin, detail)
        if change.removed and not known:
            return False  # it was never here, and is not on offer
        files, refused = {}, {}
        for version in versions:
            file, here = version.file, known.get(version.version)
            if file is None or here == file.sha256:
                continue
            if here is not None:
                refused[version.version] = "It has other bytes than before; those that are here stay."
                continue
            try:
                files[version.version] = self._patiently(lambda: self._files.take(detail, version))  # noqa: B023
            except Refused as error:
                refused[version.version] = str(error)
        # A version whose file is not taken is not shown either.
        kept = [one for one in versions if one.version not in refused or one.version in known]
        changed = False
        if kept or known:  # else there is nothing to show of it, nor to believe
            changed = self._database.write(rows.write, origin, detail, kept, files)
        report.files += len(files)
        if held != said:
            raise Refused(
                "What the signed blocklist has stays disabled, or yanked, whatever else is said of it."
            )
        if refused:
            raise Refused(" ".join(f"{number}: {reason}" for number, reason in refused.items())[:2000])
        return changed

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask again in a while, as long as the source may come back."""
        for attempt in range(1, TRIES):
            try:
                return ask()
            except Unavailable as error:
                self._pause(min(max(error.retry_after, 2.0**attempt), LONGEST_WAIT))
        return ask()

    def _save(self, progress: Progress) -> None:
        if self._files.trust.pinning:
            progress.pinned = [
                certificate.public_bytes(Encoding.PEM).decode() for certificate in self._files.trust.roots
            ]
        if progress != self.progress():
            self._database.write(_save, self.key, vars(progress))


def pinned(progress: Progress) -> list[x509.Certificate]:
    """The roots that an earlier round has pinned."""
    return [x509.load_pem_x509_certificate(text.encode()) for text in progress.pinned]


def _save(session: Session, key: str, value: dict[str, Any]) -> None:
    state = session.get(SiteState, key)
    if state is None:
        session.add(SiteState(name=key, value=dict(value)))
    else:
        state.value, state.updated = dict(value), now()
