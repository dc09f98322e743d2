"""`registry maintenance` on the command line."""

from registry.domain import events


def test_on_and_off(cli, database):
    assert cli("maintenance", "status").output == "There is no maintenance.\n"
    assert cli("maintenance", "off").output == "There was no maintenance.\n"
    began = cli("maintenance", "on", "--message", "Moving.", "--until", "2030-01-31T13:00+01:00")
    assert began.output == "Maintenance has begun: changes are refused.\n"
    assert cli("maintenance", "status").output == "There is maintenance until 2030-01-31T12:00:00Z: Moving.\n"
    assert cli("maintenance", "on").exit_code == 0
    assert cli("maintenance", "status").output == "There is maintenance.\n"
    assert cli("maintenance", "off").output == "Maintenance is over.\n"
    with database.read() as connection:
        assert events.verify(connection) == 3


def test_a_time_that_is_none(cli):
    bad = cli("maintenance", "on", "--until", "tomorrow")
    assert bad.exit_code == 2
    assert "'tomorrow' is no time such as 2026-01-31T12:00Z." in bad.output
