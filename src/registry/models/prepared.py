"""A statement that is asked so often that executing it must cost no more than the database takes."""

from collections import namedtuple
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import NoResultFound


class Prepared:
    """A SELECT of one row at most, compiled once for each kind of database and handed to the driver as it is.

    What SQLAlchemy does for an execution takes twice as long as the query by a key. Parameters must be plain; values
    come as the statement's types have them.
    """

    def __init__(self, statement: Any):
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def one_or_none(self, connection: Connection, **parameters: Any) -> Any:
        """The row, with its columns as attributes. Raises sqlalchemy.exc.DBAPIError."""
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _Made(self._statement, dialect)
        cursor: Any = connection.connection.cursor()
        try:
            return made.ask(cursor, parameters)
        except made.error:
            # SQLAlchemy knows what is wrong, and whether the connection is any good.
            return connection.execute(self._statement, parameters).one_or_none()
        finally:
            cursor.close()

    def one(self, connection: Connection, **parameters: Any) -> Any:
        """The row, which there must be. Raises NoResultFound, and sqlalchemy.exc.DBAPIError."""
        row = self.one_or_none(connection, **parameters)
        if row is None:
            raise NoResultFound("There is no such row.")
        return row


class _Made:
    """What has been made of a statement for one kind of database."""

    def __init__(self, statement: Any, dialect: Dialect):
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        # The parameters in their order, where the driver wants no names.
        self._order: list[str] | None = compiled.positiontup
        self._fixed = {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in compiled.params.items()
        }
        self._dialect, self._columns = dialect, statement.selected_columns
        self._row = _row(self._columns.keys())
        self._processors: list[Callable[[Any], Any]] | None = None
        self.error: type[Exception] = dialect.dbapi.Error  # type: ignore[union-attr]

    def ask(self, cursor: Any, parameters: dict[str, Any]) -> Any:
        values = self._fixed | parameters
        cursor.execute(self._sql, values if self._order is None else [values[name] for name in self._order])
        found = cursor.fetchone()
        if found is None:
            return None
        if self._processors is None:
            self._processors = self._made_for([column[1] for column in cursor.description])
        return self._row(*[process(value) for process, value in zip(self._processors, found, strict=True)])

    def _made_for(self, kinds: Sequence[Any]) -> list[Callable[[Any], Any]]:
        """What makes of the driver's values, which are of these kinds, those of the statement's types."""
        return [
            column.type.dialect_impl(self._dialect).result_processor(self._dialect, kind) or _as_it_is
            for column, kind in zip(self._columns, kinds, strict=True)
        ]


def _row(names: Sequence[str]) -> Any:
    make: Any = namedtuple
    plain = make("Row", names, rename=True)
    # As SQLAlchemy's rows have it.
    plain._mapping = property(plain._asdict)
    return plain


def _as_it_is(value: Any) -> Any:
    return value
