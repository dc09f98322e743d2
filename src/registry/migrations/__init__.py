"""The database schema: alembic's migrations, and what the command line and the tests need of them."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

# Held by a process while it migrates a PostgreSQL database; any number will do.
LOCK = 7_262_089

# A virtual table of SQLite with all that belongs to it, and an index of a kind that only PostgreSQL has.
PARTICULAR = ("search_index", "ix_search_document_terms")


def described(_object: Any, name: str | None, _kind: str, _reflected: bool, _compared: Any) -> bool:
    """Whether something in a database is what ``models`` describes for every one (alembic's ``include_object``)."""
    return not (name or "").startswith(PARTICULAR)


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema of the database at ``url`` to ``revision``; does nothing when it is there."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    command.downgrade(_config(url), revision)


def head() -> str:
    """The revision this code expects."""
    (revision,) = ScriptDirectory.from_config(_config("")).get_heads()
    return revision


def is_known(revision: str) -> bool:
    """Whether this code has that revision, the newest or an older one."""
    try:
        ScriptDirectory.from_config(_config("")).get_revision(revision)
    except CommandError:
        return False
    return True


def current(url: str) -> str | None:
    """The revision the database is at; None for one that has never been migrated."""
    with engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def engine(url: str, **options: Any) -> Engine:
    """An engine without a pool: migrating is one connection, closed at its end."""
    return create_engine(url, poolclass=NullPool, **options)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "registry:migrations")
    config.attributes["url"] = url
    return config
