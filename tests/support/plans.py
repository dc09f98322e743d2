"""How a database answers a statement: whether an index is of use to it."""

import pytest
from sqlalchemy import Executable

from registry.models.database import Database

# PostgreSQL reads small tables from end to end, and which of several indexes it takes is decided by what happens to be
# in the tables. So the one that is asked about is the only one its table has, and everything else is dear.
_ALONE = """
UPDATE pg_index SET indisvalid = false
FROM pg_index AS mine
WHERE mine.indexrelid = %s::regclass
  AND pg_index.indrelid = mine.indrelid AND pg_index.indexrelid <> mine.indexrelid
"""
_DEAR = ("seqscan", "bitmapscan", "sort")


def plan(database: Database, statement: Executable, parameters: dict[str, object], index: str) -> str:
    """The steps, a line each; what SQLite would do, and how PostgreSQL would make use of ``index``.

    PostgreSQL can walk through any index from end to end, so look for the condition that it is entered by, too. The
    test is skipped there for a role that is no superuser.
    """
    compiled = statement.params(parameters).compile(database.engine, compile_kwargs={"literal_binds": True})
    told = str(compiled).replace("%", "%%")
    with database.engine.connect() as connection:
        if database.sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")
            return "\n".join(row.detail for row in rows)
        if connection.exec_driver_sql("SHOW is_superuser").scalar_one() == "off":
            pytest.skip("only a superuser of PostgreSQL may put indexes out of the question")
        for step in _DEAR:
            connection.exec_driver_sql(f"SET LOCAL enable_{step} = off")
        connection.exec_driver_sql(_ALONE, (index,))
        rows = connection.exec_driver_sql(f"EXPLAIN {told}")
        steps = "\n".join(row[0] for row in rows)
        connection.rollback()
    return steps
