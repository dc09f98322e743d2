"""The processes of one `registry serve`: started together, kept alive, stopped together.

A child that dies is started again, a little later each time. One that keeps dying, or that ends at once
with USER_ERROR because something is wrong that only its operator can put right, takes the rest with it.
"""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

# A child's exit code after it has said in one line what is wrong.
USER_ERROR = 2
# A child that dies sooner than this many seconds after its start died "at once".
AT_ONCE = 10.0
MOST_DEATHS = 5
LONGEST_DELAY = 15.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POLL = 0.05


@dataclass
class Child:
    """One process: a name for the log, and its command."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    # Deaths in a row that came at once.
    deaths: int = 0
    due: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """A process group of its own, so that Ctrl-C reaches the supervisor alone, which stops in order."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def wait(self, seconds: float) -> None:
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)


class Supervisor:
    """Runs ``children`` until a signal; ``grace`` is how many seconds they are given to end in order.

    ``is_ready`` is polled, and ``on_ready`` is called when it holds for the first time.
    """

    def __init__(
        self,
        children: Sequence[Child],
        is_ready: Callable[[], bool],
        on_ready: Callable[[], None],
        grace: float,
    ):
        self.children = children
        self._is_ready = is_ready
        self._on_ready = on_ready
        self._grace = grace
        self._ready = False
        # What happened: a signal's number, or a child that has ended with its exit code.
        self._events: queue.SimpleQueue[int | tuple[Child, int]] = queue.SimpleQueue()

    def run(self) -> int:
        """The exit code: 0 after a signal, otherwise what went wrong."""
        with self._signals():
            try:
                return self._run()
            finally:
                self._stop()

    def _run(self) -> int:
        while True:
            self._start_due()
            match self._next_event():
                case None:
                    if not self._ready and self._is_ready():
                        self._ready = True
                        self._on_ready()
                case (child, code):
                    if (result := self._ended(child, code)) is not None:
                        return result
                case _:
                    return 0

    def _start_due(self) -> None:
        for child in self.children:
            if child.process is None and child.due <= time.monotonic():
                child.start()
                threading.Thread(target=self._wait_for, args=(child, child.process), daemon=True).start()

    def _wait_for(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        with process:  # also closes our end of its standard input
            code = process.wait()
        self._events.put((child, code))

    def _next_event(self) -> int | tuple[Child, int] | None:
        idle = all(child.process is not None for child in self.children) and self._ready
        try:
            return self._events.get(timeout=None if idle else _POLL)
        except queue.Empty:
            return None

    def _ended(self, child: Child, code: int) -> int | None:
        """Plan its next start; or the exit code of all when there is to be none."""
        child.signal(signal.SIGKILL)  # what it may have started itself
        child.process = None
        if code == USER_ERROR:
            return USER_ERROR
        now = time.monotonic()
        child.deaths = child.deaths + 1 if now - child.started < AT_ONCE else 1
        if child.deaths >= MOST_DEATHS:
            log.error("The %s process ended %d times in a row; stopping.", child.name, child.deaths)
            return 1
        child.due = now + min(LONGEST_DELAY, 0.25 * 2**child.deaths)
        log.error("The %s process ended (%s); starting it again.", child.name, _how(code))
        return None

    def _stop(self) -> None:
        """Ask all to end; after ``grace`` seconds, and to what they may have started themselves, do not ask."""
        deadline = time.monotonic() + self._grace
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in self.children:
                child.signal(number)
            for child in self.children:
                child.wait(max(0.1, deadline - time.monotonic()))

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        # `nohup` has asked for it to be ignored.
        heard = (
            _STOP_SIGNALS
            if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            else (*_STOP_SIGNALS, signal.SIGHUP)
        )
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._events.put(number)


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
