"""A clerk whose clock the test moves, over rows as publishing and signing leave them."""

import dataclasses
import datetime
import gzip
from collections.abc import Callable, Iterator

import orjson
import pytest
from sqlalchemy import update

from registry import settings
from registry.domain import events, states
from registry.jobs.clerk import Clerk
from registry.jobs.worker import open_context
from registry.models import Database, Document, Extension, ExtensionState, User, now, table
from support import rows


class Clock:
    """Stands still unless the test moves it."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def calendar(self) -> datetime.datetime:
        return START + datetime.timedelta(seconds=self.seconds)

    def move(self, seconds: float) -> None:
        self.seconds += seconds


START = now()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(ini, database):
    return dataclasses.replace(open_context(ini, settings.read(ini)), database=database)


@pytest.fixture
def new_clerk(context, clock) -> Callable[[], Clerk]:
    """Another clerk, as in a worker of its own."""
    return lambda: Clerk(dataclasses.replace(context), clock, clock.calendar)


@pytest.fixture
def clerk(new_clerk) -> Iterator[Clerk]:
    return new_clerk()


class Catalogue:
    """Changes rows, and reads the documents that were made of them."""

    def __init__(self, database: Database, storage):
        self.database, self.storage = database, storage
        self._owner = database.write(self._user)

    @staticmethod
    def _user(session):
        user = User(username="ann")
        session.add(user)
        session.flush()
        return user.id

    def add(self, name: str, *versions: str, **columns) -> int:
        def work(session):
            row = rows.extension(session, name, self._owner, *(versions or ("1.0.0",)))
            for column, value in columns.items():
                setattr(row, column, value)
            session.flush()
            events.record(session, "version.signed", extension_id=row.id, public=True)
            return row.id

        return self.database.write(work)

    def change(self, name: str, **columns) -> None:
        def work(session):
            row = session.query(Extension).filter_by(name=name).one()
            for column, value in columns.items():
                setattr(row, column, value)
            session.flush()
            events.record(session, "extension.edited", extension_id=row.id, public=True)

        self.database.write(work)

    def disable(self, name: str) -> None:
        def work(session):
            row = session.query(Extension).filter_by(name=name).one()
            states.set_state(session, row, ExtensionState.DISABLED, reason="harmful", actor_id=None)

        self.database.write(work)

    def download(self, name: str, times: int) -> None:
        statement = update(table(Extension)).where(table(Extension).c.name == name)
        values = {"downloads_total": times, "downloads_recent": times}
        self.database.write(lambda session: session.connection().execute(statement.values(values)))

    def row(self, name: str) -> Document | None:
        with self.database.reading_session() as session:
            found = session.get(Document, name)
            if found is not None:
                session.expunge(found)
            return found

    def bytes(self, name: str) -> bytes:
        row = self.row(name)
        data = self.storage.path(row.sha256).read_bytes()
        assert gzip.decompress(self.storage.path(row.gzip_sha256).read_bytes()) == data
        assert len(data) == row.size
        return data

    def json(self, name: str):
        return orjson.loads(self.bytes(name))


@pytest.fixture
def catalogue(database, context) -> Catalogue:
    return Catalogue(database, context.storage)
