"""How fast it is read: requests per second against nginx on the same bytes in the same run, and CPU for each request.

    python bench/read.py [--sizes 1000 10000 110000] [--seconds 3] [--json]

For each size a catalogue is made (``corpus.py``) and served as in production: granian with 2 processes, SQLite, one
worker. wrk asks over 8 connections and accepts gzip; nginx serves, with 2 processes, a file that holds the very bytes
of the answer. CPU is that of all the registry's processes, from /proc.

kept        what has been asked for before: detail, list, popular search, whole documents, updates
cold        what has not: each request another extension, or another search of at most 1,000 hits, one half of them
            one after another, the other (busy) over 8 connections; the floor is what is kept, asked for alike
download    a file of 20 KB through Python, counted
visible     seconds from the answer to a publish's signature until readers are shown it
"""

import argparse
import asyncio
import contextlib
import functools
import http.client
import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tools"))

import corpus
from instance import Instance, Server, free_port, running
from publish import package
from registry import migrations
from registry.domain import credentials
from registry.models import Database

GRANIAN = {"use": "call:registry.serving.granian_server:factory", "workers": "2", "threads": "8"}
CONNECTIONS = 8
COLD = 4000
PATIENCE = 120
ANY = "*/*"
KEPT = {
    "detail": "/api/v4/extensions/{name}/",
    "list": "/api/v4/extensions/?page=2",
    "search": "/api/v4/extensions/?q={word}",
    "changes, nothing new": "/api/v4/changes/?since={seq}",
    "registry.json": "/registry.json",
    "/list": "/list",
    "listing": "/api/v4/listing/",
}
SHOWN = {
    "detail": "/api/v4/extensions/{name}/",
    "list": "/api/v4/extensions/?sort=updated",
    "changes": "/api/v4/changes/?since={seq}",
    "registry.json": "/registry.json",
    "listing": "/api/v4/listing/",
}

# Asks at a port for a path, so many seconds, accepting that: requests per second, and how many there were.
Load = Callable[[int, str, float, str], tuple[float, int]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 110_000])
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    if not (shutil.which("wrk") and shutil.which("nginx")):
        sys.exit("This needs wrk and nginx; on Debian and Ubuntu: apt install wrk nginx-light")
    results = {}
    for size in chosen.sizes:
        with running(server=GRANIAN, prepare=functools.partial(fill, count=size)) as instance:
            results[size] = measure(instance, size, chosen.seconds)
        if not chosen.json:
            print(f"\n{size} extensions")
            for name, figures in results[size].items():
                print(f"  {name:28}" + "".join(f"  {key} {value:>10}" for key, value in figures.items()))
    if chosen.json:
        print(json.dumps(results, indent=2))


def fill(url: str, count: int) -> str:
    """A catalogue, and the token of somebody who may publish."""
    migrations.upgrade(url)
    database = Database(url)
    corpus.fill(database, count)
    token = database.write(
        lambda session: credentials.create_token(
            session, credentials.create_user(session, "bench"), "bench", scopes=["publish"]
        )
    )
    database.dispose()
    return token


def measure(instance: Instance, size: int, seconds: float) -> dict[str, dict[str, float]]:
    names = [name for (name,) in query(instance, f"SELECT name FROM extension LIMIT {COLD + 1}")]
    words = corpus.Words(random.Random(1)).all
    found = {"name": names[0], "word": words[3], "seq": newest(instance)}
    wait_for_documents(instance, size)
    results = {}
    for what, path in KEPT.items():
        results[f"kept: {what}"] = kept(instance, path.format(**found), seconds)
    results["cold: floor"] = cold(instance, [KEPT["detail"].format(**found)] * COLD)
    results["cold: detail"] = cold(instance, [f"/api/v4/extensions/{name}/" for name in names[1:]])
    # So rare that each is in at most about 1,000 of them.
    rare = words[size // 90 :][:COLD]
    results["cold: search"] = cold(instance, [f"/api/v4/extensions/?q={word}" for word in rare])
    return results | published(instance, seconds)


def query(instance: Instance, statement: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(instance.database)) as database:
        return database.execute(statement).fetchall()


def newest(instance: Instance) -> int:
    return query(instance, "SELECT max(changed) FROM extension")[0][0]


def kept(
    server: Server, path: str, seconds: float, *, accept: str = ANY, load: Load | None = None
) -> dict[str, float]:
    """One path over and over; ``load`` asks in another way than wrk."""
    body = get(server.port, path, accept=accept)
    with nginx(body) as (port, file):
        before = wrk(port, f"/{file}", seconds / 2, ANY)[0]
        cpu = server.cpu()
        rate, count = (load or wrk)(server.port, path, seconds, accept)
        used = server.cpu() - cpu
        after = wrk(port, f"/{file}", seconds / 2, ANY)[0]
    return {
        "bytes": len(body),
        "per_s": float(f"{rate:.3g}") if rate < 100 else round(rate),
        "cpu_ms": round(used / count * 1000, 3),
        "of_nginx": float(f"{rate / ((before + after) / 2):.3g}"),
    }


def cold(server: Server, paths: list[str], accept: str = ANY) -> dict[str, float]:
    """Each path once: one half of them one after another, the other over CONNECTIONS at a time."""
    warm, half = len(paths) // 50, len(paths) // 2
    connection, times = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE), []
    for path in paths[:half]:
        if len(times) == warm:
            cpu = server.cpu()
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path} {answer.status}")
    alone, times = server.cpu() - cpu, sorted(times[warm:])
    cpu = server.cpu()
    asyncio.run(ask_at_once(server.port, paths[half:], accept))
    return {
        "p50_ms": round(times[len(times) // 2], 2),
        "p99_ms": round(times[int(len(times) * 0.99)], 2),
        "cpu_ms": round(alone / len(times) * 1000, 3),
        "busy_cpu_ms": round((server.cpu() - cpu) / (len(paths) - half) * 1000, 3),
    }


async def ask_at_once(port: int, paths: list[str], accept: str) -> None:
    """Each path once, over CONNECTIONS; the next as soon as one is answered."""
    waiting = iter(paths)

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        for path in waiting:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {accept}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"{path} {head!r}")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))


