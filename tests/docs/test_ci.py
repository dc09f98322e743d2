"""The GitHub Actions workflow of docs/ci.md: its steps run, against a real registry and a real issuer on loopback."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
from webtest.http import StopableWSGIServer

from support import issuer
from support.application import configure
from support.samples import brackets

PAGE = Path(__file__).parents[2] / "docs" / "ci.md"


@pytest.fixture
def signer():
    with issuer.serving(issuer.Issuer) as provider:
        yield provider


@pytest.fixture
def address():
    """Where the registry will be: it is the audience of identity tokens, so it has to be known first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def ini(ini, signer, address):
    return {**ini, "registry.public_url": address, "trusted_publishing.issuers": signer.url}


@pytest.fixture
def registry(ini, address):
    config = configure({**ini})
    server = StopableWSGIServer.create(
        config.make_wsgi_app(), host="127.0.0.1", port=address.rpartition(":")[2]
    )
    yield server
    server.shutdown()
    config.registry["downloads"].close()
    config.registry["database"].dispose()


def test_the_steps(registry, address, signer, app, accounts, tmp_path):
    workflow = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])
    (job,) = workflow["jobs"].values()
    assert job["permissions"]["id-token"] == "write"
    ann, name = accounts.bearer("ann"), job["env"]["EXTENSION"]
    app.post("/api/v4/extensions/", brackets(name, "1.0.0"), headers=ann, status=202)
    wanted = {"repository": f"acme/{name}", "workflow": "release.yml"}
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "package.json").write_text(f'{{"name": "{name}", "version": "1.1.0", "title": "Word Tally"}}')
    (folder / "main.js").write_text("define(function () {});")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **job["env"],
        "REGISTRY": address,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{signer.url}/job-token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.JOB_SECRET,
    }

    def run(step):
        return subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=folder, env=env, capture_output=True, text=True, timeout=60
        )

    pack, publish = (step for step in job["steps"] if "run" in step)
    done = run(pack)
    assert done.returncode == 0, done.stderr
    assert run(publish).returncode != 0  # nobody has said yet that this workflow is trusted
    app.post_json(f"/api/v4/extensions/{name}/trusted-publishers/", wanted, headers=ann, status=201)
    done = run(publish)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "::add-mask::reg_" in done.stdout
    version = app.get(f"/api/v4/extensions/{name}/versions/1.1.0/", headers=ann).json
    assert version["state"] == "queued"
    assert signer.asked.count("/job-token?api-version=2.0&audience=" + address) == 2
