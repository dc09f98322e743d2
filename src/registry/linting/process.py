"""Having a package judged by ``addons-linter``, in a process group that ends with it."""

import contextlib
import logging
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from registry.linting import SELF_HOSTED, NoVerdict
from registry.linting.report import Report, read_report

log = logging.getLogger(__name__)

OUTPUT_BYTES = 16 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_NOT_STARTED = 127
# What node may use of its memory for its heap; the rest is for buffers and the program itself.
_HEAP_SHARE = 0.75
_MIB = 1024 * 1024
_SAID_BYTES = 2000
# It gives up on a package with such a file in it.
_TOO_LARGE = re.compile(r'^Error: File "(.{1,200})" is too large\. Aborting\.$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Linter:
    """The ``program`` and what each run of it may use: ``seconds`` of wall time, bytes of ``memory``."""

    program: str
    seconds: int
    memory: int


def lint(linter: Linter, package: Path, tool: str, scratch: Path) -> Report:
    """What ``tool`` says of the file ``package``; ``scratch`` is an empty folder for this run. Raises NoVerdict."""
    arguments = [str(package), "--boring", "--output=json"]
    if tool == SELF_HOSTED:
        arguments.append("--self-hosted")
    with (scratch / "output").open("w+b") as output, (scratch / "errors").open("w+b") as errors:
        status = _run(linter, arguments, scratch, output, errors)
        size = output.seek(0, os.SEEK_END)
        if size >= OUTPUT_BYTES:
            raise NoVerdict(f"The validator said more than {OUTPUT_BYTES // _MIB} MiB about this package.")
        if status in (0, 1) and size:
            output.seek(0)
            return read_report(output.read(), status)
        said = _end_of(errors)
    log.error("The linter ended with status %d: %r", status, said)
    raise NoVerdict(_why(linter, status, said))


def _run(linter: Linter, arguments: Sequence[str], scratch: Path, output: BinaryIO, errors: BinaryIO) -> int:
    """The exit status, below zero for a signal. Nothing of its process group is left. Raises NoVerdict."""
    limits = map(str, (2 * linter.seconds, linter.memory, OUTPUT_BYTES))
    process = subprocess.Popen(  # noqa: S603 - the operator's program
        [sys.executable, "-I", str(_CHILD), *limits, str(Path(linter.program).absolute()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=scratch,
        env=_environment(linter, scratch),
        start_new_session=True,
    )
    try:
        finished = _ends(process.pid, linter.seconds)
    finally:
        # Before it is reaped, so that its number cannot be somebody else's.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if not finished:
        raise NoVerdict(f"The validator did not come to an end within {linter.seconds} seconds.")
    return process.returncode


def _ends(pid: int, seconds: int) -> bool:
    """Whether the process ends within so many seconds; it is not reaped."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _environment(linter: Linter, scratch: Path) -> Mapping[str, str]:
    """Where programs are, and nothing else of the worker's: that may hold secrets."""
    heap = int(linter.memory * _HEAP_SHARE) // _MIB
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "NODE_OPTIONS": f"--max-old-space-size={heap}",
    }


def _end_of(file: BinaryIO) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _SAID_BYTES))
    return file.read().decode("utf-8", "replace").strip()


def _why(linter: Linter, status: int, said: str) -> str:
    if status == _NOT_STARTED:
        return "The validator is not installed where the registry looks for it."
    if large := _TOO_LARGE.search(said):
        return f"The validator reads no file as large as {large[1]}."
    if -status in (signal.SIGABRT, signal.SIGSEGV, signal.SIGTRAP, signal.SIGILL):
        return f"The validator crashed; perhaps it needs more than the {linter.memory // _MIB} MiB that it may use."
    return f"The validator ended with status {status} before it had judged the package."
