"""The threads that send what goes to the servers of others, and what makes digests when they are due.

They are not told of work, they look; each takes jobs in any order, so that one slow server does not have all of them.
"""

import logging
import threading

from registry import jobs
from registry.domain import digests
from registry.jobs import runner
from registry.jobs.base import WorkerContext

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AT_ONCE = 10


def threads(context: WorkerContext, stop: threading.Event) -> list[threading.Thread]:
    """The threads of one worker, not yet started."""
    return [
        threading.Thread(target=_run, args=(context, stop), name=f"post-{number}", daemon=True)
        for number in range(context.settings.senders)
    ]


def deliver(context: WorkerContext, stop: threading.Event) -> int:
    """Send some of what is due; how much that was."""
    return runner.run_due(context, AT_ONCE, stop=stop.is_set, kinds=jobs.POST)


def _digest(context: WorkerContext) -> None:
    with context.database.read() as connection:
        due = digests.are_due(connection)
    if due:
        context.database.write(digests.queue_due)


def _run(context: WorkerContext, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            _digest(context)
            done = deliver(context, stop)
        except Exception:
            log.exception("Will go on sending in %d s", LOOK_SECONDS)
            done = 0
        if not done:
            stop.wait(LOOK_SECONDS)
