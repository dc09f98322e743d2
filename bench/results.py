"""How many test results a second are read, next to the reference reader of subunit in the same run.

    python bench/results.py [--tests 50000] [--json]

A stream of subunit version 2 is made by python-subunit, with an `exists`, an `inprogress` and a result for each test
and a traceback for each tenth. In turn, so that other load hits all alike, the best of three rounds counts:

read        our reader: the stream checked, merged and every result looked at
events      python-subunit's parser, with nothing done about its events
dicts       python-subunit's parser and its StreamToDict, which merges the events of one test

The same tests are then read in each other format. Memory is what the process of our reader needs at its peak above
what it needed before.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import subunit.v2
import testtools

from registry.results import read_results

ROUNDS = 3
PAGE = os.sysconf("SC_PAGE_SIZE")
TRACEBACK = (
    b'Traceback (most recent call last):\n  File "x.py", line 3, in test\nAssertionError: 1 != 2\n' * 3
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tests", type=int, default=50_000)
    options.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options.add_argument("--memory", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.memory:
        print(memory(chosen.memory))
        return
    with tempfile.TemporaryDirectory(prefix="bench-results-") as folder:
        found = run(Path(folder), chosen.tests)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


def run(folder: Path, tests: int) -> dict:
    files = {"subunit-v2": subunit_v2(tests), "subunit-v1": subunit_v1(tests), "junit": junit(tests)}
    files |= {"tap": tap(tests), "ctrf": ctrf(tests), "json": own(tests), "refstack": refstack(tests)}
    stream = files["subunit-v2"]
    works = {"read": lambda: ours(stream), "events": lambda: events(stream), "dicts": lambda: dicts(stream)}
    seconds = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            seconds[name] = min(seconds[name], timed(work))
    found: dict = {"tests": tests, "bytes": len(stream), "formats": {}}
    found |= {f"{name}_tests_per_s": round(tests / took) for name, took in seconds.items()}
    found |= {f"times_{name}": round(seconds[name] / seconds["read"], 2) for name in ("events", "dicts")}
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        took = min(timed(lambda data=data: ours(data)) for _ in range(ROUNDS))
        command = [sys.executable, __file__, "--memory", str(path)]
        peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found["formats"][name] = {"tests_per_s": round(tests / took), "bytes": len(data), "peak_mb": peak}
    return found


def timed(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def ours(data: bytes) -> None:
    with read_results(io.BytesIO(data)) as results:
        for _ in results:
            pass


def events(data: bytes) -> None:
    subunit.v2.ByteStreamToStreamResult(io.BytesIO(data)).run(testtools.StreamResult())


def dicts(data: bytes) -> None:
    result = testtools.StreamToDict(lambda test: None)
    result.startTestRun()
    subunit.v2.ByteStreamToStreamResult(io.BytesIO(data)).run(result)
    result.stopTestRun()


def memory(path: str) -> float:
    """Megabytes that reading this file adds to the process at its peak."""
    with open(path, "rb") as file:
        before = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
        with read_results(file) as results:
            for _ in results:
                pass
        status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return round((peak - before) / 1e6, 1)


def names(tests: int):
    return (f"tests.package.test_module_{n // 50}.TestCase.test_number_{n}" for n in range(tests))


def subunit_v2(tests: int) -> bytes:
    out = io.BytesIO()
    stream = subunit.v2.StreamResultToBytes(out)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for name in names(tests):
        stream.status(test_id=name, test_status="exists", timestamp=now)
    for number, name in enumerate(names(tests)):
        now += timedelta(milliseconds=3)
        stream.status(test_id=name, test_status="inprogress", timestamp=now, test_tags={"worker-0"})
        if fails(number):
            stream.status(
                test_id=name, file_name="traceback", mime_type="text/plain;charset=utf8", file_bytes=TRACEBACK
            )
        now += timedelta(milliseconds=3)
        status = "fail" if fails(number) else "success"
        stream.status(test_id=name, test_status=status, timestamp=now, test_tags={"worker-0"})
    return out.getvalue()


def subunit_v1(tests: int) -> bytes:
    def lines():
        for number, name in enumerate(names(tests)):
            label = name.encode()
            yield b"time: 2026-01-01 10:00:00.000000Z\ntest: %b\ntime: 2026-01-01 10:00:01.000000Z\n" % label
            yield b"failure: %b [\n%b]\n" % (label, TRACEBACK) if fails(number) else b"success: %b\n" % label

    return b"".join(lines())


def junit(tests: int) -> bytes:
    def cases():
        for number, name in enumerate(names(tests)):
            class_name, _, test = name.rpartition(".")
            failure = f'<failure message="1 != 2">{TRACEBACK.decode()}</failure>' if fails(number) else ""
            yield f'<testcase classname="{class_name}" name="{test}" time="0.003">{failure}</testcase>\n'

    return ("<testsuites><testsuite>" + "".join(cases()) + "</testsuite></testsuites>").encode()


def tap(tests: int) -> bytes:
    def lines():
        for number, name in enumerate(names(tests)):
            yield f"{'not ok' if fails(number) else 'ok'} {number + 1} - {name}\n  ---\n  duration_ms: 3.1\n  ...\n"

    return (f"TAP version 13\n1..{tests}\n" + "".join(lines())).encode()


def ctrf(tests: int) -> bytes:
    found = [
        {"name": name, "status": "failed", "duration": 3, "message": "1 != 2", "trace": TRACEBACK.decode()}
        if fails(number)
        else {"name": name, "status": "passed", "duration": 3}
        for number, name in enumerate(names(tests))
    ]
    return json.dumps(
        {"reportFormat": "CTRF", "results": {"tool": {"name": "bench"}, "tests": found}}
    ).encode()


def own(tests: int) -> bytes:
    found = [
        {"id": name, "status": "failed" if fails(number) else "passed", "duration": 0.003}
        for number, name in enumerate(names(tests))
    ]
    return json.dumps({"results": found}).encode()


def refstack(tests: int) -> bytes:
    return json.dumps({"cpid": "bench", "duration_seconds": 90, "results": list(names(tests))}).encode()


def fails(number: int) -> bool:
    return number % 10 == 0


def table(found: dict) -> str:
    lines = [
        f"{found['tests']} tests as subunit v2, {found['bytes'] / 1e6:.1f} MB, in tests per second of CPU:",
        f"  read    {found['read_tests_per_s']:>9,}",
        f"  events  {found['events_tests_per_s']:>9,}   read is {found['times_events']} times as fast",
        f"  dicts   {found['dicts_tests_per_s']:>9,}   read is {found['times_dicts']} times as fast",
        "",
        f"{'format':12} {'tests/s':>9} {'MB':>7} {'peak MB':>8}",
    ]
    for name, row in found["formats"].items():
        lines.append(f"{name:12} {row['tests_per_s']:>9,} {row['bytes'] / 1e6:>7.1f} {row['peak_mb']:>8.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
