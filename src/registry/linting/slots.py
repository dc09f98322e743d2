"""How many linters run at once on one machine, whatever number of workers it has.

A slot is a lock on a file, which the kernel lets go when its holder dies, and a folder that is emptied before each use:
so what a killed worker leaves behind goes with the next package.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from registry.linting import NoVerdict

LOOK_SECONDS = 0.1


@contextlib.contextmanager
def slot(folder: Path, most: int, patience: float) -> Iterator[Path]:
    """An empty folder, private to this user, for as long as the block runs.

    Waits until fewer than ``most`` are taken, for ``patience`` seconds; then raises NoVerdict.
    """
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + patience
    while True:
        for number in range(most):
            with (folder / f"{number}.lock").open("w") as lock:
                if _taken(lock.fileno()):
                    continue
                scratch = folder / str(number)
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir(mode=0o700)
                try:
                    yield scratch
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
                return
        if time.monotonic() > end:
            raise NoVerdict("The validator is busy with other packages.")
        time.sleep(LOOK_SECONDS)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
