"""`extension` is ann's `word-tally`, published and signed; `send` speaks for somebody at its addresses."""

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
def set_state(database, extension):
    return lambda state: word_tally.set_state(database, extension, state, None)


@pytest.fixture
def rating(database, extension):
    """What is kept of the ratings: the counts, and the score."""

    def rating():
        with database.read() as connection:
            found = select(Extension.rating_counts, Extension.rating_score).where(Extension.id == extension)
            return tuple(connection.execute(found).one())

    return rating


@pytest.fixture
def told(send):
    """The kinds of what somebody has been told, the newest first."""
    return lambda who: [kind for kind, _ in word_tally.told(send, who)]
