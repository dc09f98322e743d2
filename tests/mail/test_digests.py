"""What one has not read is mailed at most once an hour, or once a day."""

import re

import pytest
from sqlalchemy import select

from registry.domain import digests, mail
from registry.domain.notifications import notify
from registry.models import Extension, Job, Mail, MailAddress, table
from support import rows

NOTIFICATIONS = "/api/v4/users/me/notifications/"


@pytest.fixture
def tell(database, accounts):
    """Tell ann something about an extension of hers."""
    ann = accounts.user("ann")
    database.write(lambda session: rows.extension(session, "word-tally", ann, "1.0.0").id)
    with database.read() as connection:
        extension_id = connection.scalar(select(Extension.id))
    return lambda: database.write(
        lambda session: notify(session, [ann], "owner.added", extension=extension_id)
    )


@pytest.fixture
def send(database, work):
    """Send what is due; how many digests were."""

    def send():
        count = database.write(digests.queue_due)
        work()
        return count

    return send


def test_at_most_one_an_hour(app, accounts, confirmed, mailbox, tell, send, time_machine_of):
    ann = accounts.bearer("ann")
    confirmed(ann)
    for _ in range(60):
        tell()
    assert send() == 0
    with time_machine_of(hours=1, minutes=1):
        assert send() == 1
        message = mailbox()[-1]
        assert message["Subject"] == "What you have not read yet"
        text = message.get_content()
        assert text.count("owner.added: word-tally") == 50
        assert "and 10 more" in text
        assert f"http://127.0.0.1:6543{NOTIFICATIONS}60/" in text
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        page = re.fullmatch(r"<http://127\.0\.0\.1:6543(/\S+)>", message["List-Unsubscribe"])[1]
        assert page in text
        tell()
        assert send() == 0
    with time_machine_of(hours=2, minutes=2):
        assert send() == 1
        assert mailbox()[-1].get_content().count("owner.added") == 1  # the others have been told
        app.post(page, {"List-Unsubscribe": "One-Click"})
        tell()
    with time_machine_of(days=2):
        assert send() == 0
    assert len(mailbox()) == 3


def test_what_has_been_read_is_not_mailed(app, accounts, confirmed, mailbox, tell, send, time_machine_of):
    ann = accounts.bearer("ann")
    confirmed(ann, digest="daily")
    tell()
    app.patch_json(NOTIFICATIONS, {"read": True}, headers=ann)
    with time_machine_of(hours=23):
        assert send() == 0
    with time_machine_of(days=1, minutes=1):
        assert send() == 1
    assert len(mailbox()) == 1


def test_a_deleted_account_has_no_mail(app, accounts, confirmed, database, tell):
    confirmed(accounts.bearer("ann"))
    tell()
    key = accounts.jwt("ann")
    found = app.get("/api/v4/users/me/export/", headers=key).json
    assert [row["address"] for row in found["addresses"]] == ["ann@example.org"]
    assert [row["kind"] for row in found["mail"]] == ["address-confirm"]
    app.delete_json("/api/v4/users/me/", {"confirm": "ann"}, headers=key, status=204)
    with database.read() as connection:
        assert connection.execute(select(table(MailAddress))).all() == []
        assert connection.execute(select(table(Mail))).all() == []


def test_what_was_sent_is_forgotten_after_a_month(accounts, confirmed, database, time_machine_of):
    confirmed(accounts.bearer("ann"))
    waits = database.write(
        lambda session: mail.queue_mail(session, to="bob@example.org", kind="digest", data={})
    )
    with time_machine_of(days=29):
        database.write(mail.forget)
        with database.read() as connection:
            assert len(connection.scalars(select(Mail.id)).all()) == 2
    with time_machine_of(days=31):
        database.write(mail.forget)
    with database.read() as connection:
        assert connection.scalars(select(Mail.id)).all() == [waits]
        assert connection.scalars(select(Job.subject_id).where(Job.kind == "mail")).all() == [waits]
