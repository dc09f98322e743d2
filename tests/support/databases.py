"""Databases for tests: made, emptied, dropped. SQLite, or PostgreSQL when TEST_DATABASE_URL names a server."""

import contextlib
import functools
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from registry import migrations
from registry.models import Base

SERVER = os.environ.get("TEST_DATABASE_URL", "")

_STRANGERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SEQUENCES = text("SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences")


@contextlib.contextmanager
def blank(folder: Path) -> Iterator[str]:
    """The URL of a database without tables: a file in ``folder``, or on the server and dropped at the end."""
    if not SERVER:
        yield f"sqlite:///{folder}/blank.sqlite"
        return
    url = make_url(SERVER).set(drivername="postgresql+psycopg", database=f"registry_test_{uuid.uuid4().hex}")
    with _connection(SERVER) as connection:
        connection.execute(text(f"CREATE DATABASE {url.database}"))
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with _connection(SERVER) as connection:
            connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))


@contextlib.contextmanager
def migrated(folder: Path) -> Iterator[str]:
    """The URL of a database to be a template for `fresh`: like `blank`, with tables."""
    with blank(folder) as url:
        migrations.upgrade(url)
        yield url


def fresh(template: str, folder: Path) -> str:
    """The URL of a migrated database without rows: a copy in ``folder``, or on the server the template itself."""
    if SERVER:
        # Emptying takes a hundredth of the time that a new database takes.
        empty(template)
        return template
    url = f"sqlite:///{folder}/registry.sqlite"
    shutil.copyfile(template.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
    return url


def empty(url: str) -> None:
    """Make a database of the server as if just migrated: no rows, no connections of earlier tests, ids from 1."""
    with _engine(url).connect() as connection:
        connection.execute(_STRANGERS)
        connection.execute(text(_delete_all()))
        connection.execute(_SEQUENCES)


@functools.cache
def _delete_all() -> str:
    tables = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
    return "; ".join(["UPDATE extension SET latest_id = NULL", *tables])


@contextlib.contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(_driver(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


@functools.cache
def _engine(url: str) -> Engine:
    """Kept, because a test should not wait for a new connection."""
    return create_engine(_driver(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")


def _driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")
