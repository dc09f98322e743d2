"""Alembic runs this file for every command on the schema."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, BigInteger, Connection, event, text

from registry.migrations import LOCK, described, engine
from registry.models import Base
from registry.models.base import UTCDateTime

# How a new migration spells the types of `models.base`; script.py.mako defines the names.
TYPES = {UTCDateTime: "Time", BigInteger: "BigId", JSON: "Json"}


def render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    return TYPES.get(type(item), False) if kind == "type" else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite alters a table by copying it.
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render,
        include_object=described,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
        context.run_migrations()


database = engine(context.config.attributes["url"])
if database.dialect.name == "sqlite":
    # The driver would commit before each statement that alters the schema, and leave half of it behind
    # when it fails. One writer at a time, so of two processes that start together the second waits.
    event.listen(database, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(database, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
with database.connect() as connection:
    run(connection)
