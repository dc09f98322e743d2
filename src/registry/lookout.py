"""Looking out for changes: what every process asks the database for, a few times a second, whatever it serves."""

import logging
import threading
import time

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from registry.documents import Documents
from registry.models import Database, Extension

log = logging.getLogger(__name__)

MANY_CHANGES = 5000
# What is kept until something changes is kept so many seconds at most: counters change without a change.
LONGEST = 60.0
_GENERATION = select(func.max(Extension.changed))
_CHANGED = select(Extension.id, Extension.changed)


class Changes:
    """What has changed since when, as far as this process knows; it asks again every ``look_every`` seconds."""

    def __init__(self, database: Database, look_every: float, documents: Documents):
        self._database, self._look_every, self._documents = database, look_every, documents
        self._generation = 0
        self._changed: dict[int, int] = {}
        self._all_changed = 0
        self._looked = float("-inf")
        # The database is away: what was known last holds until it is back.
        self.blind = False
        self._lock = threading.Lock()

    def generation(self) -> int:
        """The newest change."""
        self.look()
        return self._generation

    def since(self, seq: int, extension_id: int | None) -> bool:
        """Whether the extension, or anything, has changed after ``seq``."""
        self.look()
        if extension_id is None:
            return self._generation > seq
        return max(self._changed.get(extension_id, 0), self._all_changed) > seq

    def look(self) -> None:
        """Ask what is new, if it is time."""
        if time.monotonic() - self._looked < self._look_every:
            return
        # Who comes while another one looks goes on with what is known, unless it has to be known now.
        if not self._lock.acquire(blocking=self._look_every < 0.001 or self._looked == float("-inf")):
            return
        try:
            with self._database.read() as connection:
                newest = connection.scalar(_GENERATION) or 0
                if newest > self._generation:
                    rows = connection.execute(
                        _CHANGED.where(Extension.changed > self._generation).limit(MANY_CHANGES)
                    ).all()
                    if len(rows) == MANY_CHANGES or len(self._changed) > 20 * MANY_CHANGES:
                        self._changed, self._all_changed = {}, newest
                    else:
                        self._changed |= {row.id: row.changed for row in rows}
                    self._generation = max([newest, *(row.changed for row in rows)])
                self._documents.look(connection)
            self.blind = False
        except DBAPIError as error:
            self.blind = True
            log.warning("cannot look for changes: %s", error.orig)
        finally:
            self._looked = time.monotonic()
            self._lock.release()
