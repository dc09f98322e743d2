"""The mirror of a registry that runs as people run it, killed in its midst."""

import signal

import pytest
import requests
from sqlalchemy import func, select

from registry.domain import events
from registry.models import Event, Extension, SiteState
from support import serving
from support.registry_json import entry, write
from support.samples import brackets
from support.workers import eventually

EXTENSIONS = 60


@pytest.fixture
def served(publish, cli, sign, ini, database_url, tmp_path):
    """The address of a registry with a signed extension and EXTENSIONS imported ones."""
    publish(brackets("kite"))
    given = [entry(f"e-{number:02}", "1.0.0", "1.1.0") for number in range(EXTENSIONS)]
    cli("import", "brackets", write(tmp_path / "registry.json", *given))
    sign()
    folder = tmp_path / "served"
    folder.mkdir()
    path = serving.write_ini(folder, database_url, {"registry.storage": ini["registry.storage"]})
    url = next(line.split()[2] for line in path.read_text().splitlines() if "public_url" in line)
    with serving.running("web", path):
        serving.until(lambda: _answers(url), "it serves")
        yield url


def _answers(url):
    try:
        return requests.get(f"{url}/api/v4/changes/", timeout=10).ok
    except requests.ConnectionError:
        return False


def test_it_goes_on_after_a_kill(served, source, mirror, there_ini, copy_database, chain, tmp_path):
    source.url = served

    def here():
        with copy_database.read() as connection:
            return connection.scalar(select(func.count()).select_from(Extension))

    mirror("--only", "kite")  # writes the ini file, too
    with serving.running("mirror", served, "--root", chain.root, tmp_path / "there.ini") as run:
        eventually(lambda: here() > 5)
        run.process.send_signal(signal.SIGKILL)
        run.process.wait()
    done = here()
    assert done < EXTENSIONS

    assert mirror().exit_code == 0

    assert here() == EXTENSIONS + 1
    with copy_database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Event)) == events.verify(connection)
        told = select(Event.extension_id).where(Event.kind == "extension.mirrored")
        assert len(connection.scalars(told).all()) == EXTENSIONS + 1
        (state,) = connection.scalars(select(SiteState.value)).all()
    assert (state["after"], state["refused"], state["only"]) == (None, {}, None)
    assert mirror().output.startswith("0 extensions changed")
