"""Connections: reading and writing are two different things.

A read takes a plain connection outside any transaction manager, since most requests are reads and a
unit of work costs them more than the query. A write is a function of a session, run by ``write`` in
one transaction (``transaction`` + ``zope.sqlalchemy``) that has committed when ``write`` returns, so
no answer is ever made of what could still be lost; it runs again when the database asks for that.

SQLite has one writer. A write there waits for its ``Turn`` and begins with BEGIN IMMEDIATE, so that it
never has to give up half way. Commits are synced to disk (WAL with synchronous=FULL).
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import orjson
import transaction
import zope.sqlalchemy
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from zope.sqlalchemy.datamanager import STATUS_CHANGED

from registry.models.prepared import Prepared
from registry.models.turn import Turn, turn_for

T = TypeVar("T")
TRIES = 5
BUSY_SECONDS = 15
# Nothing is to be rolled back where each statement is a transaction of its own.
_READING = {"pool_reset_on_return": None}
_BEGIN = Prepared(text("BEGIN IMMEDIATE").columns())


class Database:
    """The database behind ``url`` (a SQLAlchemy URL: ``sqlite:///file`` or ``postgresql+psycopg://…``)."""

    def __init__(self, url: str, **engine_options: Any):
        self.url = make_url(url)
        engine_options |= {"json_serializer": _dump, "json_deserializer": orjson.loads}
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite:
            self.engine = _sqlite_engine(url, immediate=True, **engine_options)
            self._reading = _sqlite_engine(url, immediate=False, **_READING, **engine_options)
            self._turn: Turn | None = turn_for(self.url.database)
        else:
            engine_options.setdefault("pool_pre_ping", True)
            self.engine = create_engine(url, **engine_options)
            # A pool of its own: whoever holds a connection to read with may wait for one to write with. It has no limit
            # but the number of threads: who holds one may want another, and would wait for those who want the same.
            reading = {**engine_options, **_READING, "max_overflow": -1}
            self._reading = create_engine(url, isolation_level="AUTOCOMMIT", **reading)
            self._turn = None
        self._manager = transaction.ThreadTransactionManager()
        # What a write returns may be shown as the write has left it.
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        # Every write session commits: Core statements alone would otherwise be rolled back in silence.
        zope.sqlalchemy.register(
            self._sessions, initial_state=STATUS_CHANGED, transaction_manager=self._manager
        )

    def read(self) -> Connection:
        """A connection for reading; close it, or use it as a context manager."""
        return self._reading.connect()

    def write(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run ``work(session, *arguments)`` in one transaction and return its result once that is on disk."""
        with self._turn or contextlib.nullcontext():
            for attempt in range(1, TRIES + 1):
                with contextlib.closing(self._sessions()) as session:
                    self._manager.begin()
                    try:
                        result = work(session, *arguments)
                        self._manager.commit()
                    except BaseException as error:
                        retry = attempt < TRIES and self._may_retry(error)
                        self._manager.abort()
                        if not retry:
                            raise
                    else:
                        return result
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def reading_session(self) -> Iterator[Session]:
        """An ORM session on a read connection, for tools and tests."""
        with self.read() as connection, Session(connection) as session:
            yield session

    def dispose(self) -> None:
        self.engine.dispose()
        self._reading.dispose()

    def _may_retry(self, error: BaseException) -> bool:
        # Two wrote the same at once: run again, the loser then sees the winner's row and can say so.
        if isinstance(error, IntegrityError):
            return True
        if self.sqlite:
            return isinstance(error, OperationalError) and "locked" in str(error.orig)
        return isinstance(error, Exception) and bool(self._manager.get().isRetryableError(error))


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sqlite_engine(url: str, *, immediate: bool, **options: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")

    if immediate:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            _BEGIN.run(connection)

    return engine
