"""`registry db` and `registry audit`."""

import pytest
from sqlalchemy import update

from registry import migrations
from registry.cli.audit import NO_HEAD
from registry.domain import credentials
from registry.models import Event


@pytest.fixture
def ini(ini, blank_url):
    return {**ini, "sqlalchemy.url": blank_url}


def test_tables_are_made_on_demand(cli, blank_url):
    head = migrations.head()

    assert cli("db", "current").output == f"no tables (this version of the registry needs {head})\n"
    assert cli("db", "upgrade").output == f"The database is at revision {head}.\n"
    assert cli("db", "upgrade").exit_code == 0
    assert cli("db", "current").output.startswith(head)


def test_a_command_that_needs_tables_says_how_to_make_them(cli, ini_file):
    answer = cli("user", "add", "ann")

    assert (answer.exit_code, answer.output) == (
        2,
        f"registry: The database has no tables. Run: registry db upgrade {ini_file}\n",
    )


def test_an_ini_file_that_is_not_there(cli):
    answer = cli("db", "upgrade", "no-such.ini")

    assert (answer.exit_code, answer.output) == (2, "registry: no-such.ini: No such file or directory.\n")


class TestAudit:
    @pytest.fixture
    def ini(self, ini, database_url):
        return {**ini, "sqlalchemy.url": database_url}

    def test_a_whole_chain(self, cli, database):
        database.write(lambda session: credentials.create_user(session, "ann") and None)

        answer = cli("audit", "verify")

        assert (answer.exit_code, answer.output.splitlines()) == (
            0,
            ["The chain of events is whole: 1 events.", NO_HEAD],
        )

    def test_a_broken_chain(self, cli, database):
        database.write(lambda session: credentials.create_user(session, "ann") and None)
        database.write(lambda session: session.execute(update(Event).values(kind="user.promoted")) and None)

        answer = cli("audit", "verify")

        assert answer.exit_code == 1
        assert answer.output.startswith("The chain of events is broken: event 1 ")
