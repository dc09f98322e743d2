"""Writing many rows of plain values at once."""

from typing import Any

from sqlalchemy import Connection

from registry.models.base import Base
from registry.models.driver import send

_MARKS = {"qmark": "?", "pyformat": "%s"}


class ManyRows:
    """An INSERT of many rows into the table of ``model``, to be called with a connection and a tuple for each row.

    Values go to the driver as they are, so they must be plain (numbers, text, None): what SQLAlchemy does for each row
    of an ``insert()`` costs more than the database does. ``then`` is what follows VALUES, such as ON CONFLICT.
    """

    def __init__(self, model: type[Base], *columns: str, then: str = ""):
        into = f"{model.__tablename__} ({', '.join(columns)})"
        self._sql = {
            style: f"INSERT INTO {into} VALUES ({', '.join([mark] * len(columns))}) {then}"  # noqa: S608 - names of our own
            for style, mark in _MARKS.items()
        }

    def __call__(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        send(connection, self._sql[connection.dialect.paramstyle], rows, many=True)
