"""How many packages a second go from POST to signed, and how long one of them takes.

    python bench/publish.py [--seconds 20] [--connections 4] [--json]

`registry serve` runs with the ini file of development (waitress, SQLite, one worker). Packages of 20 KB,
each another new extension, are sent over so many kept-alive connections by a process of its own. When a
version became signed is read from the event that its transaction wrote, on the same clock as the POST.

sustained   packages signed in the time from the first POST to the last signature
publish     from the first byte of the request to the 202
signed      from the first byte of the request to the commit that made it signed
idle        one package at a time with a pause between, waited for with ?wait=, to the answer that says so
floor       the same POST answered by nothing but the server and a body read, in the same run
"""

import argparse
import http.client
import io
import json
import multiprocessing
import random
import sqlite3
import statistics
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from instance import Instance, free_port, running

WORDS = (
    "range",
    "token",
    "editor",
    "buffer",
    "insert",
    "remove",
    "cursor",
    "color",
    "value",
    "function",
    "const",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    results = {"floor_per_s": round(floor(chosen.connections), 1)}
    with running() as instance:
        load(instance, 2, chosen.connections, "warm")
        wait_for_all(instance)
        cpu = instance.cpu()
        sent = load(instance, chosen.seconds, chosen.connections, "bench")
        signed = wait_for_all(instance)
        results |= summary(sent, signed, instance.cpu() - cpu)
        results["idle_to_signed_p50_ms"] = round(idle(instance), 1)
    print(
        json.dumps(results, indent=2) if chosen.json else "\n".join(f"{k:28} {v}" for k, v in results.items())
    )


def package(name: str, seed: int) -> bytes:
    """20 KB, eight files, unlike any other."""
    numbers = random.Random(f"{name} {seed}")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = {"name": name, "version": "1.0.0", "title": name, "engines": {"brackets": ">=0.40.0"}}
        archive.writestr("package.json", json.dumps(manifest))
        archive.writestr("main.js", " ".join(numbers.choices(WORDS, k=1500)))
        for number in range(5):
            archive.writestr(f"lib/part{number}.js", " ".join(numbers.choices(WORDS, k=800)))
        archive.writestr("icon.png", numbers.randbytes(12_000))
    return out.getvalue()


def load(instance: Instance, seconds: float, connections: int, prefix: str) -> dict[str, tuple[float, float]]:
    """Publish for so long from another process; name -> (when it began, when it was answered)."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_load, (instance.port, instance.token, seconds, connections, prefix))


def _load(
    port: int, token: str, seconds: float, connections: int, prefix: str
) -> dict[str, tuple[float, float]]:
    sent: dict[str, tuple[float, float]] = {}
    count = int(max(200, seconds * 100))  # for each connection; made before the clock starts
    packages = [
        [(name, package(name, seed)) for seed in range(count) for name in [f"{prefix}-{line}-{seed}"]]
        for line in range(connections)
    ]
    end = time.time() + seconds

    def publish(line: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for name, body in packages[line]:
            if time.time() > end:
                return
            began = time.time()
            connection.request("POST", "/api/v4/extensions/", body, {"Auth-Token": token})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 202:
                raise SystemExit(f"{answer.status}: {text!r}")
            sent[name] = began, time.time()
        raise SystemExit("out of packages; the bench must make more")

    threads = [threading.Thread(target=publish, args=(line,)) for line in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sent


def wait_for_all(instance: Instance) -> dict[str, float]:
    """Wait until nothing is left to sign; name -> when it was signed."""
    with sqlite3.connect(instance.database) as database:
        waiting = "SELECT count(*) FROM job WHERE kind = 'sign' AND state IN ('queued', 'running')"
        while database.execute(waiting).fetchone()[0]:
            time.sleep(0.1)
        rows = database.execute(
            "SELECT extension.name, event.at FROM event JOIN extension ON extension.id = event.extension_id"
            " WHERE event.kind = 'version.signed'"
        ).fetchall()
    return {name: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for name, at in rows}


def summary(sent: dict[str, tuple[float, float]], signed: dict[str, float], cpu: float) -> dict[str, float]:
    missing = set(sent) - set(signed)
    publish = sorted(answered - began for began, answered in sent.values())
    total = sorted(signed[name] - began for name, (began, _) in sent.items())
    span = max(signed[name] for name in sent) - min(began for began, _ in sent.values())
    return {
        "published": len(sent),
        "lost": len(missing),
        "sustained_per_s": round(len(sent) / span, 1),
        "publish_p50_ms": ms(publish, 0.5),
        "publish_p99_ms": ms(publish, 0.99),
        "signed_p50_ms": ms(total, 0.5),
        "signed_p99_ms": ms(total, 0.99),
        "server_cpu_ms_each": round(cpu / len(sent) * 1000, 2),
    }


def ms(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000, 1)


def idle(instance: Instance, count: int = 30) -> float:
    """Milliseconds from POST to the answer that says signed, with nothing else going on; the median."""
    times = []
    connection = http.client.HTTPConnection("127.0.0.1", instance.port)
    headers = {"Auth-Token": instance.token}
    for number in range(count):
        time.sleep(0.3)
        began = time.time()
        connection.request("POST", "/api/v4/extensions/", package(f"idle-{number}", -1 - number), headers)
        connection.getresponse().read()
        connection.request(
            "GET", f"/api/v4/extensions/idle-{number}/versions/1.0.0/?wait=20", headers=headers
        )
        answer = json.loads(connection.getresponse().read())
        if answer["state"] != "signed":
            raise SystemExit(f"not signed after 20 s: {answer}")
        times.append((time.time() - began) * 1000)
    return statistics.median(times)


def floor(connections: int, seconds: float = 3) -> float:
    """Answers per second of waitress to the same POSTs, when nothing is done with them."""
    port = free_port()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=_serve_nothing, args=(port,), daemon=True)
    server.start()
    try:
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", port).request("GET", "/")
                break
            except OSError:
                time.sleep(0.05)
        with context.Pool(1) as pool:
            return pool.apply(_load_floor, (port, seconds, connections))
    finally:
        server.terminate()
        server.join()


def _load_floor(port: int, seconds: float, connections: int) -> float:
    body, counts, end = package("floor", 0), [0] * connections, time.time() + seconds

    def post(line: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.time() < end:
            connection.request("POST", "/", body)
            connection.getresponse().read()
            counts[line] += 1

    threads = [threading.Thread(target=post, args=(line,)) for line in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _serve_nothing(port: int) -> None:
    import waitress

    def application(environ, start_response):
        environ["wsgi.input"].read()
        start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    waitress.serve(application, host="127.0.0.1", port=port, threads=8, _quiet=True)


if __name__ == "__main__":
    main()
