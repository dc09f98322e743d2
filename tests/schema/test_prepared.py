"""Statements that are handed to the driver as they are answer as SQLAlchemy would."""

import pytest
from sqlalchemy import bindparam, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound

from registry.domain import credentials
from registry.models import Event, Extension, ExtensionState, Prepared, User, loaded, now, table, write_back
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


def test_a_row_is_written(database):
    written = {"seq": 1, "at": now(), "kind": "a.b", "actor_id": None, "extension_id": None}
    written |= {"data": {"a": ["½"]}, "public": True, "previous": b"\0", "hash": b"\xff"}
    new = Prepared(insert(table(Event)))
    database.write(lambda session: new.run(session.connection(), **written))
    with database.read() as connection:
        assert dict(connection.execute(select(table(Event))).one()._mapping) == written


def test_what_was_written_comes_back(database):
    columns = ("username", "admin", "created")
    new = Prepared(insert(table(User)).returning(table(User).c.id, table(User).c.created), *columns)
    moment = now()
    row = database.write(
        lambda session: new.one(session.connection(), username="ann", admin=False, created=moment)
    )
    with database.read() as connection:
        assert row == connection.execute(select(User.id, User.created)).one()
    assert row.created == moment


def test_a_default_is_not_left_out_in_silence(database):
    new = Prepared(insert(table(User)), "username")
    with pytest.raises(TypeError, match="created"):
        database.write(lambda session: new.run(session.connection(), username="ann"))


def test_many_rows(database):
    database.write(lambda session: [credentials.create_user(session, name) for name in ("ann", "bob")])
    everybody = Prepared(select(User.username, User.created).order_by(User.username))
    with database.read() as connection:
        rows = everybody.all(connection)
        assert rows == connection.execute(select(User.username, User.created).order_by(User.username)).all()
        assert [row.username for row in rows] == ["ann", "bob"]


def test_a_write_that_breaks_a_rule_leaves_nothing(database):
    new = Prepared(insert(table(User)), "username", "admin", "created")

    def twice(session):
        for _ in range(2):
            new.run(session.connection(), username="ann", admin=False, created=now())

    with pytest.raises(IntegrityError) as raised:
        database.write(twice)
    assert "INSERT INTO" in raised.value.statement
    with database.read() as connection:
        assert connection.scalar(select(User.id)) is None


def test_an_object_is_as_the_unit_of_work_has_it(database):
    def work(session):
        number = extension(session, "word-tally", credentials.create_user(session, "ann").id).id
        session.flush()
        session.expunge_all()
        found = loaded(session, Extension, Prepared(_BY_NAME).one(session.connection(), name="word-tally"))
        assert not inspect(found).modified
        assert session.get(Extension, number) is found
        found.title = {"en": "Another"}
        return number

    number = database.write(work)
    with database.reading_session() as session:
        assert session.get_one(Extension, number).title == {"en": "Another"}


def test_an_object_is_written_back_without_the_unit_of_work(database):
    def work(session):
        made = extension(session, "word-tally", credentials.create_user(session, "ann").id)
        session.flush()
        made.title, made.keywords, made.state_code = {"en": "Another"}, ["½"], None
        write_back(session, made)
        made.title = {"en": "Too late"}
        return made.id

    with database.reading_session() as session:
        row = session.get_one(Extension, database.write(work))
        assert (row.title, row.keywords, row.name) == ({"en": "Another"}, ["½"], "word-tally")


def test_a_connection_that_is_gone_is_an_error_of_the_database(database):
    with database.read() as connection:
        connection.connection.driver_connection.close()
        with pytest.raises(DBAPIError) as raised:
            Prepared(_BY_NAME).one_or_none(connection, name="nothing")
        assert raised.value.connection_invalidated
    with database.read() as connection:
        assert Prepared(_BY_NAME).one_or_none(connection, name="nothing") is None
