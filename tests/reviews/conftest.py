"""`extension` is ann's `word-tally`, published and signed; `send` speaks for somebody at its addresses."""

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
    """``send("post", "bob", "reviews/", {…})``; "root" is a site admin, None nobody."""
    known = {}

    def send(verb, who, path, body=None, status=None, **limits):
        key = (who, str(limits))
        if who and key not in known:
            known[key] = accounts.bearer(who, admin=who == "root", **limits)
        options = {"headers": known.get(key), "status": status}
        where = path if path.startswith(("/", "http")) else ADDRESS + path
        if body is None:
            return getattr(app, verb)(where, **options)
        return getattr(app, f"{verb}_json")(where, body, **options)

    return send


@pytest.fixture
def set_state(config, extension):
    def set_state(state):
        def work(session):
            row = session.get_one(Extension, extension)
            states.set_state(session, row, state, reason="because", actor_id=None)

        config.registry["database"].write(work)

    return set_state


@pytest.fixture
def rating(config, extension):
    """What is kept of the ratings: the counts, and the score."""

    def rating():
        with config.registry["database"].read() as connection:
            found = select(Extension.rating_counts, Extension.rating_score).where(Extension.id == extension)
            return tuple(connection.execute(found).one())

    return rating


@pytest.fixture
def told(send):
    """The kinds of what somebody has been told, the newest first."""

    def told(who):
        found = send("get", who, "/api/v4/users/me/notifications/").json["results"]
        return [one["kind"] for one in found]

    return told
