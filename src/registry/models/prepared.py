"""A statement that is asked so often that executing it must cost no more than the database takes."""

from collections import namedtuple
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select
from sqlalchemy.engine import Dialect


class _Made(NamedTuple):
    sql: str
    # The parameters in their order, where the driver wants no names.
    order: list[str] | None
    fixed: dict[str, Any]
    row: Any
    processors: list[Callable[[Any], Any]]


class Prepared:
    """A SELECT of one row at most, compiled once for each kind of database and handed to the driver as it is.

    What SQLAlchemy does for an execution takes twice as long as the query by a key. Values come as the statement's
    types have them. Parameters must be plain; errors are the driver's own.
    """

    def __init__(self, statement: Select[Any]):
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def one_or_none(self, connection: Connection, **parameters: Any) -> Any:
        """The row, with its columns as attributes."""
        made = self._made.get(connection.dialect.name) or self._make(connection.dialect)
        values = made.fixed | parameters
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(made.sql, values if made.order is None else [values[name] for name in made.order])
            found = cursor.fetchone()
        finally:
            cursor.close()
        if found is None:
            return None
        return made.row(*[process(value) for process, value in zip(made.processors, found, strict=True)])

    def _make(self, dialect: Dialect) -> _Made:
        compiled = self._statement.compile(dialect=dialect)
        fixed = {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in compiled.params.items()
        }
        columns = self._statement.selected_columns
        types = [column.type.dialect_impl(dialect) for column in columns]
        made = self._made[dialect.name] = _Made(
            str(compiled),
            compiled.positiontup,
            fixed,
            namedtuple("Row", columns.keys(), rename=True),
            [kind.result_processor(dialect, None) or _as_it_is for kind in types],
        )
        return made


def _as_it_is(value: Any) -> Any:
    return value
