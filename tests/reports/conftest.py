"""`extension` is ann's `word-tally`; `send` speaks for somebody at its addresses, `state` is its state."""

import pytest
from sqlalchemy import select

from registry.models import Extension
from support import word_tally


@pytest.fixture
def extension(database, accounts):
    return word_tally.publish(database, accounts)


@pytest.fixture
def send(app, accounts, extension):
    return word_tally.speaker(app, accounts)


@pytest.fixture
def set_state(database, extension, accounts):
    def set_state(state, who="root"):
        word_tally.set_state(database, extension, state, accounts.user(who, admin=True))

    return set_state


@pytest.fixture
def state(database, extension):
    def state():
        with database.read() as connection:
            return connection.scalar(select(Extension.state).where(Extension.id == extension))

    return state


@pytest.fixture
def told(send):
    return lambda who: word_tally.told(send, who)
