"""`registry` run as people run it: a process of its own, with an ini file."""

import contextlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

REGISTRY = Path(sys.executable).with_name("registry")
ROOT = Path(__file__).parent.parent.parent
# Generous, because test machines are busy; a test that passes does not wait.
PATIENCE = 30


class Run:
    """A running command; what it says is collected line by line."""

    def __init__(self, *arguments: object):
        self.process = subprocess.Popen(
            [REGISTRY, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        for stream, kept in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self._collect, args=(stream, kept), daemon=True).start()

    def _collect(self, stream, kept: list[str]) -> None:
        with stream:
            for line in stream:
                kept.append(line.rstrip("\n"))
                self._news.put(line)
        self._news.put(None)

    def wait_for(self, text: str) -> str:
        """The first line on either stream that holds ``text``."""
        while True:
            for line in [*self.lines, *self.errors]:
                if text in line:
                    return line
            if self._news.get(timeout=PATIENCE) is None and self.process.poll() is not None:
                raise AssertionError(f"ended without {text!r}: {self.lines} {self.errors}")

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in text.split()]


@contextlib.contextmanager
def running(*arguments: object) -> Iterator[Run]:
    run = Run(*arguments)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.stop(signal.SIGTERM)


def refused(*arguments: object) -> str:
    """The one line that a command ends with when something about it is wrong."""
    done = subprocess.run(
        [REGISTRY, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line.removeprefix("registry: ")


def write_ini(
    folder: Path,
    database_url: str,
    app: Mapping[str, str] | None = None,
    *,
    template: str = "development.ini",
    server: Mapping[str, object] | None = None,
) -> Path:
    """An ini file of the project, moved to ``folder`` and to a free port, with some keys changed."""
    port = free_port()
    keys = {
        "registry.public_url": f"http://127.0.0.1:{port}",
        "registry.storage": f"file:{folder}/var/store",
        "sqlalchemy.url": database_url,
        "signing.issuer": f"pem:{folder}/var/signing",
        "huey.filename": f"{folder}/var/queue.sqlite",
        "port": port,
        **(app or {}),
        **(server or {}),
    }
    lines = []
    for line in (ROOT / template).read_text().splitlines():
        key = line.partition("=")[0].strip()
        lines.append(f"{key} = {str(keys.pop(key)).replace('%', '%%')}" if key in keys else line)
    for section, own in (("[server:main]", server or {}), ("[app:main]", keys)):
        at = lines.index(section) + 1
        lines[at:at] = [f"{key} = {keys.pop(key)}" for key in list(own) if key in keys]
    path = folder / "registry.ini"
    path.write_text("\n".join([*lines, ""]))
    return path


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def gone(pid: int) -> bool:
    """Whether a process has ended, be it reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came about: {what}")
        time.sleep(0.02)
