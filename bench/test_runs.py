"""What it costs to store test results and to show them, next to a bare server in the same run.

    python bench/test_runs.py [--tests 50000] [--posts 600] [--connections 4] [--json]

store     a stream of subunit version 2 read and stored in a new SQLite database, by names that nobody has had and again
          by names that are known, in tests per second of CPU; memory is what the process needs at its peak above what
          it needed before
post      results of 100 tests each, every file the only one of a run of its own, sent over so many kept-alive
          connections to `registry serve` with the ini file of development (waitress, SQLite), and (production) with
          granian's two processes in place of waitress
floor     the same number of connections POST to a server that does nothing but read the body
read      CPU milliseconds of all of the registry's processes for a GET, over many that follow one another
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

sys.path.append(str(Path(__file__).parents[1] / "tools"))

import publish
from instance import Instance, running
from read import GRANIAN
from registry import migrations
from registry.domain import test_results
from registry.models import Database, Extension, TestRun, User, Version, now
from registry.results import read_results
from results import PAGE, subunit_v2

ENV = [("1.13", "linux"), ("1.14", "linux"), ("1.14", "macos"), ("1.14", "windows")]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tests", type=int, default=50_000)
    options.add_argument("--posts", type=int, default=600)
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options.add_argument("--store", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.store:
        print(json.dumps(stored(Path(chosen.store))))
        return
    found: dict = {"tests": chosen.tests, **store(chosen.tests)}
    found["floor_posts_per_s"] = round(publish.floor(chosen.connections))
    with running() as instance:
        found |= served(instance, chosen.posts, chosen.connections)
    with running(server=GRANIAN) as instance:
        _, _, figures = posted(instance, chosen.posts, chosen.connections)
        found |= {f"production_{name}": value for name, value in figures.items()}
    print(json.dumps(found, indent=2) if chosen.json else "\n".join(f"{n:24} {v}" for n, v in found.items()))


def store(tests: int) -> dict:
    """Each in a process of its own, whose memory nothing else has grown."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-runs-") as folder:
        (Path(folder) / "stream").write_bytes(subunit_v2(tests))
        for name in ("new", "known"):
            command = [sys.executable, __file__, "--store", folder]
            said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            found[f"store_{name}_tests_per_s"] = round(tests / said["seconds"])
            found[f"store_{name}_peak_mb"] = said["peak_mb"]
    return found


def stored(folder: Path) -> dict:
    """The names of the tests are known to the second process that does this in a folder."""
    url = f"sqlite:///{folder}/registry.sqlite"
    migrations.upgrade(url)
    database = Database(url)
    run_id = database.write(make_run)
    before = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    start = time.process_time()
    with (folder / "stream").open("rb") as file, read_results(file) as results:
        database.write(add, run_id, results)
    seconds = time.process_time() - start
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    database.dispose()
    return {"seconds": seconds, "peak_mb": round((peak - before) / 1e6, 1)}


def add(session, run_id: int, results) -> None:
    test_results.add(session, session.get_one(TestRun, run_id), results)


def make_run(session, **columns) -> int:
    """A run that anybody may report to; what its making would cost is not what is measured."""
    columns = {
        "source": "owner",
        "silence": 900,
        "most": 3600,
        "deadline": now() + timedelta(hours=2),
    } | columns
    row = TestRun(uuid=str(uuid.uuid4()), tokenless=True, tests={}, extra={}, **columns)
    session.add(row)
    session.flush()
    return row.id


def posted(instance: Instance, posts: int, connections: int) -> tuple[list[int], str, dict]:
    """Results for new runs: these, the address of the version that they are of, and the figures."""
    publish.load(instance, 0.1, 1, "tested")
    publish.wait_for_all(instance)
    database = Database(f"sqlite:///{instance.database}")

    def prepare(session) -> tuple[list[int], str]:
        extension = session.scalars(select(Extension).limit(1)).one()
        version = session.scalars(select(Version).where(Version.extension_id == extension.id)).first()
        who = session.scalars(select(User.id).limit(1)).first()
        place = {
            "extension_id": extension.id,
            "version_id": version.id,
            "created_by": who,
            "package_sha256": "0" * 64,
        }
        made = [
            make_run(session, **place, host_app="brackets", host_version=host, os=system)
            for number in range(posts)
            for host, system in [ENV[number % len(ENV)]]
        ]
        return made, f"/api/v4/extensions/{extension.name}/versions/{version.version}/"

    runs, version = database.write(prepare)
    database.dispose()
    body = subunit_v2(100)
    cpu, start = instance.cpu(), time.perf_counter()
    share = [
        threading.Thread(target=post, args=(instance, runs[first::connections], body))
        for first in range(connections)
    ]
    for thread in share:
        thread.start()
    for thread in share:
        thread.join()
    took = time.perf_counter() - start
    check(instance, f"{version}test-runs/{runs[-1]}/")
    return (
        runs,
        version,
        {
            "posts_per_s": round(posts / took),
            "post_cpu_ms": round((instance.cpu() - cpu) / posts * 1000, 2),
        },
    )


def served(instance: Instance, posts: int, connections: int) -> dict:
    runs, version, found = posted(instance, posts, connections)
    paths = {
        "runs": f"{version}test-runs/?page_size=20",
        "run": f"{version}test-runs/{runs[0]}/",
        "results": f"{version}test-runs/{runs[0]}/results/?page_size=20",
        "matrix": f"{version}test-matrix/",
    }
    return found | {f"read_{name}_cpu_ms": cost(instance, path) for name, path in paths.items()}


def post(instance: Instance, runs: list[int], body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=60)
    for run in runs:
        said = asked(connection, "POST", f"/v1/post-result?test_id={run}", body)
        if said != 201:
            print(f"a POST was answered with {said}", file=sys.stderr)
            return


def check(instance: Instance, path: str) -> None:
    """What was sent is there."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=60)
    connection.request("GET", path)
    counts = json.loads(connection.getresponse().read())["counts"]
    if (counts["passed"], counts["failed"]) != (90, 10):
        raise SystemExit(f"100 tests became {counts}")


def cost(instance: Instance, path: str, times: int = 1000) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=60)
    ask: Callable[[], int] = lambda: asked(connection, "GET", path)  # noqa: E731
    if (said := ask()) != 200:
        raise SystemExit(f"{path} was answered with {said}")
    before = instance.cpu()
    for _ in range(times):
        ask()
    return round((instance.cpu() - before) / times * 1000, 2)


def asked(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> int:
    kind = {"Content-Type": "application/octet-stream"} if body else {}
    connection.request(method, path, body, kind)
    answer = connection.getresponse()
    answer.read()
    return answer.status


if __name__ == "__main__":
    main()
