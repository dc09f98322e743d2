"""Everything that is held about an account can be had, and nothing that would let somebody in."""

import hashlib
import re

from sqlalchemy import select

from registry.domain import credentials, events, export, logins, reports, sessions
from registry.models import ApiKey, Base, LoginSession, Token, User
from support import shelf
from support.wire import assert_failure

ME = "/api/v4/users/me/"
EXPORT = f"{ME}export/"


def names(found, section, key):
    return [row[key] for row in found[section]]


def test_it_is_all_there(world, stocked, accounts, database):
    def add(session):
        user_id = world.ann
        logins.link(session, user_id, "corp", "subject-7", "Ann at work")
        reports.file_report(session, world.extension("other").id, user_id, "other", "It blinks.")
        reports.file_report(session, world.extension("other").id, user_id, "harm", "And it beeps.")
        return sessions.open_session(session, user_id, "corp", client="a browser")[1]

    secret = database.write(add)
    key = accounts.jwt(shelf.OWNER)
    token = accounts.token(shelf.OWNER, extensions=["word-tally"])
    answer = stocked.get(EXPORT, headers=key)
    found = answer.json
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(found) == {section.name for section in export.SECTIONS}
    assert names(found, "profile", "username") == [shelf.OWNER]
    assert names(found, "identities", "subject") == ["subject-7"]
    assert names(found, "sessions", "client") == ["a browser"]
    assert ["word-tally"] in names(found, "tokens", "extensions")
    assert len(found["keys"]) == 1
    assert sorted(names(found, "teams", "team")) == ["makers", "solo"]
    assert sorted(names(found, "ownerships", "extension")) == ["draft", "shared", "tab-notes", "word-tally"]
    assert names(found, "invitations", "team") == ["stay"]
    assert [(row["extension"], row["to_user_id"]) for row in found["transfers"]] == [
        ("other", world.ann),
        ("shared", world.ids["carl"]),
    ]
    assert "extension.transfer-offered" in names(found, "notifications", "kind")
    assert names(found, "reviews", "body") == ["I use it every day."]
    assert names(found, "former_reviews", "body") == ["I use it at times."]
    assert names(found, "review_replies", "reply") == ["Why?"]
    assert names(found, "review_flags", "note") == ["No reason given"]
    assert names(found, "reports", "comment") == ["It blinks."]
    assert names(found, "report_evidence", "comment") == ["And it beeps."]
    assert sorted(names(found, "versions", "version")) == ["1.0.0", "1.0.0", "1.0.0", "2.0.0", "2.0.0"]
    assert "version.published" in names(found, "events_by", "kind")
    assert "team.invited" in names(found, "events_about", "kind")
    assert world.ann not in names(found, "events_about", "actor_id")
    assert all("cause" not in row["data"] for row in found["events_about"])
    with database.read() as connection:
        secrets = [
            *connection.scalars(select(Token.sha256)),
            *connection.scalars(select(LoginSession.sha256)),
            *connection.scalars(select(ApiKey.secret)),
        ]
    for each in (secret.encode(), token.encode(), hashlib.sha256(secret.encode()).digest(), *secrets):
        for form in (each, each.hex().encode()):
            assert form not in answer.body


def test_every_table_that_names_an_account_is_in_it():
    read = {table for section in export.SECTIONS for table in section.rows.get_final_froms()}
    names = " ".join(str(table) for table in read)
    for mapper in Base.registry.mappers:
        people = [key for key in mapper.local_table.foreign_keys if key.column.table is User.__table__]
        assert not people or re.search(rf"\b{mapper.local_table.name}\b", names), mapper.local_table.name


def test_who_may_have_it(stocked, accounts):
    assert_failure(stocked.get(EXPORT, expect_errors=True), 401)
    answer = stocked.get(EXPORT, headers=accounts.bearer(shelf.OWNER), expect_errors=True)
    assert "log in" in assert_failure(answer, 403, "ERROR_SCOPE")["detail"]
    bobs = stocked.get(EXPORT, headers=accounts.jwt("bob")).json
    assert bobs["ownerships"] == bobs["versions"] == []
    head = stocked.head(EXPORT, headers=accounts.jwt("bob"))
    assert (head.status_int, head.body) == (200, b"")


def test_a_long_history_comes_in_pieces(app, accounts, database, monkeypatch):
    """As many rows at once as a batch has, however many there are, and each once."""
    ann, headers = accounts.user("ann"), accounts.jwt("ann")

    def many(session):
        for number in range(25):
            events.record(session, "user.logged-in", actor_id=ann, number=number)
            credentials.make_token(session, ann, f"token {number}", scopes=["read"])

    database.write(many)
    monkeypatch.setattr(export, "BATCH", 7)
    found = app.get(EXPORT, headers=headers).json
    assert len(found["tokens"]) == 25
    numbers = [row["data"]["number"] for row in found["events_by"] if row["kind"] == "user.logged-in"]
    assert numbers == list(range(25))
    assert len({row["seq"] for row in found["events_by"]}) == len(found["events_by"])


def test_every_section_is_found_by_an_index(database):
    """No table that grows without end is read from its beginning for one account."""
    with database.read() as connection:
        if connection.dialect.name != "sqlite":
            return
        for section in export.SECTIONS:
            ordered = section.rows.where(section.key > 0).order_by(section.key).limit(5)
            statement = ordered.compile(connection.engine)
            explained = f"EXPLAIN QUERY PLAN {statement}"
            plan = connection.exec_driver_sql(explained, tuple(1 for _ in statement.positiontup))
            scans = [row.detail for row in plan if row.detail.startswith("SCAN")]
            assert scans == [], section.name
