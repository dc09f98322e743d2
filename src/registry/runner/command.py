"""The operator's program: run for so long, heard out for so much, and ended with all that it started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.runner.faults import Exit, RunFault

MIB = 1024 * 1024
_LOOK_EVERY = 0.05  # seconds
# <linux/prctl.h>
_SET_DUMPABLE, _SET_CHILD_SUBREAPER = 4, 36


@dataclass(frozen=True, kw_only=True)
class Command:
    """``arguments`` begin with the program. ``seconds`` it may run, bytes of ``output`` it may write to each stream.

    ``passed_on`` are names of variables that it gets from the runner's own environment.
    """

    arguments: Sequence[str]
    seconds: float
    output: int
    passed_on: Sequence[str] = field(default=())


def guard() -> None:
    """Keep other processes of this user from reading this one, and inherit what its children leave behind.

    Where the system cannot do so (it is Linux's), what left its process group is not ended, and the token's variable
    can be read by processes of the same user.
    """
    with contextlib.suppress(OSError, AttributeError):
        call = ctypes.CDLL(None).prctl
        call(_SET_DUMPABLE, 0, 0, 0, 0)
        call(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(
    command: Command, folder: Path, scratch: Path, told: Mapping[str, str], look: Callable[[], None]
) -> int:
    """Run it in ``folder``, with ``told`` in its environment: its exit status, below zero for a signal.

    What it says is in the files ``output`` and ``errors`` of ``scratch``. ``look`` is called all the while, and raises
    what is to end it. Raises RunFault too where it cannot be started, takes too long or says too much.
    """
    with (scratch / "output").open("xb") as output, (scratch / "errors").open("xb") as errors:
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's program
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=folder,
                env={**_environment(command, scratch), **told},
                start_new_session=True,
            )
        except OSError as error:
            text = f"{command.arguments[0]} cannot be started: {error.strerror}."
            raise RunFault(text, Exit.NO_RESULTS) from error
        try:
            _wait(process.pid, command, [output.fileno(), errors.fileno()], look)
        finally:
            # Before it is reaped, so that its number cannot be somebody else's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _end_orphans()
    return process.returncode


def _wait(pid: int, command: Command, streams: Sequence[int], look: Callable[[], None]) -> None:
    deadline = time.monotonic() + command.seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        look()
        if time.monotonic() > deadline:
            text = f"The command did not come to an end within {command.seconds:g} seconds."
            raise RunFault(text, Exit.NO_RESULTS)
        _check_sizes(command, streams)
        time.sleep(_LOOK_EVERY)
    _check_sizes(command, streams)


def _check_sizes(command: Command, streams: Sequence[int]) -> None:
    if any(os.fstat(stream).st_size > command.output for stream in streams):
        raise RunFault(f"The command wrote more than {command.output / MIB:g} MiB.", Exit.NO_RESULTS)


def _end_orphans() -> None:
    """What left the process group, and has come down to this process since its parent ended."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while children.exists() and (pids := children.read_text().split()):
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _environment(command: Command, scratch: Path) -> dict[str, str]:
    """Where programs are, what the operator passes on, and nothing else: the rest may hold secrets."""
    home = scratch / "home"
    home.mkdir()
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in command.passed_on if name in os.environ},
    }
