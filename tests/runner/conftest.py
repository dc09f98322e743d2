"""A running registry with one signed extension that brings its tests along, and the runner as people run it."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from support.samples import brackets
from support.serving import PATIENCE, REGISTRY, running, until, write_ini

RUNNER = REGISTRY.with_name("registry-runner")
NAME, VERSION = "word-tally", "1.0.0"
PYTHON_SUITE = """
import unittest


class Words(unittest.TestCase):
    def test_none(self):
        self.assertEqual("".split(), [])

    def test_two(self):
        self.assertEqual(len("one two".split()), 2)

    @unittest.skip("needs a screen")
    def test_screen(self):
        pass
"""
NODE_SUITE = """
const test = require("node:test");
const assert = require("node:assert");
test("counts no words", () => assert.equal("".trim(), ""));
test("counts two words", () => assert.equal("one two".split(" ").length, 3));
"""


@dataclass
class Site:
    """``roots``: what signatures lead to."""

    base: str
    token: str
    roots: Path

    @property
    def version(self) -> str:
        return f"{self.base}/api/v4/extensions/{NAME}/versions/{VERSION}/"

    def make(self, **options: Any) -> dict[str, Any]:
        """A new run: what its maker is answered."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.post(f"{self.version}test-runs/", json=options, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def cancel(self, run: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        assert requests.delete(run["url"], headers=headers, timeout=PATIENCE).status_code < 300

    def get(self, url: str) -> Any:
        return requests.get(url, timeout=PATIENCE).json()

    def results(self, run: dict[str, Any]) -> dict[str, str]:
        return {each["test"]: each["status"] for each in self.get(f"{run['url']}results/")["results"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("registry")
    ini = write_ini(folder, f"sqlite:///{folder}/var/registry.sqlite")
    (folder / "var").mkdir()
    package = brackets(
        NAME,
        VERSION,
        {"test/test_words.py": PYTHON_SUITE.encode(), "test/words.test.js": NODE_SUITE.encode()},
    )
    with running("serve", ini) as run:
        run.wait_for("A new token for owner")
        token = re.search(r"reg_\w{49}", "\n".join(run.lines))[0]
        base = re.search(r"registry.public_url = (.*)", ini.read_text())[1]
        found = Site(base, token, folder / "var/signing/root.pem")
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(f"{base}/api/v4/extensions/", data=package, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 202, answer.text
        until(lambda: found.get(found.version).get("state") == "signed", "a signed version")
        yield found


@pytest.fixture
def arguments(site: Site, tmp_path: Path):
    """The runner's command line and environment for a run of the site, or for ``options`` that say otherwise."""

    def arguments(run: dict[str, Any], *command: object, options: tuple[object, ...] = (), **own: Any):
        line = [RUNNER, "--url", own.get("url", site.base), "--run", run["id"]]
        line += ["--root", own.get("root", site.roots), "--every", 0.2, *options, "--", *command]
        variables = {
            **os.environ,
            "REGISTRY_RUN_TOKEN": own.get("token", run["token"]),
            "TMPDIR": str(tmp_path),
        }
        return {"args": list(map(str, line)), "env": variables}

    return arguments


@pytest.fixture
def execute(arguments):
    """Run the runner to its end."""

    def execute(run: dict[str, Any], *command: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            **arguments(run, *command, **options), capture_output=True, text=True, timeout=60, check=False
        )

    return execute
