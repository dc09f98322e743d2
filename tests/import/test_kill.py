"""An import that is killed in its midst is run again, and comes to what it would have come to."""

import signal

import pytest
from sqlalchemy import func, select

from registry.domain import events, tallies
from registry.models import Event, Extension, Version
from support import serving
from support.registry_json import entry, write
from support.workers import eventually

EXTENSIONS = 600


@pytest.mark.parametrize("after", [1, 260])
def test_it_goes_on_after_a_kill(cli, database, ini_file, tmp_path, after):
    path = write(tmp_path / "registry.json", *[entry(f"e-{n}", "1.0.0", "2.0.0") for n in range(EXTENSIONS)])

    def extensions():
        with database.read() as connection:
            return connection.scalar(select(func.count()).select_from(Extension))

    with serving.running("import", "brackets", path, ini_file) as run:
        eventually(lambda: extensions() >= after)
        run.process.send_signal(signal.SIGKILL)
        run.process.wait()
    done = extensions()
    assert after <= done < EXTENSIONS

    answer = cli("import", "brackets", path)

    assert f"{EXTENSIONS - done} extensions added, 0 changed, 0 not loaded" in answer.output
    with database.read() as connection:
        assert extensions() == tallies.value(connection, tallies.LISTED) == EXTENSIONS
        assert connection.scalar(select(func.count()).select_from(Version)) == 2 * EXTENSIONS
        assert (
            connection.scalar(select(func.count()).select_from(Event))
            == events.verify(connection)
            == EXTENSIONS
        )
        assert connection.scalar(select(func.count()).where(Extension.changed.is_(None))) == 0
        latest = select(func.count()).select_from(Extension).join(Version, Version.id == Extension.latest_id)
        assert connection.scalar(latest.where(Version.version == "2.0.0")) == EXTENSIONS
    assert "0 extensions added, 0 changed" in cli("import", "brackets", path).output
