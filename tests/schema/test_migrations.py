"""The migrations make exactly the schema that the rows describe, on each database."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, text

from registry import migrations
from registry.models import Base


def tables(url: str) -> set[str]:
    with migrations.engine(url).connect() as connection:
        return set(inspect(connection).get_table_names())


def test_an_upgraded_database_is_what_the_rows_describe(blank_url):
    migrations.upgrade(blank_url)

    with migrations.engine(blank_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": migrations.described})
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_are_the_ones_of_the_rows(blank_url):
    migrations.upgrade(blank_url)

    # Alembic's comparison passes over these.
    with migrations.engine(blank_url).connect() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            wanted = {str(item.name) for item in table.constraints if isinstance(item, CheckConstraint)}
            assert {item["name"] for item in inspector.get_check_constraints(table.name)} == wanted


def test_upgrading_twice_changes_nothing(blank_url):
    migrations.upgrade(blank_url)
    migrations.upgrade(blank_url)

    assert migrations.current(blank_url) == migrations.head()


def test_a_new_database_is_at_no_revision(blank_url):
    assert migrations.current(blank_url) is None


def test_downgrading_takes_every_table_away(blank_url):
    migrations.upgrade(blank_url)
    migrations.downgrade(blank_url, "base")

    assert tables(blank_url) <= {"alembic_version"}


def test_a_migration_that_fails_leaves_nothing_behind(blank_url):
    with migrations.engine(blank_url).begin() as connection:
        # The first migration wants to make it too, after several others.
        connection.execute(text("CREATE TABLE version (id INTEGER)"))

    with pytest.raises(Exception, match="version"):
        migrations.upgrade(blank_url)

    assert tables(blank_url) == {"version"}


def test_a_test_database_begins_empty_and_migrated(database, database_url):
    assert migrations.current(database_url) == migrations.head()
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            assert connection.execute(table.select()).first() is None
