"""One test run, from its configuration to its results. However it ends, the registry hears of it."""

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from cryptography import x509

from registry.runner import command, package
from registry.runner.command import Command
from registry.runner.faults import Cancelled, Exit, RunFault, Stopped
from registry.runner.reporting import Heartbeat, Reporter

STDOUT = "-"
_READ_WITHIN = 120  # seconds that the registry may take to read a large file
_TARGET = ("name", "version", "package_url", "package_sha256", "package_size")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the operator wants. ``results`` are paths below the package's folder, or STDOUT; ``every`` is in seconds."""

    command: Command
    roots: Sequence[x509.Certificate]
    identity: str | None
    results: Sequence[str]
    every: float


def run(reporter: Reporter, order: Order, tell: Callable[[str], None]) -> int:
    """Do the run, and tell people about it: an Exit, or 128 and the number of the signal that ended it."""
    try:
        with (
            _signals(),
            tempfile.TemporaryDirectory(prefix="registry-runner-", ignore_cleanup_errors=True) as folder,
        ):
            try:
                return _outcome(_run(reporter, order, Path(folder), tell), tell)
            except Cancelled:
                raise
            except RunFault as fault:
                _report(reporter, fault)
                raise
    except Stopped as stopped:
        tell(str(stopped))
        return stopped.status
    except RunFault as fault:
        tell(str(fault))
        return fault.code


def _run(reporter: Reporter, order: Order, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    told = reporter.configuration()
    target = told.get("target", {})
    if any(not target.get(name) for name in _TARGET):
        raise RunFault("This run is of no version; there is nothing to test.", Exit.REGISTRY)
    verified = package.obtain(reporter, target, folder / "package", order.roots, order.identity)
    tell(f"{target['name']} {target['version']}: signed for {verified.identity}, {verified.entries} files.")
    (folder / "miniconf.json").write_text(json.dumps(told))
    names = {"REGISTRY_PACKAGE": str(folder / "package"), "REGISTRY_MINICONF": str(folder / "miniconf.json")}
    try:
        status = _execute(reporter, order, folder, names)
    except Cancelled:
        raise
    except RunFault as fault:
        _send_what_there_is(reporter, order, folder)
        raise fault
    finally:
        _show(folder / "errors", tell)
    return _send(reporter, order, folder, status)


def _execute(reporter: Reporter, order: Order, folder: Path, names: dict[str, str]) -> int:
    text = "The tests are running."
    reporter.say(text)
    with Heartbeat(reporter.say, text, order.every) as heartbeat:

        def look() -> None:
            if heartbeat.ended is not None:
                raise heartbeat.ended

        return command.run(order.command, folder / "package", folder, names, look)


def _send(reporter: Reporter, order: Order, folder: Path, status: int) -> dict[str, Any]:
    found = {name: _file(name, folder) for name in order.results}
    if missing := [name for name, path in found.items() if path is None]:
        # What one suite has not said must not be made up for by what another one has.
        _send_what_there_is(reporter, order, folder)
        named = " or ".join("its standard output" if name == STDOUT else name for name in missing)
        text = f"The command ended with the status {status}, without results in {named}."
        raise RunFault(text, Exit.NO_RESULTS, status)
    files = list(filter(None, found.values()))
    reporter.say("The tests have ended.", exit_code=status, state="uploading")
    answer: dict[str, Any] = {}
    for file in files:
        try:
            answer = reporter.send(file, last=file == files[-1])
        except Cancelled:
            raise
        except RunFault as fault:
            raise RunFault(str(fault), fault.code, status) from fault
    return _read(reporter, answer)


def _read(reporter: Reporter, answer: dict[str, Any]) -> dict[str, Any]:
    """The run when its results have been read, which takes the registry a while where they are many."""
    deadline = time.monotonic() + _READ_WITHIN
    while answer.get("finished") is None and time.monotonic() < deadline:
        time.sleep(1)
        answer = reporter.look(answer)
    return answer


def _send_what_there_is(reporter: Reporter, order: Order, folder: Path) -> None:
    """Results of tests that came to an end before their program was ended count for something, too."""
    with contextlib.suppress(RunFault):
        for file in filter(None, (_file(name, folder) for name in order.results)):
            reporter.send(file, last=False, hasty=True)


def _file(name: str, folder: Path) -> Path | None:
    """A file of results, if it is there and says something. Links lead nowhere outside."""
    package_folder = folder / "package"
    path = folder / "output" if name == STDOUT else (package_folder / name).resolve()
    inside = name == STDOUT or path.is_relative_to(package_folder.resolve())
    return path if inside and path.is_file() and path.stat().st_size else None


def _report(reporter: Reporter, fault: RunFault) -> None:
    """The registry learns why; if it cannot be told, its clock will end the run."""
    with contextlib.suppress(RunFault):
        reporter.say(
            "The run failed.", hasty=isinstance(fault, Stopped), error=str(fault), exit_code=fault.exit_code
        )


def _outcome(answer: dict[str, Any], tell: Callable[[str], None]) -> int:
    outcome = answer.get("outcome")
    counts = answer.get("counts") or {}
    tell(
        f"{outcome or 'not read yet'}: "
        + (", ".join(f"{number} {name}" for name, number in counts.items() if number) or "no tests")
        + f" ({answer.get('url')})"
    )
    return Exit.PASSED if outcome in ("passed", "pass_only") else Exit.NOT_PASSED


def _show(path: Path, tell: Callable[[str], None]) -> None:
    """The end of what the command said to its operator."""
    if path.is_file():
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16 * 1024))
            for line in file.read().decode(errors="replace").splitlines():
                tell(f"    {line}")


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Whoever stops the runner ends the run; a second signal does not hinder the first one's cleaning up."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number, signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
