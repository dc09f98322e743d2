"""Mozilla's older clients sign here as they are: sign-addon 6, and web-ext 7 as it signs by default."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import npm
from support.mozilla_site import Site, verified
from support.samples import webextension

SECONDS = 120

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("clients"),
]


@pytest.fixture
def sign(site: Site, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """sign-addon with these orders; its result."""
    module = npm.installed("sign-addon@6.4.0") / "sign-addon" / "lib" / "index.js"

    def run(package: bytes, **orders: Any) -> dict[str, Any]:
        file = tmp_path / "package.xpi"
        file.write_bytes(package)
        wanted = {
            "xpiPath": str(file),
            "apiKey": site.key,
            "apiSecret": site.secret,
            "apiUrlPrefix": f"{site.base}/api/v4",
            "downloadDir": str(tmp_path),
            "timeout": SECONDS * 1000,
            **orders,
        }
        done = subprocess.run(
            ["node", Path(__file__).with_name("sign_addon.mjs"), module],
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])  # it talks of its downloads there, too

    return run


@pytest.fixture
def web_ext(site: Site, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """web-ext 7 signing a folder with one manifest."""
    program = npm.installed("web-ext@7.12.0") / ".bin" / "web-ext"

    def run(manifest: dict[str, Any], *options: str, secret: str = site.secret) -> Any:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "manifest.json").write_text(json.dumps(manifest))
        command = [program, "sign", "--no-config-discovery", "--no-input", "--source-dir", source]
        command += ["--artifacts-dir", tmp_path, "--api-url-prefix", f"{site.base}/api/v4"]
        command += ["--api-key", site.key, "--api-secret", secret, *options]
        environment = {**os.environ, "NO_UPDATE_NOTIFIER": "1", "HOME": str(tmp_path)}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
        )

    return run


@pytest.mark.parametrize("api", ["v3", "v4"])
def test_sign_addon(site, sign, api):
    guid = f"{api}@clients.example.org"
    prefix = f"{site.base}/api/{api}"
    made = sign(webextension(guid), id=guid, version="1.0", apiUrlPrefix=prefix)
    assert made["success"] is True
    assert made["id"] == guid
    (file,) = made["downloadedFiles"]
    assert verified(site, Path(file), guid)
    again = sign(webextension(guid), id=guid, version="1.0", apiUrlPrefix=prefix)
    assert again == made
    later = sign(webextension(guid, "1.1"), id=guid, version="1.1", channel="unlisted", apiUrlPrefix=prefix)
    assert verified(site, Path(later["downloadedFiles"][0]), guid)


def test_sign_addon_without_an_id(site, sign):
    made = sign(webextension(None), version="1.0")
    assert made["success"] is True
    assert verified(site, Path(made["downloadedFiles"][0]), made["id"])


def test_sign_addon_is_told_what_is_wrong(site, sign):
    guid = "wrong@clients.example.org"
    assert sign(webextension(guid), id=guid, version="1.0")["success"] is True
    taken = sign(webextension(guid, description="other bytes"), id=guid, version="1.0")
    assert (taken["success"], taken["errorCode"]) == (False, "SERVER_FAILURE")
    assert "Version 1.0" in taken["errorDetails"]
    assert f"{site.base}/api/v4/file/" in taken["errorDetails"]
    mismatch = sign(webextension(guid, "2.0"), id=guid, version="3.0")
    assert "VERSION_MISMATCH" in mismatch["errorDetails"]
    broken = sign(b"no zip file", id=guid, version="2.0")
    assert "NOT_A_ZIP" in broken["errorDetails"]
    listed = sign(webextension(guid, "2.0"), id=guid, version="2.0", channel="listed")
    assert listed["errorCode"] == "ADDON_NOT_AUTO_SIGNED"
    assert (
        "ERROR_DECODING_SIGNATURE"
        in sign(webextension(guid), id=guid, version="1.0", apiSecret="x")["thrown"]
    )


def test_web_ext_7(site, web_ext, tmp_path):
    guid = "{5f4c2a4e-91b7-4f7f-8f4b-4f4b6c6f7a10}"
    manifest = {"manifest_version": 2, "name": "Client", "version": "1.0"}
    manifest["browser_specific_settings"] = {"gecko": {"id": guid}}
    done = web_ext(manifest)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = tmp_path.glob("*-1.0.xpi")
    assert verified(site, file, guid)
    done = web_ext(manifest | {"version": "1.1"}, "--channel", "unlisted")
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = tmp_path.glob("*-1.1.xpi")
    assert verified(site, file, guid)
    done = web_ext(manifest | {"version": "1.2"}, secret="wrong")
    assert done.returncode != 0
    assert "ERROR_DECODING_SIGNATURE" in done.stdout + done.stderr
