"""Engines of tests: each test has its own database, and all of a process share what SQLAlchemy learns and compiles.

Compiling the same statements anew for every test took a fifth of the suite. And where the application syncs each commit
to disk, its tests need not: nothing in them outlives the machine.
"""

from typing import Any

import sqlalchemy
from sqlalchemy import Engine, event

from registry.models import database

_SHARED: dict[tuple[str, str | None], Engine] = {}
# A process meets more statements than an engine remembers by itself.
_STATEMENTS = 5000


def create_engine(url: Any, **options: Any) -> Engine:
    """As SQLAlchemy's own. What is compiled belongs to the dialect, so that is what engines have in common."""
    engine = sqlalchemy.create_engine(url, query_cache_size=_STATEMENTS, **options)
    kind = engine.dialect.name, options.get("isolation_level")
    shared = _SHARED.get(kind)
    if shared:
        # What it would ask its server is known.
        engine.dialect.initialize = lambda _connection: None
        engine.dialect, engine._compiled_cache = shared.dialect, shared._compiled_cache
    else:

        @event.listens_for(engine, "connect", once=True)
        def _share(_connection: Any, _record: Any) -> None:
            # Only now does the dialect know its server.
            _SHARED.setdefault(kind, engine)

    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "engine_connect")
        def _hurry(connection: sqlalchemy.Connection) -> None:
            connection.connection.driver_connection.execute("pragma synchronous=off")

    return engine


def share() -> None:
    database.create_engine = create_engine
