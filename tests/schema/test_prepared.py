"""Statements that are handed to the driver as they are answer as SQLAlchemy would."""

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import DBAPIError, NoResultFound

from registry.domain import credentials
from registry.models import Extension, ExtensionState, Prepared, table
from support.rows import extension

_BY_NAME = select(table(Extension)).where(
    table(Extension).c.name == bindparam("name"), table(Extension).c.state == ExtensionState.ACTIVE
)


def test_the_same_row(database):
    database.write(
        lambda session: extension(session, "word-tally", credentials.create_user(session, "ann").id).id
    )
    prepared = Prepared(_BY_NAME)
    with database.read() as connection:
        for _ in range(2):
            row = prepared.one(connection, name="word-tally")
            usual = connection.execute(_BY_NAME, {"name": "word-tally"}).one()
            assert dict(row._mapping) == dict(usual._mapping)
            assert (row.created, row.keywords, row.theme) == (usual.created, usual.keywords, usual.theme)


def test_none(database):
    prepared = Prepared(_BY_NAME)
    with database.read() as connection:
        assert prepared.one_or_none(connection, name="nothing") is None
        with pytest.raises(NoResultFound):
            prepared.one(connection, name="nothing")


def test_errors_are_sqlalchemys(database):
    prepared = Prepared(_BY_NAME)
    with database.read() as connection:
        with pytest.raises(DBAPIError):
            prepared.one_or_none(connection, name=object())
        assert prepared.one_or_none(connection, name="nothing") is None
