"""Brackets itself: its shipped extension manager downloads, shows, searches, updates and installs."""

import gzip
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from support import samples
from support.serving import REGISTRY, ROOT, running, until, write_ini

REAL = ROOT.parent / "shared/data/brackets-registry-2023.json.gz"
POPULARITY = REAL.with_name("brackets-popularity-2023.json.gz")
API_VERSION = "1.14.0"
# Stands for a real registry where there is none.
SMALL = {
    f"sample-{number}": {
        "metadata": {
            "name": f"sample-{number}",
            "title": f"Sample {number}",
            "version": f"1.{number}.0",
            "description": "Emmet for words" if number % 5 == 0 else "Something else",
            "homepage": "https://example.org/",
            **({"theme": {"file": "theme.less", "dark": True}} if number % 3 == 0 else {}),
        },
        "owner": "github:example",
        "versions": [
            {"version": f"1.{number}.0", "published": "2022-01-01T00:00:00Z", "brackets": ">=0.40.0"}
        ],
        "totalDownloads": number,
    }
    for number in range(20)
}

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("clients"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if REAL.exists():
        return REAL
    path = tmp_path_factory.mktemp("small") / "registry.json"
    path.write_text(json.dumps(SMALL))
    return path


@pytest.fixture(scope="module")
def address(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running registry with all of ``source``, and two versions of an extension of our own that are signed."""
    folder = tmp_path_factory.mktemp("registry")
    ini = write_ini(folder, f"sqlite:///{folder}/var/registry.sqlite")
    (folder / "var").mkdir()
    popularity = ["--popularity", POPULARITY] if source == REAL else []
    subprocess.run([REGISTRY, "db", "upgrade", ini], check=True, capture_output=True)
    subprocess.run(
        [REGISTRY, "import", "brackets", source, *popularity, ini], check=True, capture_output=True
    )
    with running("serve", ini) as run:
        run.wait_for("A new token for owner")
        token = re.search(r"reg_\w{49}", "\n".join(run.lines))[0]
        base = re.search(r"registry.public_url = (.*)", ini.read_text())[1]
        publish(base, token, samples.brackets("client-sample", "1.0.0", engines={"brackets": ">=0.40.0"}))
        publish(base, token, samples.brackets("client-sample", "1.1.0", engines={"brackets": ">=1.3.0"}))
        publish(base, token, samples.brackets("client-sample", "2.0.0", engines={"brackets": ">=9.0.0"}))
        until(lambda: newest(base, "client-sample") == "2.0.0", "a document with the last version")
        yield base


def publish(base: str, token: str, package: bytes) -> None:
    answer = requests.post(
        f"{base}/api/v4/extensions/", data=package, headers={"Auth-Token": token}, timeout=30
    )
    assert answer.status_code == 202, answer.text
    version = requests.get(
        f"{answer.json()['url']}?wait=20", headers={"Auth-Token": token}, timeout=30
    ).json()
    assert version["state"] == "signed"


def newest(base: str, name: str) -> str | None:
    entries = requests.get(f"{base}/registry.json", timeout=30).json()
    return entries[name]["metadata"]["version"] if name in entries else None


@pytest.fixture(scope="module")
def shown(address: str, brackets_client) -> dict[str, Any]:
    return brackets_client(
        registry=f"{address}/registry.json",
        packages=f"{address}/{{0}}/{{0}}-{{1}}.zip",
        apiVersion=API_VERSION,
        search=["client sample", "emmet"],
        compatibility=["client-sample"],
        install=["client-sample"],
        installed={
            "client-sample": {"name": "client-sample", "version": "1.0.0", "title": "Client Sample"},
            "somebody-elses": {"name": "somebody-elses", "version": "1.0.0", "title": "Not there"},
        },
    )


def test_every_entry_is_in_one_of_the_tabs(shown, source):
    data = source.read_bytes()
    entries = json.loads(gzip.decompress(data) if source.suffix == ".gz" else data)
    themes = [name for name, entry in entries.items() if entry["metadata"].get("theme")]

    assert shown["count"] == len(entries) + 1
    assert sorted(shown["available"]["names"] + shown["themes"]["names"]) == sorted(
        [*entries, "client-sample"]
    )
    assert sorted(shown["themes"]["names"]) == sorted(themes)
    assert shown["available"]["rows"] == len(shown["available"]["names"])
    assert shown["themes"]["rows"] == len(themes)


def test_the_newest_comes_first_and_links_lead_to_the_web(shown):
    assert shown["available"]["titles"][0] == "Client-Sample"
    assert shown["available"]["installable"] > len(shown["available"]["names"]) / 2
    assert set(shown["available"]["protocols"]) <= {"http:", "https:"}


def test_search_finds(shown):
    assert shown["available"]["search"]["client sample"] == ["client-sample"]
    assert len(shown["available"]["search"]["emmet"]) > 0


def test_the_newest_compatible_version_is_offered_as_the_update(shown):
    assert shown["installed"]["client-sample"] == {
        "updateAvailable": True,
        "updateCompatible": True,
        "lastCompatibleVersion": "1.1.0",
    }
    assert shown["compatibility"]["client-sample"]["compatibleVersion"] == "1.1.0"
    assert shown["compatibility"]["client-sample"]["isLatestVersion"] is False


def test_the_signed_package_passes_the_clients_validator_and_is_installed(shown):
    installed = shown["installs"]["client-sample"]

    assert (installed["errors"], installed["status"]) == ([], "INSTALLED")
    assert installed["url"].endswith("/client-sample/client-sample-1.1.0.zip")
    assert {"META-INF", "main.js", "package.json"} <= set(installed["files"])


@pytest.mark.parametrize("shape", ["{0}/{0}-{1}.zip", "{0}-{1}.zip", "extensions/{0}-{1}.zip"])
def test_all_addresses_that_clients_build_give_the_same_file(address, shape):
    file = requests.get(f"{address}/{shape.format('client-sample', '1.1.0')}", timeout=30)

    assert file.status_code == 200
    assert (
        file.content == requests.get(f"{address}/client-sample/client-sample-1.1.0.zip", timeout=30).content
    )
