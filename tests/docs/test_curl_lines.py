"""Every shell line of docs/api.md works as it stands, against a real server."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from webtest.http import StopableWSGIServer

from registry.jobs import runner
from registry.jobs.clerk import Clerk
from registry.jobs.worker import open_context
from registry.settings import read
from registry.signing import ChainPaths
from registry.wsgi import application
from support import issuer
from support.pictures import picture
from support.samples import brackets, webextension

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture
def signer():
    with issuer.serving(issuer.Issuer) as provider:
        yield provider


@pytest.fixture
def ini(ini, signer):
    us = "http://127.0.0.1:6543"
    return {**ini, "registry.public_url": us, "trusted_publishing.issuers": signer.url}


@pytest.fixture
def address(config):
    config.registry["resolver"] = lambda host, port: ["93.184.215.14"]  # names in the page are examples
    server = StopableWSGIServer.create(application(config), host="127.0.0.1")
    yield server.application_url.rstrip("/")
    server.shutdown()


@pytest.fixture
def worker(ini):
    """Signs what comes in, and makes the documents, until the test is over."""
    context, done = open_context(ini, read(ini)), threading.Event()
    clerk = Clerk(context)

    def work():
        while not done.wait(0.05):
            runner.run_due(context)
            clerk.turn()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    done.set()
    thread.join()
    context.database.dispose()


def test_every_line(address, worker, accounts, ini, signer, tmp_path):
    folder = tmp_path / "shell"
    folder.mkdir()
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        (folder / f"word-tally-{version}.zip").write_bytes(brackets("word-tally", version))
    for number in (0, 1):
        package = webextension("some@addon", f"0.{number + 1}", "Some Addon")
        (folder / f"some.v{number}.xpi").write_bytes(package)
    (folder / "notes.xpi").write_bytes(webextension("notes@example.org"))
    (folder / "panel.png").write_bytes(picture((640, 400)))
    root = ChainPaths(Path(ini["signing.issuer"].removeprefix("pem:"))).root
    (folder / "root.pem").write_bytes(root.read_bytes())
    key, secret = accounts.key("ann")
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "REGISTRY": address,
        "TOKEN": accounts.token("ann"),
        "READER": accounts.token("paula"),
        "ADMIN": accounts.token("root", admin=True),
        "KEY": key,
        "SECRET": secret,
        "IDENTITY": signer.sign_job(ini["registry.public_url"]),
    }
    assert len(LINES) > 15
    for line in LINES:
        run = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=60
        )
        assert run.returncode == 0, f"{line}\n{run.stdout}\n{run.stderr}"
    assert (folder / "first-100-bytes").stat().st_size == 100
    assert (folder / "some.xpi").read_bytes().startswith(b"PK")
