"""verdaccio, filled by `npm publish`'s own requests; without uplinks, so that it asks nobody."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from instance import Server, free_port, stop, wait_until_up
from rows import Clock, Package

FOLDER = Path(sys.prefix) / "peers" / "verdaccio"
# Its newest needs a Node of 22 or more, which most systems do not have yet, so it gets one of its own.
WANTED = {
    "private": True,
    "dependencies": {"verdaccio": "6.10.4", "node": "24.21.0"},
    "overrides": {"node-fetch": "2.7.0"},
    "allowScripts": {"node": True},
}
NODE, PROGRAM = FOLDER / "node_modules/.bin/node", FOLDER / "node_modules/verdaccio/bin/verdaccio"
# As it comes, but for what would ask others, write a log or send a client away that asks often.
CONFIG = """
storage: {folder}/storage
web: {{title: bench, rateLimit: {{max: 1000000000}}}}
auth: {{htpasswd: {{file: {folder}/htpasswd}}}}
uplinks: {{}}
packages: {{'**': {{access: $all, publish: $all}}}}
server: {{keepAliveTimeout: 60}}
userRateLimit: {{max: 1000000000}}
log: {{type: stdout, level: fatal}}
"""
ADDRESSES = {
    "detail": "/{name}",
    "search": "/-/v1/search?text={word}&size=25",
    "list": "/-/verdaccio/data/packages",
    "download": "/{name}/-/{name}-{version}.tgz",
}
ACCEPTS: dict[str, str] = {}
PUBLISHERS = 4


def install() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text(json.dumps(WANTED))
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True)


def version() -> str | None:
    """None where it is not installed."""
    if not PROGRAM.exists():
        return None
    said = [
        subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
        for command in ([NODE, PROGRAM], [NODE])
    ]
    return f"{said[0].strip().removeprefix('v')}, Node {said[1].strip().removeprefix('v')}"


@contextlib.contextmanager
def running(folder: Path, packages: list[Package], clock: Clock) -> Iterator[Server]:
    port = free_port()
    (folder / "config.yaml").write_text(CONFIG.format(folder=folder))
    command = [NODE, PROGRAM, "--config", folder / "config.yaml", "--listen", f"http://127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        wait_until_up(port, process, folder / "log", path="/-/ping")
        publish(port, packages, clock)
        yield Server(port, process)
    finally:
        stop(process)


def facts(package: Package) -> dict[str, str]:
    """What the address of its newest file holds."""
    return {"version": package.versions[-1]}


def publish(port: int, packages: list[Package], clock: Clock) -> None:
    kept, done = threading.local(), iter(range(1, len(packages) + 1))

    def put(package: Package) -> None:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for version in package.versions:
            body = json.dumps(published(package, version, port))
            kept.connection.request("PUT", f"/{package.name}", body, {"Content-Type": "application/json"})
            answer = kept.connection.getresponse()
            said = answer.read()
            if answer.status != 201:
                raise SystemExit(
                    f"verdaccio does not take {package.name} {version}: {answer.status} {said!r}"
                )
        clock.check(f"verdaccio holds {next(done)} of {len(packages)} packages")

    with concurrent.futures.ThreadPoolExecutor(PUBLISHERS) as pool:
        try:
            for _ in pool.map(put, packages):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def published(package: Package, version: str, port: int) -> dict:
    """The body of `npm publish`."""
    body, file = package.file(version), f"{package.name}-{version}.tgz"
    manifest = {
        "_id": f"{package.name}@{version}",
        "name": package.name,
        "version": version,
        "description": package.summary,
        "readme": package.description,
        "keywords": package.keywords,
        "homepage": package.homepage,
        "author": {"name": package.author},
        "license": package.license,
        "dist": {
            "shasum": hashlib.sha1(body).hexdigest(),
            "integrity": f"sha512-{base64.b64encode(hashlib.sha512(body).digest()).decode()}",
            "tarball": f"http://127.0.0.1:{port}/{package.name}/-/{file}",
        },
    }
    data = base64.b64encode(body).decode()
    return {
        "_id": package.name,
        "name": package.name,
        "description": package.summary,
        "dist-tags": {"latest": version},
        "versions": {version: manifest},
        "_attachments": {
            file: {"content_type": "application/octet-stream", "data": data, "length": len(body)}
        },
    }
