"""The chain of events: whole, or it says where it is broken."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update

from registry.domain import events
from registry.models import Event


@pytest.fixture
def five(database):
    for number in range(5):
        database.write(
            lambda session, number=number: events.record(session, "test.happened", number=number, text="ü")
        )


def test_an_untouched_chain_is_whole(database, five):
    with database.read() as connection:
        assert events.verify(connection, batch=2) == 5


@pytest.mark.parametrize(
    "tamper",
    [
        update(Event).where(Event.seq == 3).values(data={"number": 99}),
        update(Event).where(Event.seq == 3).values(kind="other"),
        update(Event).where(Event.seq == 3).values(hash=bytes(32)),
        delete(Event).where(Event.seq == 3),
    ],
)
def test_a_broken_chain_says_where(database, five, tamper):
    database.write(lambda session: session.execute(tamper) and None)
    with database.read() as connection, pytest.raises(events.BrokenChain, match=r"event [34]"):
        events.verify(connection)


def test_events_written_at_once_are_one_chain(database):
    def record(number):
        database.write(lambda session: events.record(session, "test.happened", number=number) and None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, range(40)))
    with database.read() as connection:
        assert events.verify(connection) == 40