def published(instance: Instance, seconds: float) -> dict[str, dict[str, float]]:
    """Publish something new, and see when it shows; then fetch its file."""
    seq, name = newest(instance), "bench-of-reading"
    address = publish(instance, name)
    began = time.monotonic()
    waiting = {what: path.format(name=name, seq=seq) for what, path in SHOWN.items()}
    visible: dict[str, float] = {}
    while waiting:
        for what, path in list(waiting.items()):
            if f'"{name}"'.encode() in get(instance.port, path, plain=True, status=None):
                visible[what] = round(time.monotonic() - began, 2)
                del waiting[what]
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"never shown: {waiting}")
        time.sleep(0.02)
    results = {"visible after, s": visible}
    for what, path in {"versioned": f"{address}download", "flat": f"/{name}-1.0.0.zip"}.items():
        results[f"download: {what}"] = kept(instance, path, seconds)
    return results


def publish(instance: Instance, name: str) -> str:
    """A package of 20 KB, signed when this returns; the address of its version."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=PATIENCE)
    connection.request("POST", "/api/v4/extensions/", package(name, 1), {"Auth-Token": instance.token})
    connection.getresponse().read()
    address = f"/api/v4/extensions/{name}/versions/1.0.0/"
    connection.request("GET", f"{address}?wait=20", headers={"Auth-Token": instance.token})
    answer = json.loads(connection.getresponse().read())
    if answer.get("state") != "signed":
        raise SystemExit(f"not signed: {answer}")
    return address


def wait_for_documents(instance: Instance, count: int) -> None:
    """Until the worker has made the whole documents of what is there."""
    deadline = time.monotonic() + PATIENCE
    while get(instance.port, "/api/v4/listing/", plain=True, status=None).count(b'"versions_url"') < count:
        if time.monotonic() > deadline:
            raise SystemExit("the whole documents were not made in time")
        time.sleep(0.5)


def get(port: int, path: str, *, accept: str = ANY, plain: bool = False, status: int | None = 200) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Accept": accept} | ({} if plain else {"Accept-Encoding": "gzip"})
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if status is not None and answer.status != status:
        raise SystemExit(f"{path} {answer.status}: {body[:500]!r}")
    connection.close()
    return body


def wrk(port: int, path: str, seconds: float, accept: str) -> tuple[float, int]:
    """Requests per second, and how many there were."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{max(1, round(seconds))}s",
        "-H",
        "Accept-Encoding: gzip",
        "-H",
        f"Accept: {accept}",
    ]
    run = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in run.stdout or "Socket errors" in run.stdout:
        raise SystemExit(f"{path}\n{run.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    count = re.search(r"(\d+) requests in", run.stdout)
    if rate is None or count is None:
        raise SystemExit(run.stdout)
    return float(rate[1]), int(count[1])


@contextlib.contextmanager
def nginx(body: bytes) -> Iterator[tuple[int, str]]:
    """nginx with a file that holds ``body``: its port and the file's name."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="registry-bench-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "answer.json").write_bytes(body)
        (folder / "nginx.conf").write_text(f"""
worker_processes 2; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
""")
        process = subprocess.Popen(
            ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    get(port, "/answer.json")
                    break
                time.sleep(0.05)
            yield port, "answer.json"
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()
