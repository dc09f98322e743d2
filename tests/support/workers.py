"""Worker processes: ``WorkerProcess(ini)`` starts one as `registry worker` does; as a program it is one.

With ``linger`` seconds its store takes up to so long before and after a file gets its place, so that a
test can kill it in the midst of work.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PATIENCE = 30.0


class WorkerProcess:
    """A worker in a process group of its own; a context that leaves no process behind."""

    def __init__(self, ini: Mapping[str, str], *, linger: float = 0):
        self.process = subprocess.Popen(
            [sys.executable, __file__, json.dumps([dict(ini), linger])],
            start_new_session=True,
        )

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit status after this signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def eventually(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for another process to make it true."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.002)


def main(ini: dict[str, str], linger: float) -> int:
    from registry import settings, storage
    from registry.jobs.worker import run_worker

    if linger:
        keep = storage.FileStorage.keep

        def slowly(self: storage.FileStorage, path: Path, sha256: str) -> None:
            time.sleep(random.uniform(0, linger))
            keep(self, path, sha256)
            time.sleep(random.uniform(0, linger))

        storage.FileStorage.keep = slowly  # type: ignore[method-assign]
    return run_worker(ini, settings.read(ini))


if __name__ == "__main__":
    sys.exit(main(*json.loads(sys.argv[1])))
