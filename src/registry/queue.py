"""Background work: rows that are promises, leases on them, and an alarm clock.

A job is a row, written in the transaction of what it belongs to, so it exists exactly when its reason
does. Whoever works on it holds a lease, which must be renewed; one that has lapsed is free for the next.
Every claim has the next attempt number, and what a claim leads to is only written while owner and
attempt are still those of the row (a fencing token): somebody who was thought dead and comes back can
do no harm.

Huey is only the alarm clock. A hint holds the number of a job and nothing else; losing, doubling or
forging one costs time, never work, because the row decides. Huey takes a message out of its queue
before the work begins and forgets it when the worker dies, so nothing more is entrusted to it.
"""

import contextlib
import datetime
import importlib
import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from huey import Huey, RedisHuey, SqliteHuey
from huey.api import Task
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseSqlStorage
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from registry.models import Database, Job, JobState, now, table
from registry.settings import BadSetting

log = logging.getLogger(__name__)

LONGEST_DELAY = 3600.0
ERROR_CHARACTERS = 1000
# How long a queue that has failed is left alone: a dead one must not slow down every publish.
REST = 2.0

_JOB = table(Job)
_FREE = or_(
    and_(_JOB.c.state == JobState.QUEUED, _JOB.c.next_at <= bindparam("moment")),
    and_(_JOB.c.state == JobState.RUNNING, _JOB.c.next_at < bindparam("moment")),
)
_NEW = insert(_JOB).returning(_JOB.c.id)
_CLAIM = (
    update(_JOB)
    .where(_JOB.c.id == bindparam("job_id"), _FREE)
    .values(
        state=JobState.RUNNING,
        attempt=_JOB.c.attempt + 1,
        owner=bindparam("claimant"),
        next_at=bindparam("until"),
        updated=bindparam("moment"),
    )
    .returning(_JOB.c.kind, _JOB.c.subject_id, _JOB.c.attempt)
)
_FENCED = (
    update(_JOB)
    .where(
        _JOB.c.id == bindparam("job_id"),
        _JOB.c.owner == bindparam("claimant"),
        _JOB.c.attempt == bindparam("claimed_attempt"),
        _JOB.c.state == JobState.RUNNING,
    )
    .returning(_JOB.c.id)
)
_EXTEND = _FENCED.values(next_at=bindparam("until"))
_SETTLE = _FENCED.values(
    state=bindparam("new_state"),
    next_at=bindparam("until"),
    last_error=bindparam("new_error"),
    updated=bindparam("moment"),
)
_REQUEUE = (
    update(_JOB)
    .where(_JOB.c.id == bindparam("job_id"), _JOB.c.state.in_([JobState.FAILED, JobState.DEAD]))
    .values(
        state=JobState.QUEUED, attempt=0, owner=None, next_at=bindparam("moment"), updated=bindparam("moment")
    )
    .returning(_JOB.c.id)
)
_DUE = (
    select(_JOB.c.id)
    .where(_JOB.c.state.in_([JobState.QUEUED, JobState.RUNNING]), _JOB.c.next_at < bindparam("moment"))
    .order_by(_JOB.c.next_at)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job, until its lease lapses. ``attempt`` counts from 1."""

    job_id: int
    kind: str
    subject_id: int
    attempt: int
    owner: str


def enqueue(session: Session, kind: str, subject_id: int) -> int:
    """Promise work of this kind on that row: the job's id. There can be one job for each, ever (IntegrityError)."""
    job_id: int = session.connection().execute(_NEW, {"kind": kind, "subject_id": subject_id}).scalar_one()
    return job_id


def claim(
    session: Session,
    job_id: int,
    owner: str,
    lease: float,
    *,
    kinds: Collection[str] | None = None,
    fresh: bool = False,
) -> Claim | None:
    """Take a job that is due, or whose holder has been silent for too long, for ``lease`` seconds.

    ``owner`` (at most 100 characters) must be another one for each claim. Only a job of these ``kinds``, and
    only one that nobody has tried yet if ``fresh``. None if there is nothing to take.
    """
    moment = now()
    parameters = {"job_id": job_id, "claimant": owner, "moment": moment, "until": _after(moment, lease)}
    statement = _CLAIM if kinds is None else _CLAIM.where(_JOB.c.kind.in_(kinds))
    if fresh:
        statement = statement.where(_JOB.c.attempt == 0)
    row = session.connection().execute(statement, parameters).one_or_none()
    return Claim(job_id, row.kind, row.subject_id, row.attempt, owner) if row else None


def extend(session: Session, claim: Claim, lease: float) -> bool:
    """Renew a lease; False when the job is somebody else's by now."""
    return _fenced(session, _EXTEND, claim, until=_after(now(), lease))


def settle(session: Session, claim: Claim, state: JobState, error: str | None = None) -> bool:
    """End a claim in ``state``; False, and nothing written, when the job is somebody else's by now."""
    return _settle(session, claim, state, error, 0)


def postpone(session: Session, claim: Claim, error: str, attempts_allowed: int) -> JobState | None:
    """Try again later, or never if this was the last attempt allowed.

    The state the job is in now, queued or dead; None when it is somebody else's.
    """
    dead = claim.attempt >= attempts_allowed
    state = JobState.DEAD if dead else JobState.QUEUED
    return state if _settle(session, claim, state, error, 0 if dead else delay(claim.attempt)) else None


def delay(attempt: int) -> float:
    """Seconds until the try after ``attempt``: doubling up to an hour, less up to half of it by chance, so
    that jobs which failed together do not come back together."""
    jitter = random.uniform(0.5, 1)  # noqa: S311 - nothing depends on nobody guessing it
    return min(LONGEST_DELAY, 2.0 ** min(attempt, 16)) * jitter


def requeue(session: Session, job_id: int) -> bool:
    """Give a job that failed or is dead all its attempts again; False for any other."""
    row = session.connection().execute(_REQUEUE, {"job_id": job_id, "moment": now()}).one_or_none()
    return row is not None


def due(
    connection: Connection, limit: int, waited: float = 0, kinds: Collection[str] | None = None
) -> Sequence[int]:
    """Jobs, of these kinds, that could have been claimed for ``waited`` seconds or longer, the oldest first."""
    statement = _DUE if kinds is None else _DUE.where(_JOB.c.kind.in_(kinds))
    return connection.scalars(statement, {"moment": _after(now(), -waited), "most": limit}).all()


def _settle(session: Session, claim: Claim, state: JobState, error: str | None, delay: float) -> bool:
    moment = now()
    text = error and error[:ERROR_CHARACTERS]
    return _fenced(
        session, _SETTLE, claim, new_state=state, new_error=text, moment=moment, until=_after(moment, delay)
    )


def _fenced(session: Session, statement: Any, claim: Claim, **values: Any) -> bool:
    fence = {"job_id": claim.job_id, "claimant": claim.owner, "claimed_attempt": claim.attempt}
    return session.connection().execute(statement, fence | values).one_or_none() is not None


def _after(moment: datetime.datetime, seconds: float) -> datetime.datetime:
    return moment + datetime.timedelta(seconds=seconds)


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

    def hint_after_commit(self, database: Database, job_id: int) -> None:
        """Inside ``database.write``: wake a worker for this job once the transaction has committed."""
        database.after_commit(lambda: self.hint(job_id))

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
