"""The examples of docs/runner.md do what it says."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from support.serving import REGISTRY, ROOT

PAGE = ROOT / "docs" / "runner.md"
pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("runner"),
]


def example(language: str) -> str:
    return re.search(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def shell(site, tmp_path):
    """Run lines of a shell where there is a root.pem, with these variables: its exit code, and what it printed."""
    shutil.copy(site.roots, tmp_path / "root.pem")

    def shell(lines: str, **variables: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", lines],
            cwd=tmp_path,
            env={
                "PATH": f"{REGISTRY.parent}:{os.environ['PATH']}",
                "RUNNER_TEMP": str(tmp_path),
                "REGISTRY_URL": site.base,
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return shell


def test_by_hand(site, shell):
    code, said = shell(example("sh"), REGISTRY_TOKEN=site.token)
    assert (code, "passed: 2 passed, 1 skipped" in said) == (0, True), said


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not there")
def test_on_github_actions(site, shell, tmp_path):
    job = yaml.safe_load(example("yaml"))["jobs"]["test"]
    made, ran = (step["run"] for step in job["steps"] if "run" in step)
    names = {"EXTENSION": job["env"]["EXTENSION"], "VERSION": "1.0.0"}
    assert shell(made, REGISTRY_TOKEN=site.token, **names)[0] == 0
    code, said = shell(ran, **names)
    assert (code, "failed: 1 passed, 1 failed" in said) == (1, True), said
    run = json.loads((tmp_path / "run.json").read_text())
    assert site.get(run["url"])["runner"] == "github"
