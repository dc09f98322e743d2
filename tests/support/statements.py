"""What is sent to the database, by SQLAlchemy or past it."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.engine import Engine

from registry.models import prepared


class Statement(NamedTuple):
    """A statement and the parameters that it was sent with."""

    sql: str
    parameters: Any


@contextlib.contextmanager
def heard() -> Iterator[list[Statement]]:
    """The statements that are sent inside, as they are sent."""
    sent: list[Statement] = []
    values = prepared._Made.values

    def note(connection, cursor, statement, parameters, context, executemany):
        sent.append(Statement(statement, parameters[0] if executemany else parameters))

    def valued(made, parameters):
        sent.append(Statement(made.sql, values(made, parameters)))
        return sent[-1].parameters

    event.listen(Engine, "before_cursor_execute", note)
    prepared._Made.values = valued
    try:
        yield sent
    finally:
        prepared._Made.values = values
        event.remove(Engine, "before_cursor_execute", note)
