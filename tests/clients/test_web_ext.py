"""web-ext signs here as it is: the newest, and version 7 by the early form of the submission API."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import npm
from support.archives import build_zip
from support.mozilla_site import Site, verified
from support.serving import ROOT

SECONDS = 120
NEWEST, SEVEN = "web-ext@10.7.0", "web-ext@7.12.0"
LISTING = {
    "categories": ["bookmarks"],
    "summary": {"en-US": "Keeps notes on tabs"},
    "version": {"license": "MIT"},
}

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("clients"),
]

Sign = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "background.js").write_text("void 0;\n")
    return folder


@pytest.fixture
def run(site: Site, tmp_path: Path, source: Path) -> Sign:
    """`web-ext sign` of a folder that has this manifest, by one version of the program."""

    def run(program: str, manifest: dict[str, Any], *options: object, secret: str = site.secret) -> Any:
        (source / "manifest.json").write_text(json.dumps(manifest))
        command = [npm.installed(program) / ".bin" / "web-ext", "sign", "--no-config-discovery", "--no-input"]
        command += ["--source-dir", source, "--artifacts-dir", tmp_path / "artifacts"]
        command += ["--api-key", site.key, "--api-secret", secret, *options]
        environment = {**os.environ, "NO_UPDATE_NOTIFIER": "1", "HOME": str(tmp_path)}
        return subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
            check=False,
        )

    return run


@pytest.fixture
def sign(site: Site, run: Sign) -> Sign:
    """By the newest; ``channel`` is unlisted unless it is named."""

    def sign(manifest: dict[str, Any], *options: object, channel: str = "unlisted", **more: Any) -> Any:
        base = f"{site.base}/api/v5"
        return run(NEWEST, manifest, "--amo-base-url", base, "--channel", channel, *options, **more)

    return sign


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[[], Path]:
    """The one file that the client has fetched since the last time."""
    seen: set[Path] = set()

    def fetched() -> Path:
        (file,) = set((tmp_path / "artifacts").glob("*.xpi")) - seen
        seen.add(file)
        return file

    return fetched


def manifest(guid: str | None, version: str = "1.0", **more: Any) -> dict[str, Any]:
    made = {"manifest_version": 2, "name": "Client", "version": version, **more}
    return made if guid is None else made | {"browser_specific_settings": {"gecko": {"id": guid}}}


def said(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stdout + done.stderr


def test_an_id_that_is_new_and_then_known(site, sign, fetched):
    for version in ("1.0", "1.1"):
        done = sign(manifest("{0c6f9d3e-0a55-4f8e-9d5a-7f1c2b3a4d5e}", version))
        assert done.returncode == 0, said(done)
        assert verified(site, fetched(), "{0c6f9d3e-0a55-4f8e-9d5a-7f1c2b3a4d5e}")


def test_no_id(site, sign, fetched, source):
    done = sign(manifest(None))
    assert done.returncode == 0, said(done)
    guid = (source / ".web-extension-id").read_text().split()[-1]
    assert verified(site, fetched(), guid)


def test_listed(site, sign, fetched, tmp_path):
    guid = "listed@web-ext.example.org"
    refused = sign(manifest(guid), channel="listed")
    assert refused.returncode == 1
    for field in ("categories", "summary", "license"):
        assert field in said(refused)
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps(LISTING))
    done = sign(manifest(guid), "--amo-metadata", metadata, channel="listed")
    assert done.returncode == 0, said(done)
    assert verified(site, fetched(), guid)
    # What was said once holds for later versions.
    done = sign(manifest(guid, "1.1"), channel="listed")
    assert done.returncode == 0, said(done)


def test_an_interrupted_run_is_resumed(site, sign, fetched):
    guid = "resumed@web-ext.example.org"
    done = sign(manifest(guid), "--approval-timeout", "0")
    assert done.returncode == 0, said(done)
    assert site.base in said(done)  # where its state can be seen
    done = sign(manifest(guid))
    assert done.returncode == 0, said(done)
    assert verified(site, fetched(), guid)


def test_sources_are_sent_and_sent_again(site, sign, fetched, tmp_path):
    guid = "sources@web-ext.example.org"
    sources = tmp_path / "sources.zip"
    sources.write_bytes(build_zip({"src/main.ts": b"main"}))
    wanted = ("--upload-source-code", sources)
    for _ in range(2):  # the rerun goes on with the version that is there
        done = sign(manifest(guid), *wanted, "--approval-timeout", "0")
        assert done.returncode == 0, said(done)
    done = sign(manifest(guid), *wanted)
    assert done.returncode == 0, said(done)
    assert verified(site, fetched(), guid)
    sources.write_bytes(b"no archive")
    refused = sign(manifest(guid), *wanted)
    assert refused.returncode == 1
    assert "no archive of a kind that is taken" in said(refused)


def test_what_is_wrong_is_said(site, sign, source):
    guid = "wrong@web-ext.example.org"
    assert "ERROR_DECODING_SIGNATURE" in said(sign(manifest(guid), secret="wrong"))
    failed = sign(manifest(guid, name="x" * 100))
    assert failed.returncode == 1
    assert "Validation failed" in said(failed)
    assert "manifest.json" in said(failed)
    assert sign(manifest(guid)).returncode == 0
    (source / "background.js").write_text("void 1;\n")
    taken = sign(manifest(guid))
    assert taken.returncode == 1
    assert "Conflict" in said(taken)
    assert f"{site.base}/" in said(taken)  # the file that is there


def test_the_workflow_of_the_docs(site, source, tmp_path):
    guid = "workflow@web-ext.example.org"
    (source / "manifest.json").write_text(json.dumps(manifest(guid)))
    page = (ROOT / "docs" / "ci.md").read_text().partition("## With web-ext")[2]
    (job,) = yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])["jobs"].values()
    key, secret = job["env"]["WEB_EXT_API_KEY"], job["env"]["WEB_EXT_API_SECRET"]
    assert (key, secret) == ("${{ secrets.REGISTRY_KEY }}", "${{ secrets.REGISTRY_SECRET }}")
    environment = {
        "PATH": f"{npm.installed(NEWEST) / '.bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "REGISTRY": site.base,
        "WEB_EXT_API_KEY": site.key,
        "WEB_EXT_API_SECRET": site.secret,
    }
    done = subprocess.run(
        ["bash", "-c", job["steps"][-1]["run"]],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, said(done)
    (file,) = (source / "signed").glob("*.xpi")
    assert verified(site, file, guid)


def test_version_7_by_the_submission_api(site, run, fetched, tmp_path):
    guid = "seven@web-ext.example.org"
    options = ("--use-submission-api", "--amo-base-url", f"{site.base}/api/v5/", "--channel")
    for version in ("1.0", "1.1"):
        done = run(SEVEN, manifest(guid, version), *options, "unlisted")
        assert done.returncode == 0, said(done)
        assert verified(site, fetched(), guid)
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps(LISTING))
    done = run(SEVEN, manifest(None), *options, "listed", "--amo-metadata", metadata)
    assert done.returncode == 0, said(done)
