"""A statement that is executed so often that this must cost no more than the database takes."""

import functools
from collections import namedtuple
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, inspect, update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict

from registry.models.base import Base, table
from registry.models.driver import send

M = TypeVar("M", bound=Base)
Processor = Callable[[Any], Any]


class Prepared:
    """A statement compiled once for each kind of database and handed to the driver as it is.

    What SQLAlchemy does for an execution takes twice as long as the query by a key. Values go and come as the
    statement's types have them; there is no IN of many, and no default is filled in: an INSERT names the ``columns``
    that it is given, unless it is given all. All methods raise sqlalchemy.exc.DBAPIError.
    """

    def __init__(self, statement: Any, *columns: str):
        self._statement, self._columns = statement, columns
        self._made: dict[str, _Made] = {}

    def run(self, connection: Connection, **parameters: Any) -> None:
        """Execute it; what it returns is left alone."""
        self._execute(connection, parameters, None)

    def all(self, connection: Connection, **parameters: Any) -> list[Any]:
        """All rows, with their columns as attributes."""
        found: list[Any] = self._execute(connection, parameters, _Made.all)
        return found

    def one_or_none(self, connection: Connection, **parameters: Any) -> Any:
        """The first row, with its columns as attributes; None where there is none."""
        return self._execute(connection, parameters, _Made.first)

    def one(self, connection: Connection, **parameters: Any) -> Any:
        """The row, which there must be. Raises NoResultFound."""
        row = self.one_or_none(connection, **parameters)
        if row is None:
            raise NoResultFound("There is no such row.")
        return row

    def scalar(self, connection: Connection, **parameters: Any) -> Any:
        """The first column of the first row; None where there is none."""
        row = self.one_or_none(connection, **parameters)
        return None if row is None else row[0]

    def _execute(
        self, connection: Connection, parameters: dict[str, Any], take: Callable[..., Any] | None
    ) -> Any:
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _Made(self._statement, self._columns, dialect)
        return send(connection, made.sql, made.values(parameters), take and functools.partial(take, made))


def loaded(session: Session, model: type[M], row: Any) -> M:
    """What the unit of work would have made of a row of the model with all columns that it does not defer.

    The session must not have it yet.
    """
    found = model()
    instance_dict(found).update(row._mapping)
    make_transient_to_detached(found)
    session.add(found)
    return found


def write_back(session: Session, found: Base) -> None:
    """Write what has changed of an object whose key is ``id``, for the last time: the session knows it no more then.

    This takes a tenth of what a flush does. Other objects are not written.
    """
    state = inspect(found)
    changed = tuple(sorted(state.committed_state))
    if changed:
        values = {name: getattr(found, name) for name in changed}
        _changing(type(found), changed).run(
            session.connection(), of=state.mapper.primary_key_from_instance(found)[0], **values
        )
    session.expunge(found)


@functools.cache
def _changing(model: type[Base], changed: tuple[str, ...]) -> Prepared:
    columns = table(model).c
    values = {name: bindparam(name, type_=columns[name].type) for name in changed}
    return Prepared(update(table(model)).where(columns["id"] == bindparam("of")).values(values))


class _Made:
    """What has been made of a statement for one kind of database."""

    def __init__(self, statement: Any, columns: Sequence[str], dialect: Dialect):
        compiled = statement.compile(dialect=dialect, column_keys=columns or None)
        self.sql = str(compiled)
        # The parameters in their order, where the driver wants no names.
        self._order: list[str] | None = compiled.positiontup
        self._fixed = {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in compiled.params.items()
        }
        self._given: dict[str, Processor] = {}
        for name, bind in compiled.binds.items():
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                self._given[name] = process
        if getattr(compiled, "insert_prefetch", None):
            raise TypeError(f"Defaults are not filled in; name the columns that are given: {self.sql}")
        self._dialect, self._columns = dialect, statement.exported_columns
        self._row = _row(self._columns.keys())
        self._shaped: Callable[[Sequence[Any]], Any] | None = None

    def values(self, parameters: dict[str, Any]) -> Any:
        """The parameters as the driver wants them."""
        values = self._fixed | parameters
        for name, process in self._given.items():
            values[name] = process(values[name])
        return values if self._order is None else [values[name] for name in self._order]

    def first(self, cursor: Any) -> Any:
        found = cursor.fetchone()
        return None if found is None else self._shape(cursor)(found)

    def all(self, cursor: Any) -> list[Any]:
        return list(map(self._shape(cursor), cursor.fetchall()))

    def _shape(self, cursor: Any) -> Callable[[Sequence[Any]], Any]:
        """What makes of the driver's row, whose values are always of the same kinds, one of the statement's types."""
        if self._shaped is None:
            kinds = [column[1] for column in cursor.description]
            self._shaped = self._shaping(
                [
                    column.type.dialect_impl(self._dialect).result_processor(self._dialect, kind)
                    for column, kind in zip(self._columns, kinds, strict=True)
                ]
            )
        return self._shaped

    def _shaping(self, processors: Sequence[Processor | None]) -> Callable[[Sequence[Any]], Any]:
        some = [(place, process) for place, process in enumerate(processors) if process]
        make: Callable[[Sequence[Any]], Any] = self._row._make
        if not some:
            return make

        def shaped(found: Sequence[Any]) -> Any:
            values = list(found)
            for place, process in some:
                values[place] = process(values[place])
            return make(values)

        return shaped


def _row(names: Sequence[str]) -> Any:
    make: Any = namedtuple
    plain = make("Row", names, rename=True)
    # As SQLAlchemy's rows have it.
    plain._mapping = property(plain._asdict)
    return plain
