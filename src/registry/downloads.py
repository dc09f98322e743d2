"""Counting downloads in the web process: noted in memory, written together every few seconds.

A crash loses the last seconds at most. Only whole files that were sent are noted: no HEAD, no Range, no
errors, nothing that a cache had already.
"""

import atexit
import datetime
import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from pyramid.request import Request
from sqlalchemy.exc import DBAPIError

from registry.domain import downloads
from registry.edge import network
from registry.models import Database

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds
MOST = 5000
AGENT_CHARACTERS = 200


class Downloads:
    def __init__(self, database: Database, secret: str):
        self._database, self._secret = database, secret.encode()
        self._noted: set[downloads.Seen] = set()
        self._lock = threading.Lock()
        self._more = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def count(self, environ: dict[str, Any], version_id: int) -> None:
        """Note that whoever sent this request gets the whole file of that version."""
        day = datetime.datetime.now(datetime.UTC).date()
        agent = environ.get("HTTP_USER_AGENT", "")[:AGENT_CHARACTERS]
        where = network(environ.get("REMOTE_ADDR")) or ""
        seen = downloads.Seen(day, version_id, downloads.client(self._secret, day, where, agent))
        with self._lock:
            self._noted.add(seen)
            if self._thread is None:
                # Only now, because a server may part into processes after the application was made.
                self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            if len(self._noted) >= MOST:
                self._more.set()

    def flush(self) -> None:
        """Write what has been noted."""
        with self._lock:
            noted, self._noted = self._noted, set()
        if not noted:
            return
        try:
            self._database.write(downloads.record, noted)
        except DBAPIError as error:
            log.warning("%d downloads could not be counted yet: %s", len(noted), error.orig)
            with self._lock:
                if len(self._noted) < 20 * MOST:
                    self._noted |= noted

    def close(self) -> None:
        """Write what has been noted, and be done."""
        self._closed = True
        self._more.set()
        if self._thread is not None:
            self._thread.join(EVERY)
        self.flush()

    def _run(self) -> None:
        while not self._closed:
            self._more.wait(EVERY)
            self._more.clear()
            self.flush()


class Counted:
    """A file as a WSGI answer that is counted once it has been sent to its end."""

    def __init__(self, span: Any, request: Request, version_id: int):
        self._span, self._request, self._version_id = span, request, version_id

    def app_iter_range(self, start: int, stop: int | None) -> Iterable[bytes]:
        part: Iterable[bytes] = self._span.app_iter_range(start, stop)
        return part

    def __iter__(self) -> Iterator[bytes]:
        yield from self._span
        if self._request.method == "GET":
            self._request.registry["downloads"].count(self._request.environ, self._version_id)

    def close(self) -> None:
        self._span.close()


def furnish(registry: Any) -> None:
    registry["downloads"] = Downloads(registry["database"], registry["settings"].secret)
