"""Clients like web-ext, all at once: how they fare, and what their asking costs.

    python bench/polls.py [--clients 50] [--uploads 100] [--seconds 10] [--json]

The registry is served as in production: granian with 2 processes, SQLite, one worker. Each client, with an API key and
a new JWT for each request, sends a package, asks each second what validators say of it, submits it, asks each second
until it is signed, and fetches the file; then the next one. Anything but 2xx is an error.

signed     what became of the uploads, and from the first byte sent to the file
polls      then all clients ask each second, for so long, for the state of an upload and of a version in turn; CPU is
           that of all the registry's processes, less what they use when nobody asks
floor      the same number of requests for what is kept (`/api/v4/`), in the same way and the same run
"""

import argparse
import functools
import http.client
import json
import multiprocessing
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tools"))
sys.path.append(str(Path(__file__).parents[1] / "tests"))

import jwt

from instance import Instance, running
from read import GRANIAN
from registry import migrations
from registry.domain import credentials
from registry.models import Database
from registry.sealing import Sealer
from support.samples import webextension

SECRET = "a-secret-for-the-bench-of-forty-characters"
API = "/api/v5/addons"
BOUNDARY = "b0unda7y"


class Client:
    """One connection, as one client has it."""

    def __init__(self, port: int, key: str, secret: str):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._key, self._secret = key, secret
        self.statuses: Counter[int] = Counter()

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        issued = int(time.time())
        token = jwt.encode({"iss": self._key, "iat": issued, "exp": issued + 300}, self._secret, "HS256")
        headers = {"Authorization": f"JWT {token}", "Accept": "application/json"}
        self._connection.request(method, path, body, headers | ({"Content-Type": kind} if kind else {}))
        answer = self._connection.getresponse()
        self.statuses[answer.status] += 1
        return answer.read()

    def state(self, path: str) -> dict[str, Any]:
        return json.loads(self.ask("GET", path))

    def until(self, path: str, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask as web-ext does: at once, and a second after each answer."""
        while not met(state := self.state(path)):
            time.sleep(1)
        return state

    def sign(self, guid: str) -> tuple[float, str, str]:
        """Seconds to the signed file, and where to ask for the upload and for the version."""
        began = time.monotonic()
        form = f"multipart/form-data; boundary={BOUNDARY}"
        sent = json.loads(self.ask("POST", f"{API}/upload/", _form(webextension(guid, name=guid)), form))
        upload = f"{API}/upload/{sent['uuid']}/"
        self.until(upload, lambda state: state["processed"])
        order = json.dumps({"version": {"upload": sent["uuid"]}}).encode()
        made = json.loads(self.ask("PUT", f"{API}/addon/{guid}/", order, "application/json"))
        version = f"{API}/addon/{guid}/versions/{made['version']['id']}/"
        file = self.until(version, lambda state: state["file"]["status"] == "public")["file"]
        self.ask("GET", "/" + file["url"].split("/", 3)[3])
        return time.monotonic() - began, upload, version


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--uploads", type=int, default=100)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    keys: list[tuple[str, str]] = []
    settings = {
        "registry.secret": SECRET,
        "limits.publish": "off",
        "limits.write": "off",
        "limits.read": "off",
    }
    with running(server=GRANIAN, prepare=functools.partial(_owner, keys=keys), **settings) as instance:
        results = measure(instance, *keys[0], chosen.clients, chosen.uploads, chosen.seconds)
    print(
        json.dumps(results, indent=2) if chosen.json else "\n".join(f"{k:28} {v}" for k, v in results.items())
    )


def measure(
    instance: Instance, key: str, secret: str, clients: int, uploads: int, seconds: int
) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        others = (instance.port, key, secret, clients)
        took, places, statuses = pool.apply(_sign, (*others, uploads))
        idle = _cpu(instance, lambda: time.sleep(seconds))
        answers: list[Counter[int]] = []
        asking = _cpu(instance, lambda: answers.append(pool.apply(_poll, (*others, places, seconds))))
        floor = _cpu(instance, lambda: pool.apply(_poll, (*others, ["/api/v4/"], seconds)))
    polls = answers[0].total()
    return {
        "signed": len(took),
        "errors": sum(count for status, count in (statuses + answers[0]).items() if status >= 300),
        "to_the_file_p50_s": round(statistics.median(took), 2),
        "to_the_file_max_s": round(max(took), 2),
        "polls": polls,
        "poll_cpu_ms": round((asking - idle) / polls * 1000, 3),
        "floor_cpu_ms": round((floor - idle) / polls * 1000, 3),
    }


def _owner(url: str, keys: list[tuple[str, str]]) -> str:
    migrations.upgrade(url)
    database = Database(url)

    def make(session: Any) -> str:
        user = credentials.create_user(session, "bench")
        keys.append(credentials.create_key(session, user, Sealer(SECRET)))
        return credentials.create_token(session, user, "bench", scopes=["publish"])

    token = database.write(make)
    database.dispose()
    return token


def _cpu(instance: Instance, work: Callable[[], Any]) -> float:
    before = instance.cpu()
    work()
    return instance.cpu() - before


def _form(package: bytes) -> bytes:
    parts = (
        b'name="channel"\r\n\r\nunlisted',
        b'name="upload"; filename="a.zip"\r\nContent-Type: application/octet-stream\r\n\r\n' + package,
    )
    lines = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (BOUNDARY.encode(), part) for part in parts
    )
    return lines + b"--%s--\r\n" % BOUNDARY.encode()


def _sign(
    port: int, key: str, secret: str, clients: int, uploads: int
) -> tuple[list[float], list[str], Counter[int]]:
    took: list[float] = []
    places: list[str] = []
    left: Iterator[int] = iter(range(uploads))
    lock = threading.Lock()

    def work(client: Client) -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            seconds, *asked = client.sign(f"bench-{number}@polls.example.org")
            with lock:
                took.append(seconds)
                places.extend(asked)

    statuses = _all(port, key, secret, clients, work)
    return took, places, statuses


def _poll(port: int, key: str, secret: str, clients: int, places: list[str], seconds: int) -> Counter[int]:
    turns = iter(range(clients))

    def work(client: Client) -> None:
        turn = next(turns)
        for round_ in range(seconds):
            client.ask("GET", places[(turn + round_) % len(places)])
            time.sleep(1)

    return _all(port, key, secret, clients, work)


def _all(port: int, key: str, secret: str, count: int, work: Callable[[Client], None]) -> Counter[int]:
    clients = [Client(port, key, secret) for _ in range(count)]
    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum((client.statuses for client in clients), Counter())


if __name__ == "__main__":
    main()
