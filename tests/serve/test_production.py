"""`registry serve` with production.ini: granian, several processes, and no development secrets."""

import os
import re
import signal
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from registry import migrations
from registry.serving.ini import IniFile
from registry.serving.lifeline import LONG_GRACE
from registry.serving.preparation import NotReady, prepare
from registry.serving.web import answers
from registry.settings import DEVELOPMENT_SECRET, BadSetting
from registry.signing import certificates
from support.serving import gone, refused, running, until, write_ini

SQLITE = "sqlite:///unused.sqlite"
SECRET = "a-secret-of-production-that-nobody-knows-of"


@pytest.fixture
def issuer(tmp_path: Path) -> str:
    """The URL of an issuer key that is not for development."""
    intermediate = certificates.make_intermediate(certificates.make_root("Our root", ""), "Our issuer", "")
    folder = tmp_path / "issuer"
    folder.mkdir()
    (folder / "intermediate.pem").write_bytes(intermediate.certificate.public_bytes(Encoding.PEM))
    (folder / "intermediate.key").write_bytes(
        intermediate.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "intermediate.key").chmod(0o600)
    return f"pem:{folder}"


@pytest.fixture
def ini(tmp_path: Path, blank_url: str, issuer: str) -> Path:
    keys = {"registry.secret": SECRET, "signing.issuer": issuer}
    return write_ini(tmp_path, blank_url, keys, template="production.ini")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_several_web_processes_answer_and_all_of_them_stop(ini, blank_url):
    migrations.upgrade(blank_url)
    with running("serve", ini) as run:
        root = run.wait_for("Ready").split()[1]
        answer = requests.get(f"{root}/api/v4/extensions/", timeout=10)
        web, *workers = run.children()
        processes = [int(pid) for pid in Path(f"/proc/{web}/task/{web}/children").read_text().split()]
        code = run.stop(signal.SIGTERM)

    assert (answer.status_code, code, run.errors) == (200, 0, [])
    assert (len(workers), len(processes)) == (2, 2)
    until(lambda: all(map(gone, processes)), "the web processes have ended")
    # Accounts are somebody's decision here.
    assert run.lines == [f"Ready: {root} (Ctrl-C stops it)"]


def test_no_web_process_outlives_a_server_that_was_killed(ini, blank_url):
    migrations.upgrade(blank_url)
    with running("serve", ini) as run:
        run.wait_for("Ready")
        web = run.children()[0]
        processes = [int(pid) for pid in Path(f"/proc/{web}/task/{web}/children").read_text().split()]
        os.kill(web, signal.SIGKILL)
        until(lambda: all(map(gone, processes)), "the web processes have ended")


def test_a_web_process_that_is_still_starting_stops_at_once(ini, blank_url):
    migrations.upgrade(blank_url)
    place = ("127.0.0.1", int(re.search(r"^port = (\d+)", ini.read_text(), re.MULTILINE)[1]))
    with running("web", ini) as run:
        until(lambda: answers(place), "the server listens, and its processes begin to read the code")
        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(LONG_GRACE / 2) == 0


def test_it_does_not_make_tables_by_itself(ini):
    assert refused("serve", ini) == f"The database has no tables. Run: registry db upgrade {ini}"


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "registry.secret must have at least 32 characters."),
        (
            DEVELOPMENT_SECRET,
            "registry.secret is the one of development.ini; production needs one of its own.",
        ),
    ],
)
def test_it_refuses_a_secret_that_is_none(tmp_path, issuer, secret, why):
    keys = {"registry.secret": secret, "signing.issuer": issuer}
    ini = write_ini(tmp_path, SQLITE, keys, template="production.ini")

    with pytest.raises(BadSetting, match=re.escape(f"{ini}: {why}")):
        prepare(IniFile(ini))


def test_it_refuses_a_development_key(tmp_path, database_url, chain):
    keys = {"registry.secret": SECRET, "signing.issuer": chain.url}
    ini = write_ini(tmp_path, database_url, keys, template="production.ini")
    why = (
        f"signing.issuer: {chain.url} is a key for development, which nobody should trust. "
        "Production needs an intermediate of your own root."
    )

    with pytest.raises(NotReady, match=re.escape(why)):
        prepare(IniFile(ini))
    assert refused("worker", ini) == why


def test_it_makes_no_key_where_there_is_none(tmp_path):
    ini = write_ini(tmp_path, SQLITE, {"registry.secret": SECRET}, template="production.ini")

    with pytest.raises(NotReady, match=r"signing\.issuer: "):
        prepare(IniFile(ini))
    assert not (tmp_path / "var" / "signing").exists()
