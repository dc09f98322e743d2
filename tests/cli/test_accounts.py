"""`registry user` and `registry jwt`: what they print opens the API."""

import pytest

from registry.domain import credentials
from registry.models import Token, User

SPEAKING = {"Accept": "application/json"}


@pytest.fixture
def ann(cli) -> str:
    assert cli("user", "add", "ann").exit_code == 0
    return "ann"


def user(database, name: str) -> User:
    with database.reading_session() as session:
        found = session.query(User).filter_by(username=name).one()
        session.expunge(found)
        return found


def test_an_account(cli, database):
    assert cli("user", "add", "ann").output == "ann has an account.\n"
    assert cli("user", "add", "bob", "--admin").output == "bob has an account and is in the team.\n"
    assert [user(database, name).admin for name in ("ann", "bob")] == [False, True]


def test_a_name_is_given_once(cli, ann):
    again = cli("user", "add", "ann")

    assert (again.exit_code, again.output) == (2, "registry: There is a user ann already.\n")


def test_a_name_that_is_none(cli):
    bad = cli("user", "add", "a b")

    assert bad.exit_code == 2
    assert bad.output.startswith("registry: A user name has ")


@pytest.mark.parametrize("command", ["key", "token"])
def test_nobody_is_given_nothing(cli, command):
    nobody = cli("user", command, "nobody")

    assert (nobody.exit_code, nobody.output) == (
        2,
        "registry: There is no user nobody. Run: registry user add nobody\n",
    )


def test_a_token_opens_the_api(cli, ann, app):
    token = cli("user", "token", ann).stdout.strip()

    assert credentials.is_token(token)
    app.get("/api/v4/extensions/", headers={"Auth-Token": token}, status=200)


def test_a_token_that_may_do_little(cli, ann, database):
    made = cli(
        "user",
        "token",
        ann,
        "--name",
        "CI",
        "--scope",
        "read",
        "--scope",
        "publish",
        "--extension",
        "x",
        "--days",
        "1",
    )

    assert made.exit_code == 0
    with database.reading_session() as session:
        row = session.query(Token).one()
        assert (row.name, row.scopes, row.extensions) == ("CI", ["read", "publish"], ["x"])
        assert (row.expires - row.created).days in (0, 1)


def test_a_token_for_ever(cli, ann, database):
    cli("user", "token", ann, "--days", "0")

    with database.reading_session() as session:
        assert session.query(Token).one().expires is None


def test_a_scope_that_is_none(cli, ann):
    assert cli("user", "token", ann, "--scope", "everything").exit_code == 2


def test_an_api_key_signs_a_jwt_that_opens_the_api(cli, ann, app):
    printed = dict(line.split() for line in cli("user", "key", ann).stdout.splitlines())
    token = cli("jwt", printed["key"], printed["secret"]).stdout.strip()

    app.get("/api/v4/extensions/", headers={"Authorization": f"JWT {token}"}, status=200)


def test_key_and_secret_may_be_in_the_environment(cli, monkeypatch):
    monkeypatch.setenv("REGISTRY_KEY", "user:1:abcd")
    monkeypatch.setenv("REGISTRY_SECRET", "0" * 64)

    assert cli("jwt").stdout.count(".") == 2
