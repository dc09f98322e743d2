"""The worker process: threads that do what they are told of, and one that looks for the rest.

Huey's consumer runs the threads, and starts a new one where one has died. A ``Listener`` does the jobs it gets
hints of, one after the other without a pause. The ``Sweep`` does what has been due for a moment and
nobody was told of: lost hints, jobs to be tried again, leases of workers that died; it ends test runs whose time is
up, too. What goes to the servers of others is not theirs but ``post``'s, what takes a validator's time not theirs but
``validators``'. So a queue that is broken costs a few seconds for each job and stops nothing. Any number of workers
may run at once.

SIGTERM and SIGINT: the jobs at hand are finished, for at most ``STOP_SECONDS``, and the process ends with 0; what
is not finished by then is done by another worker when the lease has lapsed. SIGHUP is ignored: settings
are read at the start only. Work that hangs (``heart.PATIENCE``) ends the process with 1, since a thread cannot be
stopped by itself; whoever supervises it starts a new one.
"""

import logging
import signal
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from huey.consumer import BaseProcess, Consumer, ConsumerStopped, Worker

from registry import jobs
from registry.alarm import Alarm
from registry.domain import test_runs
from registry.jobs import housekeeping, post, runner, validators
from registry.jobs.base import WorkerContext
from registry.jobs.clerk import Clerk
from registry.models import Database
from registry.settings import BadSetting, Settings
from registry.signing import create_development_chain, is_development, open_issuer
from registry.storage import open_storage

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
# How long the clerk may take to give its duty back.
CLERK_SECONDS = 5.0
# An idle listener looks this often, unless its queue can wake it.
POLL_SECONDS = 0.05
# How many jobs a listener claims and settles at once when more are waiting than it can do one by one.
MOST_TOGETHER = 16
# After an error of the queue or the database.
PAUSE_SECONDS = 1.0
# What has been due for so long has lost its hint, or there is more than the listeners can do.
WAITED_SECONDS = 1.0
TIDY_SECONDS = 3600.0
_OWN = jobs.KINDS.keys() - jobs.RETRIES.keys()


def run_worker(ini: Mapping[str, str], settings: Settings) -> int:
    """Work until a signal comes; the exit status.

    Call it in the main thread. Raises BadSetting and KeyUnusable when it cannot start.
    """
    context = open_context(ini, settings)
    alarm = Alarm(ini)
    if alarm.huey.immediate:
        raise BadSetting("huey.immediate is for tests; a worker needs a queue.")
    stop = threading.Event()
    helpers = [
        threading.Thread(target=context.heart.run, args=(stop,), name="heart", daemon=True),
        threading.Thread(target=_tidy_hourly, args=(context, stop), name="housekeeping", daemon=True),
        *post.threads(context, stop),
        *validators.threads(context, stop),
    ]
    clerk = threading.Thread(target=Clerk(context).run, args=(stop,), name="clerk", daemon=True)
    helpers.append(clerk)
    for helper in helpers:
        helper.start()
    crew = Crew(context, alarm)
    try:
        crew.run()
    finally:
        stop.set()
        clerk.join(CLERK_SECONDS)
    return crew.status


def open_context(ini: Mapping[str, str], settings: Settings) -> WorkerContext:
    """Everything a worker needs; a key for development is made if there is none. Raises BadSetting, KeyUnusable."""
    if not settings.issuer:
        raise BadSetting("signing.issuer is not set; a worker cannot sign without a key.")
    scheme, _, folder = settings.issuer.partition(":")
    if not settings.production and scheme == "pem" and not Path(folder).exists():
        create_development_chain(Path(folder))
    issuer = open_issuer(settings.issuer)
    if settings.production and is_development(issuer):
        raise BadSetting("signing.issuer is a key made for development; production needs one of its own.")
    return WorkerContext(
        database=Database(ini["sqlalchemy.url"]),
        storage=open_storage(settings.storage),
        issuer=issuer,
        settings=settings,
    )


class Listener(Worker):
    """Does what it gets hints of."""

    process_name = "Listener"

    def __init__(self, context: WorkerContext, alarm: Alarm, stop_flag: Any):
        super().__init__(alarm.huey, stop_flag, POLL_SECONDS / 4, POLL_SECONDS, 1.2)
        self._context = context
        self._alarm = alarm
        self._deaf = False

    def loop(self, now: Any = None) -> None:
        try:
            job_ids = self._alarm.take_many(MOST_TOGETHER)
        except Exception as error:  # noqa: BLE001 - whatever ails the queue, the sweep goes on
            if not self._deaf:
                log.error("The queue is broken, jobs wait for the sweep: %s: %s", type(error).__name__, error)
            self._deaf = True
            self.stop_flag.wait(PAUSE_SECONDS)
            return
        self._deaf = False
        if job_ids:
            self.delay = self.default_delay
            _guarded(self.stop_flag, partial(runner.run_together, self._context, job_ids))
        elif not self._alarm.blocking:
            self.sleep()


class Sweep(BaseProcess):
    """Does what nobody was told of."""

    process_name = "Sweep"

    def __init__(self, context: WorkerContext, alarm: Alarm, stop_flag: Any):
        super().__init__(alarm.huey, stop_flag)
        self._context = context

    def loop(self, now: Any = None) -> None:
        every = self._context.settings.sweep
        _guarded(self.stop_flag, partial(end_due_runs, self._context))
        waited = min(WAITED_SECONDS, every)
        look = partial(runner.run_due, self._context, waited=waited, stop=self.stop_flag.is_set, kinds=_OWN)
        if not _guarded(self.stop_flag, look):
            self.stop_flag.wait(every)


class Crew(Consumer):
    """The threads of one worker, ``status`` is what the process should exit with."""

    def __init__(self, context: WorkerContext, alarm: Alarm):
        self._context = context
        self._alarm = alarm
        self.status = 0
        super().__init__(
            alarm.huey, workers=context.settings.workers, periodic=False, shutdown_timeout=STOP_SECONDS
        )

    def _create_worker(self) -> Listener:
        return Listener(self._context, self._alarm, self.stop_flag)

    def _create_scheduler(self) -> Sweep:
        return Sweep(self._context, self._alarm, self.stop_flag)

    def _set_signal_handlers(self) -> None:
        self._signal_actions = {signal.SIGTERM: (False, True), signal.SIGINT: (False, True)}
        super()._set_signal_handlers()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def loop(self, health_check_ts: float | None = None) -> float | None:
        if hung := self._context.heart.hung():
            log.critical("Job %d hangs; this worker ends", hung[0].job_id)
            self.status = 1
            self.stop()
            raise ConsumerStopped
        return super().loop(health_check_ts)


def end_due_runs(context: WorkerContext) -> int:
    """End the test runs whose time is up; how many that were. Most looks find none, and lock nothing."""
    ended = 0
    while True:
        with context.database.read() as connection:
            if not test_runs.any_due(connection):
                return ended
        some = context.database.write(test_runs.end_due)
        if not some:
            return ended
        ended += some


def _guarded(stop_flag: Any, action: Any) -> Any:
    """Call it; an error (a database that has gone, say) is logged, and followed by a pause."""
    try:
        return action()
    except Exception:
        log.exception("Will go on in %d s", PAUSE_SECONDS)
        stop_flag.wait(PAUSE_SECONDS)
        return None


def _tidy_hourly(context: WorkerContext, stop: threading.Event) -> None:
    while True:
        try:
            housekeeping.tidy(context)
        except Exception:
            log.exception("Files that nobody needs could not be removed")
        if stop.wait(TIDY_SECONDS):
            return
