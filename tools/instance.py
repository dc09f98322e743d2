"""A private instance of the registry for a bench: its own folder, port and accounts; gone afterwards."""

import configparser
import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass
class Server:
    port: int
    process: subprocess.Popen

    def pids(self) -> list[int]:
        """The server's processes: the supervisor, web and workers."""
        found, pending = [], [self.process.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            children = Path(f"/proc/{pid}/task/{pid}/children")
            pending += [int(child) for child in children.read_text().split()] if children.exists() else []
        return found

    def cpu(self) -> float:
        """CPU seconds all of them have used so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / ticks


@dataclass
class Instance(Server):
    folder: Path
    token: str
    database: Path


@contextlib.contextmanager
def running(
    base: str = "development.ini",
    *,
    server: Mapping[str, str] | None = None,
    prepare: Callable[[str], str] | None = None,
    **settings: str,
) -> Iterator[Instance]:
    """`registry serve` on a copy of an ini file in a temporary folder; ``settings`` go into ``[app:main]``.

    ``server`` takes the place of what is in ``[server:main]``; ``prepare`` is given the URL of the
    database before the start; it returns a token, since only a registry without users makes some.
    """
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder, port = Path(name), free_port()
        ini = configparser.RawConfigParser()
        ini.read(ROOT / base)
        ini["app:main"].update({"registry.public_url": f"http://127.0.0.1:{port}"} | settings)
        ini["server:main"] = dict(server or ini["server:main"]) | {"host": "127.0.0.1", "port": str(port)}
        token = None
        if prepare is not None:
            (folder / "var").mkdir()
            token = prepare(f"sqlite:///{folder}/var/registry.sqlite")
        with (folder / "bench.ini").open("w") as file:
            ini.write(file)
        command = [sys.executable, "-m", "registry.cli", "serve", str(folder / "bench.ini")]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            wait_until_up(port, process, folder / "log", "Ready" if token else "token")
            if token is None:
                token = re.findall(r"^\s+token\s+(reg_\w+)", (folder / "log").read_text(), re.MULTILINE)[-1]
            yield Instance(port, process, folder, token, folder / "var/registry.sqlite")
        finally:
            stop(process)


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(
    port: int, process: subprocess.Popen, log: Path, said: str = "", path: str = "/api/v4/extensions/"
) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"the server ended:\n{log.read_text()}")
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200 and said in log.read_text():
                return
        time.sleep(0.1)
    raise SystemExit(f"the server did not come up:\n{log.read_text()}")


def make_keystore(instance: Instance) -> Path | None:
    """What jarsigner is to trust, for the password `changeit`; None where there is no jarsigner."""
    if not shutil.which("jarsigner"):
        return None
    store = instance.folder / "trust.p12"
    for name in ("root", "intermediate"):
        command = ["keytool", "-importcert", "-noprompt", "-alias", name, "-keystore", str(store)]
        command += ["-file", str(instance.folder / f"var/signing/{name}.pem"), "-storepass", "changeit"]
        subprocess.run(command, check=True, capture_output=True)
    return store
