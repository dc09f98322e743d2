"""Sending a statement to the driver as it is; what goes wrong is told as SQLAlchemy tells it."""

import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Cursor = Any


def send(
    connection: Connection,
    sql: str,
    values: Any,
    take: Callable[[Cursor], Any] | None = None,
    *,
    many: bool = False,
) -> Any:
    """Execute it with these values, or ``many`` times with each of them: what ``take`` makes of the cursor.

    Raises sqlalchemy.exc.DBAPIError.
    """
    dialect = connection.dialect
    error_class: type[Exception] = dialect.dbapi.Error  # type: ignore[union-attr]
    driver: Any = connection.connection
    try:
        with contextlib.closing(driver.cursor()) as cursor:
            if many:
                cursor.executemany(sql, values)
            else:
                cursor.execute(sql, values)
            return None if take is None else take(cursor)
    except error_class as error:
        gone = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, values, error, error_class, connection_invalidated=gone, dialect=dialect
        ) from error
