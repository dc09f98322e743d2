"""The number of extensions on offer is kept, not counted, and is always right."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from registry.domain import states, tallies
from registry.models import Extension, ExtensionState
from support import rows


def both(database):
    """The tally, and what counting says."""
    with database.read() as connection:
        counted = connection.scalar(select(func.count()).select_from(Extension).where(Extension.listed))
        return tallies.value(connection, tallies.LISTED), counted


def test_it_follows_every_change_of_what_is_offered(database, accounts):
    owner = accounts.user("ann")
    assert both(database) == (0, 0)
    for name in ("one", "two"):
        database.write(lambda session, name=name: rows.extension(session, name, owner, "1.0.0").id)
    database.write(lambda session: rows.extension(session, "unsigned", owner).id)
    assert both(database) == (2, 2)

    def move(state):
        def work(session):
            extension = session.scalars(select(Extension).where(Extension.name == "one")).one()
            states.set_state(session, extension, state, reason="test", actor_id=None)

        database.write(work)

    for state, left in (
        (ExtensionState.UNLISTED, 1),
        (ExtensionState.DISABLED, 1),
        (ExtensionState.ACTIVE, 2),
    ):
        move(state)
        assert both(database) == (left, left)


def test_many_at_once(database, accounts):
    owner = accounts.user("ann")

    def add(number):
        database.write(lambda session: rows.extension(session, f"extension-{number}", owner, "1.0.0").id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    assert both(database) == (24, 24)
