"""How a database would answer a statement, were its tables large: a planner reads a small table from end to end."""

import pytest
from sqlalchemy import Executable

from registry.models.database import Database

# What is known of one row, or of none, is forgotten, and each page is said to be full of rows. Without knowing
# the values a planner may still rather sort; what is asked here is whether an index is there. Nothing is kept.
_LARGE = (
    "SET LOCAL enable_sort = off",
    "SET LOCAL enable_bitmapscan = off",
    "DELETE FROM pg_statistic",
    "UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE relkind IN ('r', 'i') AND relnamespace = "
    "current_schema()::regnamespace",
)


def plan(database: Database, statement: Executable, parameters: dict[str, object]) -> str:
    """The steps, a line each; on PostgreSQL the test is skipped for a role that is no superuser."""
    compiled = statement.params(parameters).compile(database.engine, compile_kwargs={"literal_binds": True})
    told = str(compiled).replace("%", "%%")
    with database.engine.connect() as connection:
        if database.sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")
            return "\n".join(row.detail for row in rows)
        if connection.exec_driver_sql("SHOW is_superuser").scalar_one() == "off":
            pytest.skip("only a superuser of PostgreSQL may say that tables are large")
        for change in _LARGE:
            connection.exec_driver_sql(change)
        rows = connection.exec_driver_sql(f"EXPLAIN {told}")
        steps = "\n".join(row[0] for row in rows)
        connection.rollback()
    return steps
