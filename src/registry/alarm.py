"""The alarm clock of background work: a hint which job to look at, through Huey.

A hint holds the number of a job and nothing else; losing one, doubling one or forging one costs time,
never work, because the job's row decides. Huey takes a message out of its queue before the work begins
and forgets it when the worker dies, which is why nothing more is entrusted to it.
"""

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from huey import Huey, RedisHuey, SqliteHuey
from huey.api import Task
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseSqlStorage

from registry.settings import BadSetting

log = logging.getLogger(__name__)

# How long a queue that has failed is left alone: a dead one must not slow down every publish.
REST = 2.0


class BadHint(ValueError):
    """A message that is no hint of ours."""


class HintSerializer(Serializer):
    """Messages as ``["task", job_id]``. Huey's own are pickles: who writes to the queue could run code."""

    MOST_BYTES = 200

    def _serialize(self, message: Message) -> bytes:
        return orjson.dumps([message.name, *message.args])

    def _deserialize(self, data: Any) -> Message:
        value = None
        if isinstance(data, bytes | memoryview) and len(data) <= self.MOST_BYTES:
            with contextlib.suppress(orjson.JSONDecodeError):
                value = orjson.loads(data)
        match value:
            case [str(name), int(job_id)] if type(job_id) is int and 0 < job_id < 2**63:
                return Message(None, name, args=(job_id,))
        raise BadHint("a message that is no hint")


class Alarm:
    """The alarm clock: tells a worker, at once, which job to look at.

    Made from the ini keys ``huey.*``: ``huey.class`` (default ``huey.SqliteHuey``), ``huey.immediate``
    (look at the job in this very process, for tests), the rest as that class wants it, such as
    ``huey.filename`` or ``huey.url``. A SQLite queue has a file of its own, since a hint may be given
    while the application's is locked; it is not synced to disk, since no hint is worth it. ``look`` is
    called with the number of a job. Raises BadSetting.
    """

    def __init__(self, ini: Mapping[str, str], look: Callable[[int], object] | None = None):
        options = {key.removeprefix("huey."): _parsed(ini[key]) for key in ini if key.startswith("huey.")}
        kind = _huey_class(str(options.pop("class", "huey.SqliteHuey")))
        try:
            options = _bounded(kind, options)
            self.huey: Huey = kind("registry", results=False, serializer=HintSerializer(), **options)
        except (TypeError, ValueError, OSError, ImportError, HueyException) as error:
            raise BadSetting(f"huey.*: {error}") from None
        self._rest_until = 0.0
        self._ready = False

        @self.huey.task(name="look", retries=0)
        def looking(job_id: int) -> None:
            if look is not None:
                look(job_id)

        self._task = looking

    def hint(self, job_id: int) -> None:
        """Wake a worker for this job. Never raises: the sweep finds what nobody was told of."""
        if time.monotonic() < self._rest_until:
            return
        try:
            self._prepare()
            self._task(job_id)
        except Exception as error:  # noqa: BLE001 - whatever ails the queue, the job is safe in its row
            self._failed()
            log.warning("Job %d must wait for the sweep: %s: %s", job_id, type(error).__name__, error)

    def take_many(self, most: int) -> list[int]:
        """The jobs of the next hints, at most so many, without waiting for more than one.

        Raises what the queue raises, unless it does so with hints in hand. A queue that waits by itself
        gives one: somebody else may take the last one counted, and those in hand would wait for another.
        """
        job_ids: list[int] = []
        while len(job_ids) < (1 if self.blocking else most):
            try:
                task = self.take()
            except Exception:
                if job_ids:
                    break
                raise
            if task is None:
                break
            job_ids.append(task.args[0])
        return list(dict.fromkeys(job_ids))

    def take(self) -> Task | None:
        """The next hint, as a task to ``execute``; None when there is none. Raises what the queue raises."""
        try:
            self._prepare()
            while True:
                try:
                    return self.huey.dequeue()
                except (BadHint, HueyException) as error:
                    log.warning("Dropped from the queue: %s", error)
        except Exception:
            self._failed()
            raise

    @property
    def blocking(self) -> bool:
        """Whether ``take`` waits for a moment by itself."""
        return bool(self.huey.storage.blocking)

    def _prepare(self) -> None:
        """Tables are made at the first use, so that a broken queue keeps nobody from starting."""
        if not self._ready and isinstance(self.huey.storage, BaseSqlStorage):
            self.huey.storage.initialize_schema()
        self._ready = True

    def _failed(self) -> None:
        self._rest_until = time.monotonic() + REST
        self._ready = False


def _huey_class(name: str) -> type[Huey]:
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        found = None
    if not (isinstance(found, type) and issubclass(found, Huey)):
        raise BadSetting(f"huey.class is {name!r}; it must name a kind of Huey, such as huey.SqliteHuey.")
    return found


def _bounded(kind: type[Huey], options: dict[str, Any]) -> dict[str, Any]:
    """The options of a queue that answers soon or fails, and fails only when it is used."""
    if issubclass(kind, RedisHuey) and "filename" in options:
        raise BadSetting(
            "huey.filename is for a queue in SQLite; take it out when huey.class is huey.RedisHuey."
        )
    if issubclass(kind, RedisHuey) and isinstance(url := options.pop("url", None), str):
        from redis import ConnectionPool  # an extra that not everybody has

        pool = ConnectionPool.from_url(url, socket_connect_timeout=1, socket_timeout=3)
        return options | {"connection_pool": pool}
    if issubclass(kind.storage_class or object, BaseSqlStorage):
        options = {"create_tables": False} | options
    if issubclass(kind, SqliteHuey):
        options = {"filename": "var/queue.db", "fsync": False, "timeout": 1} | options
        Path(str(options["filename"])).parent.mkdir(parents=True, exist_ok=True)
    return options


def _parsed(text: str) -> Any:
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if text.isdecimal() else text
