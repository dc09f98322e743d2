"""`publish` sends a Brackets extension of ann's and has it signed; `row` reads an extension's row."""

import pytest
from sqlalchemy import select

from registry.domain import reviews, states
from registry.models import Extension
from support.samples import brackets

EXTENSIONS = "/api/v4/extensions/"


@pytest.fixture
def publish(app, accounts, work):
    def publish(name="word-tally", version="1.0.0", files=None, **manifest):
        files = {path: text.encode() for path, text in (files or {}).items()}
        package = brackets(name, version, files=files, **manifest)
        app.post(EXTENSIONS, package, headers=accounts.bearer("ann"))
        work()

    return publish


@pytest.fixture
def change(config):
    """`change(name, function, …)` calls a rule with a session and the extension's row."""

    def change(name, function, *arguments, **options):
        def work(session):
            row = session.scalars(select(Extension).where(Extension.name == name)).one()
            return function(session, row, *arguments, **options) and None

        config.registry["database"].write(work)

    return change


@pytest.fixture
def set_state(change):
    def set_state(name, state):
        change(name, states.set_state, state, reason="because", actor_id=None)

    return set_state


@pytest.fixture
def review(change, accounts):
    def review(username, rating, title=None, body=None, name="word-tally"):
        user_id = accounts.user(username)
        change(name, lambda session, row: reviews.write_review(session, row.id, user_id, rating, title, body))

    return review
