"""Children that never outlive their parent, however it dies.

A child has one end of a pipe as its standard input and the parent holds the other. Nothing is ever
written; the operating system closes the parent's end when the parent is gone, even by `kill -9`.
"""

import os
import signal
import sys
import threading

# How many seconds a process may take to end in order: for development, and for production, where
# somebody's upload may be half way.
GRACE = 4.0
LONG_GRACE = 30.0


def hold(descriptor: int | None = None) -> None:
    """In a child: end this process when the parent's end of the pipe is closed."""
    fd = sys.stdin.fileno() if descriptor is None else descriptor
    threading.Thread(target=_wait, args=(fd,), name="lifeline", daemon=True).start()


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    end()


def end() -> None:
    """End this process in order, or after LONG_GRACE seconds without."""
    timer = threading.Timer(LONG_GRACE, os._exit, args=(1,))
    timer.daemon = True
    timer.start()
    os.kill(os.getpid(), signal.SIGTERM)
