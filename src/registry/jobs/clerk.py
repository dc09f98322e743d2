"""The clerk: keeps the whole documents true, in the background.

A standing duty, done by one worker at a time. It is a job that is never done: its row in the queue holds the
lease, and every write of the clerk renews it in the same transaction, so one who was thought dead and comes
back writes nothing. (A lock of the database's would be let go sooner, but it cannot be looked up, and is
another thing on each database.)

    look       has an extension changed since the last look? Its entry is made again, in batches
    small      takedown list and blocklist are made at once, the head of the event chain within a second
    whole      what is put together of entries, once they stand still or the pause is over
    version    of registry.json, a moment after that is shown, so that no process shows the number before the
               content: who has seen the number does not ask again

The pause after the whole documents is five times as long as they took, up to `jobs.documents_pause`: a small
registry shows a change at once, a large one does not spend its time on writing the same again. Counts of
downloads change no `Extension.changed`; they are looked for every `jobs.counters` seconds, and leave the
version as it is.

Nothing is remembered but in rows. Entries say which change they show, documents what they were made at; what
does not fit, or is missing in the store, is made again. So it may be killed at any time.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from registry import queue
from registry.catalogue import documents
from registry.catalogue.documents import BLOCKLIST, HEAD, REGISTRY, SIGNED, TAKEDOWN, VERSION, WHOLE, Issue
from registry.domain import events
from registry.jobs import documents as files
from registry.jobs.base import WorkerContext
from registry.jobs.entries import Entries
from registry.models import JobState, now
from registry.queue import Claim

log = logging.getLogger(__name__)

KIND = "documents"
LOOK_SECONDS = 0.1
SHORTEST_PAUSE = 0.3
SHARE = 5
HEAD_SECONDS = 1.0
# So long all processes have looked at the documents anew.
SHOWN_SECONDS = 1.0
# How long a file stays that has just been superseded, for who is about to open it.
GRACE_SECONDS = 60.0
CHECK_SECONDS = 60.0
BUDGET_SECONDS = 0.5
NICENESS = 5


class Lost(Exception):
    """Another worker is the clerk by now."""


class Clerk:
    """``clock`` gives seconds that only rise, ``calendar`` the present moment."""

    def __init__(
        self,
        context: WorkerContext,
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], datetime] = now,
    ):
        self._context, self._clock, self._calendar = context, clock, calendar
        self._claim: Claim | None = None
        self._try_at = float("-inf")
        # What is known may not be so since an error.
        self._upset = False
        self._superseded: deque[tuple[float, str]] = deque()

    def run(self, stop: threading.Event) -> None:
        """Do the duty until ``stop``, whenever nobody else does it."""
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except Lost:
                log.info("Another worker makes the documents now")
                self._claim = None
            except Exception:
                log.exception("The documents could not be brought up to date; will go on in a second")
                self._upset = True
                stop.wait(1.0)
        self.release()

    def turn(self) -> bool:
        """Look once and do what is due; whether this is the clerk."""
        if self._claim is None:
            if not self._become():
                return False
        elif self._upset:
            self._take_up(self._claim)
        if self._clock() >= self._renew_at:
            self._write(lambda session: None)
        self._look()
        self._make_small()
        if not self._entries.behind:
            self._make_whole()
        self._make_version()
        self._remove_superseded()
        return True

    def release(self) -> None:
        """Let another worker go on at once."""
        claim, self._claim = self._claim, None
        if claim is not None:
            try:
                self._context.database.write(queue.settle, claim, JobState.QUEUED)
            except Exception as error:  # noqa: BLE001 - the lease will lapse
                log.info("The duty of the clerk could not be given back: %s", type(error).__name__)

    def _become(self) -> bool:
        if self._clock() < self._try_at:
            return False
        self._try_at = self._clock() + self._context.settings.lease / 4
        claim = self._context.database.write(_claim, self._context)
        if claim is not None:
            self._claim = self._take_up(claim)
        return claim is not None

    def _take_up(self, claim: Claim) -> Claim:
        """Begin with nothing but what the rows say."""
        clock = self._clock()
        self._renew_at = clock + self._context.settings.lease / 3
        self._check_at = self._counters_at = self._head_at = self._whole_at = clock
        self._entries = Entries(self._context)
        self._begun = self._upset = False
        # Names of documents to be made; True if what they say has changed, not only the counts.
        self._dirty: dict[str, bool] = {}
        # The last change that the small ones were looked at for, and what the blocklist said then.
        self._small_at: int | None = None
        self._blocked: Any = None
        return claim

    def _write(self, work: Callable[[Session], Any]) -> Any:
        """Do it in one transaction, if this is still the clerk. Raises Lost."""
        claim, lease = self._claim, self._context.settings.lease

        def fenced(session: Session) -> Any:
            if claim is None or not queue.extend(session, claim, lease):
                raise Lost
            return work(session)

        self._renew_at = self._clock() + lease / 3
        return self._context.database.write(fenced)

    def _look(self) -> None:
        if self._clock() >= self._check_at:
            self._check_at = self._clock() + CHECK_SECONDS
            self._check()
        if self._clock() >= self._counters_at:
            self._counters_at = self._clock() + self._context.settings.counters
            self._entries.look_for_counts()
        self._entries.look()
        until = self._clock() + BUDGET_SECONDS
        while self._entries.behind:
            for name, content in self._entries.bring_up(self._write).items():
                self._dirty[name] = self._dirty.get(name, False) or content
            if self._clock() >= until:
                break

    def _check(self) -> None:
        """What is missing, expires soon, or was not made since the last change is to be made again."""
        with self._context.database.read() as connection:
            self._rows = files.shown(connection)
        soon = self._calendar() + timedelta(seconds=self._context.settings.index_life / 2)
        for name in (*WHOLE, *SIGNED):
            row = self._rows.get(name)
            if row is None or (row.expires is not None and row.expires < soon):
                self._dirty[name] = True
                continue
            if not self._begun and name in WHOLE and row.seq < self._entries.seq:
                self._dirty[name] = True
        self._begun = True
        store = self._context.storage
        for row in self._rows.values():
            if row.sha256 not in store or row.gzip_sha256 not in store:
                log.warning("The document %s is missing in the store; it is made again", row.name)
                self._dirty[row.name] = True

    def _make_small(self) -> None:
        base = self._context.settings.public_url
        with self._context.database.read() as connection:
            if self._small_at != self._entries.seq or not self._dirty.keys().isdisjoint(
                (TAKEDOWN, BLOCKLIST)
            ):
                takedown = documents.small(connection, base, TAKEDOWN, Issue())
                blocked = documents.blocked(connection, base)
                if TAKEDOWN in self._dirty or self._changed(takedown):
                    self._make(TAKEDOWN, lambda issue: [takedown])
                if BLOCKLIST in self._dirty or blocked != self._blocked:
                    self._blocked = blocked
                    self._make(BLOCKLIST, lambda issue: [documents.small(connection, base, BLOCKLIST, issue)])
                self._small_at = self._entries.seq
            last = documents.last_event(connection)
            head = self._rows.get(HEAD)
            if self._clock() >= self._head_at and (HEAD in self._dirty or head is None or head.seq != last):
                self._make_head(connection, base, last)

    def _make_head(self, connection: Connection, base: str, last: int) -> None:
        """Unless events are gone, or others, that the head was signed for: that must not look as if it were right."""
        signed = documents.signed_head(connection, self._context.storage)
        if signed is not None and not events.holds(connection, signed):
            log.error("Event %d is not what its head was signed for; see `registry audit verify`", signed.seq)
            self._head_at = self._clock() + CHECK_SECONDS
            return
        self._head_at = self._clock() + HEAD_SECONDS
        self._make(HEAD, lambda issue: [documents.small(connection, base, HEAD, issue)], last)

    def _changed(self, takedown: bytes) -> bool:
        row = self._rows.get(TAKEDOWN)
        return row is None or row.sha256 != sha256(takedown).hexdigest()

    def _make_whole(self) -> None:
        names = [name for name in WHOLE if name in self._dirty]
        if not names or self._clock() < self._whole_at:
            return
        base, began = self._context.settings.public_url, self._clock()
        with self._context.database.read() as connection:
            for name in names:
                self._make(name, partial(documents.from_entries, connection, base, name))
        took = self._clock() - began
        pause = max(SHORTEST_PAUSE, min(SHARE * took, self._context.settings.documents_pause))
        self._whole_at = self._clock() + pause
        log.debug("Made %s in %.2f s", ", ".join(names), took)

    def _make_version(self) -> None:
        registry, version = self._rows.get(REGISTRY), self._rows.get(VERSION)
        if registry is None:
            return
        # Where there is none yet, or the file is gone, nobody can have seen another.
        due = version is None or VERSION in self._dirty
        if version is not None and version.serial != registry.serial:
            due = due or self._calendar() - registry.built >= timedelta(seconds=SHOWN_SECONDS)
        if due:
            self._make(VERSION, lambda issue: [documents.version(issue)], serial=registry.serial)

    def _make(
        self, name: str, blocks: Callable[[Issue], Any], seq: int | None = None, serial: int | None = None
    ) -> None:
        """Write the document, and show it."""
        content = self._dirty.pop(name, True)
        try:
            row, moment = self._rows.get(name), self._calendar()
            seq = self._entries.seq if seq is None else seq
            if serial is None and name in SIGNED:
                serial = _serial(row, True, int(moment.timestamp()))
            elif serial is None:
                serial = _serial(row, content, seq)
            life = timedelta(seconds=self._context.settings.index_life)
            expires = moment + life if name in SIGNED else None
            issue = Issue(serial, seq, moment, expires)
            made = files.write(self._context, blocks(issue), name if name in SIGNED else None)
            if row is not None and row.sha256 == made.plain.sha256:
                issue = Issue(row.serial, seq)
            gone = self._write(lambda session: files.show(session, name, made, issue, moment, expires))
        except BaseException:
            self._dirty[name] = content
            raise
        self._superseded += ((self._clock(), digest) for digest in gone)
        with self._context.database.read() as connection:
            self._rows = files.shown(connection)

    def _remove_superseded(self) -> None:
        while self._superseded and self._superseded[0][0] < self._clock() - GRACE_SECONDS:
            _, digest = self._superseded.popleft()
            with self._context.database.read() as connection:
                if not files.wanted(connection, digest):
                    self._context.storage.remove(digest)


def _claim(session: Session, context: WorkerContext) -> Claim | None:
    job_id = queue.standing(session, KIND)
    return queue.claim(session, job_id, context.new_owner(), context.settings.lease)


def _serial(row: Any, content: bool, least: int) -> int:
    """Higher than before if what it says has changed, even when the database is an older one."""
    if row is None:
        return max(1, least)
    return max(row.serial + 1, least) if content else int(row.serial)
