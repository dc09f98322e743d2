"""How many there are: read in no time, because it is kept whenever it changes."""

from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from registry.models import Tally, table

# Extensions on offer.
LISTED = "extensions_listed"

_TABLE = table(Tally)
_VALUE = select(_TABLE.c.value).where(_TABLE.c.name == bindparam("which"))


def _added_to(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=[_TABLE.c.name], set_={"value": _TABLE.c.value + insert.excluded.value}
    )


# One statement, because two that begin a tally at once would both find none.
_CHANGE = {
    "sqlite": _added_to(sqlite.insert(_TABLE)),
    "postgresql": _added_to(postgresql.insert(_TABLE)),
}


def change(connection: Connection, name: str, by: int) -> None:
    """One more or fewer, as part of the transaction that makes it so."""
    connection.execute(_CHANGE[connection.dialect.name], {"name": name, "value": by})


def value(connection: Connection, name: str) -> int:
    return connection.scalar(_VALUE, {"which": name}) or 0
