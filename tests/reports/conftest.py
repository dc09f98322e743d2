"""`extension` is ann's `word-tally`; `send` speaks for somebody at its addresses, `state` is its state."""

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.models import Extension
from support import rows

ADDRESS = "/api/v4/extensions/word-tally/"


@pytest.fixture
def extension(config, accounts):
    owner = accounts.user("ann")
    write = config.registry["database"].write
    return write(lambda session: rows.extension(session, "word-tally", owner, "1.0.0").id)


@pytest.fixture
def send(app, accounts, extension):
    """``send("post", "bob", "reports/", {…})``; "root" and "rita" are site admins, None is nobody."""
    known = {}

    def send(verb, who, path, body=None, status=None):
        if who and who not in known:
            known[who] = accounts.bearer(who, admin=who in ("root", "rita"))
        options = {"headers": known.get(who), "status": status}
        where = path if path.startswith(("/", "http")) else ADDRESS + path
        if body is None:
            return getattr(app, verb)(where, **options)
        return getattr(app, f"{verb}_json")(where, body, **options)

    return send


@pytest.fixture
def set_state(config, extension, accounts):
    def set_state(state, who="root"):
        admin = accounts.user(who, admin=True) if who else None

        def work(session):
            row = session.get_one(Extension, extension)
            states.set_state(session, row, state, reason="because", actor_id=admin)

        config.registry["database"].write(work)

    return set_state


@pytest.fixture
def state(config, extension):
    def state():
        with config.registry["database"].read() as connection:
            return connection.scalar(select(Extension.state).where(Extension.id == extension))

    return state


@pytest.fixture
def told(send):
    """What somebody has been told, the newest first: kinds and what they are about."""

    def told(who):
        found = send("get", who, "/api/v4/users/me/notifications/").json["results"]
        return [(one["kind"], one["about"]) for one in found]

    return told
