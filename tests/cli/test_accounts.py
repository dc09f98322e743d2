"""`registry user` and `registry jwt`: what they print opens the API."""

import pytest
from sqlalchemy import select

from registry.domain import credentials, sessions
from registry.models import Event, LoginSession, Token, User

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


def test_the_team(cli, ann, database):
    cli("user", "add", "root", "--admin")
    assert cli("user", "admin", ann).output == "ann is in the team.\n"
    assert user(database, ann).admin
    assert cli("user", "admin", "root", "--remove").output == "root is not in the team.\n"
    last = cli("user", "admin", ann, "--remove")
    assert (last.exit_code, last.output.startswith("registry: The last admin")) == (2, True)
    assert cli("user", "admin", "nobody").exit_code == 2
    with database.reading_session() as session:
        rows = session.scalars(select(Event).where(Event.kind.startswith("admin.")).order_by(Event.seq)).all()
        assert [row.kind for row in rows] == ["admin.granted", "admin.revoked"]
        assert {(row.actor_id, row.data["cause"]["request"]) for row in rows} == {(None, "command line")}


def test_tokens_are_listed_and_revoked(cli, ann, app, database):
    first = cli(
        "user", "token", ann, "--name", "ci", "--scope", "publish", "--extension", "word-tally"
    ).stdout
    second = cli("user", "token", ann, "--days", "0").stdout.strip()
    newest, oldest = cli("user", "tokens", ann).stdout.splitlines()
    assert oldest.split()[0] == "1"
    assert oldest.endswith("publish  only word-tally  ci")
    assert "expires never" in newest
    assert first.strip() not in oldest
    assert cli("user", "revoke", ann, "1").output == "Token 1 is revoked.\n"
    assert len(cli("user", "tokens", ann).stdout.splitlines()) == 1
    for wrong in ("1", "7", "x", "9" * 30):
        assert cli("user", "revoke", ann, wrong).exit_code == 2
    cli("user", "add", "bob")
    assert cli("user", "revoke", "bob", "2").exit_code == 2
    assert cli("user", "revoke", ann).exit_code == 2
    headers = {"Auth-Token": second}
    app.get("/api/v4/users/me/", headers=headers, status=200)
    with database.reading_session() as session:
        revoked = session.scalars(select(Event).where(Event.kind == "token.revoked")).one()
        assert (revoked.actor_id, revoked.data["token"], revoked.data["user"]) == (None, 1, 1)


def test_everything_of_an_account_is_revoked(cli, ann, app, database):
    key = dict(line.split() for line in cli("user", "key", ann).stdout.splitlines())
    jwt = {"Authorization": f"JWT {cli('jwt', key['key'], key['secret']).stdout.strip()}"}
    token = {"Auth-Token": cli("user", "token", ann).stdout.strip()}
    number, _ = database.write(lambda session: sessions.open_session(session, 1, "corp"))
    for headers in (jwt, token):
        app.get("/api/v4/users/me/", headers=headers, status=200)
    said = "ann is logged out everywhere; 1 tokens and 1 keys are revoked.\n"
    assert cli("user", "revoke", ann, "--all").output == said
    for headers in (jwt, token):
        app.get("/api/v4/users/me/", headers=headers, status=401)
    with database.reading_session() as session:
        assert session.get_one(LoginSession, number).revoked is not None
