"""The supervisor with children that do as they are told."""

import sys
import time
from pathlib import Path

import pytest

from registry.serving import supervisor as module
from registry.serving.supervisor import USER_ERROR, Child, Supervisor
from support.serving import gone, until

SLEEP = "import time; time.sleep(60)"
STOP_PARENT = "import os, signal; os.kill(os.getppid(), signal.SIGTERM); "


def child(name: str, code: str) -> Child:
    return Child(name, [sys.executable, "-c", code])


def supervise(*children: Child, is_ready=lambda: True, on_ready=lambda: None, grace: float = 4) -> int:
    return Supervisor(children, is_ready, on_ready, grace).run()


def ended(one: Child) -> bool:
    return one.process is None or one.process.returncode is not None


def test_a_signal_ends_all_children_and_counts_as_success():
    one, other = child("one", SLEEP), child("other", STOP_PARENT + SLEEP)

    assert supervise(one, other) == 0
    assert ended(one)
    assert ended(other)


def test_a_child_that_does_not_want_to_end_is_ended():
    stubborn = child(
        "stubborn", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STOP_PARENT + SLEEP
    )
    began = time.monotonic()

    assert supervise(stubborn, grace=0.2) == 0
    assert ended(stubborn)
    assert time.monotonic() - began < 30


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_what_a_child_has_started_ends_with_it(tmp_path):
    file = tmp_path / "pid"
    start = f"import subprocess, sys; other = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); "
    note = f"print(other.pid, file=open({str(file)!r}, 'w'), flush=True); "

    assert supervise(child("parent", start + note + STOP_PARENT + SLEEP)) == 0
    until(lambda: gone(int(file.read_text())), "the child's own child has ended")


def test_a_child_that_dies_is_started_again(tmp_path, caplog):
    mark = tmp_path / "mark"
    weak = f"import pathlib, sys; mark = pathlib.Path({str(mark)!r})\nif not mark.exists(): mark.touch(); sys.exit(3)\n"

    assert supervise(child("weak", weak + STOP_PARENT + SLEEP)) == 0
    assert caplog.messages == ["The weak process ended (exit code 3); starting it again."]


def test_one_that_dies_again_and_again_stops_all(monkeypatch, caplog):
    monkeypatch.setattr(module, "LONGEST_DELAY", 0.01)
    steady = child("steady", SLEEP)

    assert supervise(steady, child("dying", "raise SystemExit(3)")) == 1
    assert ended(steady)
    assert caplog.messages[-1] == "The dying process ended 5 times in a row; stopping."


def test_a_childs_own_refusal_stops_all_and_is_the_answer(caplog):
    steady = child("steady", SLEEP)

    assert supervise(steady, child("refusing", f"raise SystemExit({USER_ERROR})")) == USER_ERROR
    assert ended(steady)
    assert caplog.messages == []


def test_it_says_once_that_all_is_ready():
    said = []
    answers = iter([False, False, True])
    waiting = child("waiting", SLEEP)

    def on_ready():
        said.append(waiting.process.pid)
        module.os.kill(module.os.getpid(), module.signal.SIGTERM)

    assert supervise(waiting, is_ready=lambda: next(answers), on_ready=on_ready) == 0
    assert said == [waiting.process.pid]


def test_what_goes_wrong_when_ready_leaves_nobody_behind():
    left = child("left", SLEEP)

    def on_ready():
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError):
        supervise(left, on_ready=on_ready)
    assert ended(left)
