"""`registry serve` from its first start on, with real processes and real HTTP."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from registry.serving.accounts import create_first
from registry.serving.ini import IniFile
from registry.serving.preparation import prepare
from support.serving import ROOT, Run, gone, refused, running, until, write_ini

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("serve"),
]


def address(ini: Path) -> str:
    return re.search(r"registry.public_url = (.*)", ini.read_text())[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a clone")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


@pytest.fixture(scope="module")
def ini(folder: Path, blank_database) -> Iterator[Path]:
    with blank_database(folder) as url:
        yield write_ini(folder, url)


@pytest.fixture(scope="module")
def first(ini: Path) -> Iterator[Run]:
    """The first start, up and running."""
    with running("serve", ini) as run:
        run.wait_for("A new token for owner")
        yield run


@pytest.fixture(scope="module")
def pasted(first: Run) -> list[str]:
    """What a shell answers to each line of the first start that is meant for one."""
    answers = []
    for line in first.lines:
        if line.startswith(("  /", "  '/", "  curl")):
            done = subprocess.run(
                ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, (line, done.stderr)
            answers.append(done.stdout)
    return answers


def test_the_first_start_shows_two_accounts_with_their_credentials(first):
    text = "\n".join(first.lines)

    assert (
        len(
            re.findall(
                r"API key +user:\d+:[0-9a-f]+\n +API secret +[0-9a-f]{64}\n +token +reg_\w{49}\n", text
            )
        )
        == 2
    )
    assert first.errors == []


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_its_lines_work_as_pasted(pasted):
    packed, published, followed, listed, downloaded, verified, by_key = pasted

    assert (packed, downloaded) == ("", "")
    assert re.search('"state":"(queued|signing|signed)"', published)
    assert '"state":"signed"' in followed
    assert '"name":"word-tally"' in listed
    assert "valid." in verified
    assert '"state":"signed"' in by_key


def test_a_second_registry_finds_the_port_taken(first, ini):
    port = address(ini).rpartition(":")[2]

    assert refused("serve", ini) == (
        f"127.0.0.1:{port} is taken: another program listens there. Stop it, or choose another port in [server:main]."
    )


def test_a_process_that_dies_is_started_again(first, ini):
    old = first.children()
    for pid in old:
        os.kill(pid, signal.SIGKILL)

    first.wait_for("The web process ended (signal SIGKILL); starting it again.")
    first.wait_for("The worker 1 process ended (signal SIGKILL); starting it again.")
    until(lambda: answers(ini), "the web process answers again")
    assert not set(first.children()) & set(old)


def answers(ini: Path) -> bool:
    try:
        return requests.get(f"{address(ini)}/api/v4/extensions/", timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_second_start_tells_no_secrets_and_has_the_same_data(tmp_path, database, database_url):
    file = write_ini(tmp_path, database_url)
    ini = IniFile(file)
    prepare(ini)
    admin, _ = create_first(database, ini.sealer)

    with running("serve", file) as run:
        assert run.wait_for("Ready") == f"Ready: {address(file)} (Ctrl-C stops it)"
        answer = requests.get(
            f"{address(file)}/api/v4/extensions/", headers={"Auth-Token": admin.token}, timeout=10
        )
        began = time.monotonic()
        code = run.stop()
        took = time.monotonic() - began

    assert (answer.status_code, code, len(run.lines), run.errors) == (200, 0, 1, [])
    assert took < 5


def test_children_do_not_outlive_a_parent_that_was_killed(tmp_path, blank_url):
    with running("serve", write_ini(tmp_path, blank_url)) as run:
        run.wait_for("Ready")
        children = run.children()
        run.stop(signal.SIGKILL)

    assert len(children) == 2
    until(lambda: all(map(gone, children)), "the children have ended")
