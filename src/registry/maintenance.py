"""Maintenance mode at the door: what would change something is a 503, reads know nothing of it.

Which views these are is settled when the application is configured: all that are no GET, but for reads that are
sent as a POST, and all that belong to logging in, which writes with any verb. Only they look at the state, at
most every ``LOOK_EVERY`` seconds in each process. A credential has been looked at and rights have been
asked for before; nothing of the body has been read.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import DBAPIError

from registry.domain import maintenance as rules
from registry.errors import ApiError
from registry.models import Database, now
from registry.permissions import Permission

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds
RETRY_AFTER = 60  # seconds, where nobody said until when
LONGEST_RETRY = 3600
_READS = {"GET", "HEAD", "OPTIONS"}

View = Callable[[Any, Request], Response]


class Watch:
    """What a process knows of the state."""

    def __init__(self, database: Database):
        self._database = database
        self._state: rules.Maintenance | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def state(self) -> rules.Maintenance | None:
        if time.monotonic() - self._looked >= LOOK_EVERY:
            with self._lock:
                if time.monotonic() - self._looked >= LOOK_EVERY:
                    self._look()
        return self._state

    def _look(self) -> None:
        try:
            with self._database.read() as connection:
                self._state = rules.state(connection)
        except DBAPIError as error:
            log.warning("cannot look for maintenance: %s", error.orig)
        self._looked = time.monotonic()


def refusal(state: rules.Maintenance) -> ApiError:
    """What a change is answered."""
    wait = RETRY_AFTER
    if state.until is not None:
        wait = min(max(int((state.until - now()).total_seconds()) + 1, RETRY_AFTER), LONGEST_RETRY)
    said = state.message or "The registry is being maintained; nothing can be changed now. Reading goes on."
    return ApiError(503, said, "ERROR_MAINTENANCE", [("Retry-After", str(wait))])


def changes_something(permission: Any, methods: Any) -> bool:
    """Whether a view does, by what it is registered with; ``methods`` are its verbs."""
    if permission == Permission.LOG_IN:
        return True
    verbs = {methods} if isinstance(methods, str) else set(methods or _READS)
    return not verbs <= _READS and isinstance(permission, Permission) and permission != Permission.READ


def maintained(view: View, info: Any) -> View:
    """A view deriver."""
    if not changes_something(info.options.get("permission"), info.options.get("request_method")):
        return view

    def watched(context: Any, request: Request) -> Response:
        state = request.registry["maintenance"].state()
        if state is not None:
            raise refusal(state)
        return view(context, request)

    return watched


def furnish(registry: Any) -> None:
    registry["maintenance"] = Watch(registry["database"])


def includeme(config: Any) -> None:
    config.add_view_deriver(maintained, name="maintenance")
