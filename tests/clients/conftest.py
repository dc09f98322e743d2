"""Real clients, unmodified, against a running registry. They come from npm; without node or npm they are skipped."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import mozilla_site, npm

BRACKETS = "brackets@0.5.8"
BRACKETS_SHA512 = (
    "sha512-vPXcMqe1iQixT5A2pW1XJM0REtsOdkAx+yFcLqb2IbiqAyGtDeg5StJ4b1QHxApicbT09MSXiE4E7msGmkyCBg=="
)
SECONDS = 240


@pytest.fixture(scope="session")
def brackets_client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The extension manager of Brackets 1.3: a call gives it its orders (``brackets_client.cjs``)."""
    package = npm.unpacked(BRACKETS, BRACKETS_SHA512)
    jsdom = npm.installed("jsdom@24.1.3") / "jsdom"
    client = tmp_path_factory.mktemp("client")
    shutil.copytree(package / "brackets-dist", client / "brackets-dist")
    shutil.copytree(package / "brackets-srv/extensibility/node", client / "extensibility")
    # npm leaves out folders of that name, so they were packed under another.
    for folder in sorted((client / "extensibility").rglob("node_modules_"), reverse=True):
        folder.rename(folder.with_name("node_modules"))

    def run(**orders: Any) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("installed")
        done = subprocess.run(
            ["node", Path(__file__).with_name("brackets_client.cjs"), client, jsdom],
            input=json.dumps({"folder": str(folder), **orders}),
            env={**os.environ, "TMPDIR": str(folder)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mozilla_site.Site]:
    """A running registry for Mozilla's clients, and somebody's API key there."""
    with mozilla_site.serving(tmp_path_factory.mktemp("registry")) as site:
        yield site
