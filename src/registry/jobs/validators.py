"""The threads that have packages validated, at most as many as there may be linters at once.

They are not told of work, they look. What a verdict lets go on is signed at once, by the same thread.
"""

import logging
import threading

from registry.domain.validation import SIGN, VALIDATE
from registry.jobs import runner
from registry.jobs.base import WorkerContext

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
PAUSE_SECONDS = 1.0
# More than there are threads: others may be at the first of them.
SIGN_AT_ONCE = 20


def threads(context: WorkerContext, stop: threading.Event) -> list[threading.Thread]:
    """The threads of one worker, not yet started; none where no validator is configured."""
    settings = context.settings
    return [
        threading.Thread(target=_run, args=(context, stop), name=f"validators-{number}", daemon=True)
        for number in range(settings.validators_at_once if settings.addons_linter else 0)
    ]


def _run(context: WorkerContext, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            done = runner.run_due(context, 1, kinds=(VALIDATE,))
            if done:
                runner.run_due(context, SIGN_AT_ONCE, kinds=(SIGN,))
        except Exception:
            log.exception("Will go on validating in %d s", PAUSE_SECONDS)
            stop.wait(PAUSE_SECONDS)
            continue
        if not done:
            stop.wait(LOOK_SECONDS)
