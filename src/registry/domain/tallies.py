"""How many there are: read in no time, because it is kept whenever it changes."""

from sqlalchemy import Connection, bindparam, insert, select, update

from registry.models import Tally, table

# Extensions on offer.
LISTED = "extensions_listed"

_TABLE = table(Tally)
_VALUE = select(_TABLE.c.value).where(_TABLE.c.name == bindparam("which"))
_CHANGE = (
    update(_TABLE).where(_TABLE.c.name == bindparam("which")).values(value=_TABLE.c.value + bindparam("by"))
)


def change(connection: Connection, name: str, by: int) -> None:
    """One more or fewer, as part of the transaction that makes it so."""
    if not connection.execute(_CHANGE, {"which": name, "by": by}).rowcount:
        connection.execute(insert(_TABLE), {"name": name, "value": by})


def value(connection: Connection, name: str) -> int:
    return connection.scalar(_VALUE, {"which": name}) or 0
