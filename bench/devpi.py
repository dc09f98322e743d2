"""devpi-server with devpi-web, filled by `devpi-import`; offline and without the mirror of PyPI."""

import contextlib
import hashlib
import http.client
import json
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from instance import Server, free_port, stop, wait_until_up
from rows import Clock, Package

FOLDER = Path(sys.prefix) / "peers" / "devpi"
WANTED = ["devpi-server==6.20.3", "devpi-web==5.1.1"]
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}
ADDRESSES = {
    "detail": "/bench/index/{name}",
    "search": "/+search?query={word}",
    "list": "/bench/index/+simple/",
    "download": "/bench/index/+f/{digest}/{file}",
}
# It answers people there with a page.
ACCEPTS = {"detail": "application/json"}
# Left alone, devpi-web commits its index of words after each package, which takes minutes for a thousand. Its own
# function takes many packages at once, as it does for those of a mirror.
INDEX = """
import sys
from devpi_server.config import get_pluginmanager, parseoptions
from devpi_server.main import xom_from_config
from devpi_web.main import get_indexer
xom = xom_from_config(parseoptions(get_pluginmanager(), sys.argv))
with xom.keyfs.read_transaction() as tx:
    names, serial = list(xom.model.getstage("bench/index").list_projects_perstage()), tx.at_serial
get_indexer(xom).indexer_thread.handler(False, serial, "bench/index", names)
"""


def install() -> None:
    venv.create(FOLDER, with_pip=True, clear=True)
    command = [FOLDER / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*command, *WANTED], check=True)


def version() -> str | None:
    """None where it is not installed."""
    if not (FOLDER / "bin/devpi-import").exists():
        return None
    names = "from importlib.metadata import version as v; print(v('devpi-server'), 'with devpi-web', v('devpi-web'))"
    return subprocess.run(
        [FOLDER / "bin/python", "-c", names], capture_output=True, text=True, check=True
    ).stdout.strip()


@contextlib.contextmanager
def running(folder: Path, packages: list[Package], clock: Clock) -> Iterator[Server]:
    port, server = free_port(), folder / "server"
    export(folder / "export", packages)
    (folder / "logging.json").write_text(json.dumps(LOGGING))
    common = ["--serverdir", server, "--logger-cfg", folder / "logging.json"]
    steps = (
        [FOLDER / "bin/devpi-import", *common, "--no-root-pypi", "--hard-links", folder / "export"],
        [FOLDER / "bin/python", "-c", INDEX, *common],
    )
    with (folder / "log").open("w") as log:
        for step in steps:
            try:
                subprocess.run(step, stdout=log, stderr=subprocess.STDOUT, check=True, timeout=clock.left())
            except subprocess.TimeoutExpired:
                clock.check("devpi was not filled")
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"devpi was not filled:\n{(folder / 'log').read_text()[-2000:]}") from error
        serve = [
            FOLDER / "bin/devpi-server",
            *common,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--offline-mode",
        ]
        process = subprocess.Popen(serve, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        wait_until_up(port, process, folder / "log", path="/+api")
        wait_for_search(port, clock)
        yield Server(port, process)
    finally:
        stop(process)


def facts(package: Package) -> dict[str, str]:
    """What the address of its newest file holds."""
    number = package.versions[-1]
    digest = hashlib.sha256(package.file(number)).hexdigest()
    return {"digest": f"{digest[:3]}/{digest[3:16]}", "file": file_name(package, number)}


def export(folder: Path, packages: list[Package]) -> None:
    """A folder as `devpi-export` writes it."""
    projects: dict[str, dict] = {}
    files = []
    for package in packages:
        projects[package.name] = {number: metadata(package, number) for number in package.versions}
        for number in package.versions:
            path, body = (
                f"bench/index/{package.name}/{number}/{file_name(package, number)}",
                package.file(number),
            )
            (folder / path).parent.mkdir(parents=True)
            (folder / path).write_bytes(body)
            mapping = {
                "last_modified": "Sun, 01 Nov 2026 00:00:00 GMT",
                "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
            }
            files.append(
                {
                    "type": "releasefile",
                    "projectname": package.name,
                    "version": number,
                    "relpath": path,
                    "entrymapping": mapping,
                }
            )
    config = {"type": "stage", "volatile": False, "bases": [], "acl_upload": ["bench"]}
    index = {"indexconfig": config, "projects": projects, "files": files}
    data = {"dumpversion": "2", "users": {"bench": {"username": "bench"}}, "indexes": {"bench/index": index}}
    (folder / "dataindex.json").write_text(json.dumps(data))


def metadata(package: Package, number: str) -> dict:
    return {
        "metadata_version": "2.1",
        "name": package.name,
        "version": number,
        "summary": package.summary,
        "description": package.description,
        "home_page": package.homepage,
        "keywords": ",".join(package.keywords),
        "author": package.author,
        "license": package.license or "",
    }


def file_name(package: Package, number: str) -> str:
    return f"{package.name}-{number}.tar.gz"


def wait_for_search(port: int, clock: Clock) -> None:
    """Until its index for searching holds what was imported."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        connection.request("GET", "/+status", headers={"Accept": "application/json"})
        status = json.loads(connection.getresponse().read())["result"]
        behind = status["serial"] - status["event-serial"]
        queued = next(
            value for name, _, value in status["metrics"] if name == "devpi_web_whoosh_index_queue_size"
        )
        if not (behind or queued):
            return
        clock.check(f"devpi has {behind + queued} packages to index")
        time.sleep(1)
