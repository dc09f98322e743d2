"""The heartbeat: one thread renews the leases of all that this process works on."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.orm import Session

from registry import queue
from registry.models import Database
from registry.queue import Claim

log = logging.getLogger(__name__)

# After so many leases, work hangs rather than goes on.
PATIENCE = 30


class Heart:
    """Knows what is being worked on. ``lease`` is in seconds."""

    def __init__(self, database: Database, lease: float):
        self._database = database
        self._lease = lease
        self._since: dict[Claim, float] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def beats_for(self, claims: Sequence[Claim]) -> Iterator[None]:
        """While the block runs, the leases of these claims are renewed, unless they are forgotten before."""
        with self._lock:
            self._since |= dict.fromkeys(claims, time.monotonic())
        try:
            yield
        finally:
            self.forget(claims)

    def forget(self, claims: Iterable[Claim]) -> None:
        """These have been settled."""
        with self._lock:
            for claim in claims:
                self._since.pop(claim, None)

    def beat(self) -> None:
        """Renew the leases, all in one transaction."""
        claims = self._claims(hung=False)
        if claims:
            self._database.write(self._extend, claims)

    def hung(self) -> list[Claim]:
        """What has been worked on for so long that it will not end. Such leases are not renewed any more."""
        return self._claims(hung=True)

    def run(self, stop: threading.Event) -> None:
        """Beat three times a lease until ``stop``."""
        while not stop.wait(self._lease / 3):
            try:
                self.beat()
            except Exception:
                log.exception("Leases could not be renewed")

    def _claims(self, *, hung: bool) -> list[Claim]:
        limit = time.monotonic() - PATIENCE * self._lease
        with self._lock:
            return [claim for claim, since in self._since.items() if (since < limit) == hung]

    def _extend(self, session: Session, claims: list[Claim]) -> None:
        for claim in claims:
            if not queue.extend(session, claim, self._lease):
                log.info("Job %d has just been settled, or is somebody else's by now", claim.job_id)
