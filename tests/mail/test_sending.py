"""Messages reach a server, whatever it does meanwhile: nothing is lost, and what was taken is not sent again."""

import threading

import pytest
from sqlalchemy import select

from registry import settings
from registry.domain import mail
from registry.jobs import post, runner
from registry.jobs.mail import RETRIES
from registry.jobs.worker import open_context
from registry.mail import compose
from registry.models import Job, Mail, now
from support.workers import eventually

DATA = {"webhook": "https://hooks.example.org/", "reason": "it is gone", "path": "/"}


@pytest.fixture
def ini(ini, port):
    return ini | {
        "mail.server": "127.0.0.1",
        "mail.port": str(port),
        "mail.tls": "off",
        "mail.from": "Registry <registry@example.org>",
    }


@pytest.fixture
def queued(database):
    """Have a message sent; its row, and its job's, as they are now."""

    def queue(to="ann@example.org", **data):
        return database.write(
            lambda session: mail.queue_mail(session, to=to, kind="webhook-disabled", data=DATA | data)
        )

    return queue


@pytest.fixture
def fate(database):
    def look(mail_id):
        with database.read() as connection:
            row = connection.execute(select(Mail.sent, Mail.error).where(Mail.id == mail_id)).one()
            job = connection.execute(
                select(Job.state, Job.attempt, Job.last_error).where(
                    Job.kind == "mail", Job.subject_id == mail_id
                )
            ).one()
        return row, job

    return look


def test_a_message_arrives_once(work, queued, fate, server, listen):
    mail_id = queued(reason="ä\r\nBcc: bob@example.org\r\n\x1b[31m")
    with listen():
        assert work() == 1
        assert work() == 0
    (message,) = server.messages
    assert message["From"] == "Registry <registry@example.org>"
    assert message["To"] == "ann@example.org"
    assert message["Bcc"] is None
    assert "ä" in message.get_content()
    assert "\x1b" not in message.get_content()
    row, job = fate(mail_id)
    assert (row.error, job.state) == (None, "done")
    assert row.sent is not None


def test_a_server_need_not_take_eight_bits():
    data = DATA | {"reason": "ä 漢字", "base": ""}
    message = compose("webhook-disabled", "a@b.org", data, sender="a@b.org", message_id="1@b", created=now())
    assert message.as_bytes().isascii()
    assert "ä 漢字" in message.get_content()


def test_a_server_that_is_away_comes_back(work, queued, fate, server, listen, time_machine_of):
    mail_id = queued()
    assert work() == 1
    row, job = fate(mail_id)
    assert (row.sent, row.error, job.state, job.attempt) == (None, None, "queued", 1)
    assert job.last_error == "The mail server cannot be used: ConnectionRefusedError."
    assert work() == 0
    with time_machine_of(minutes=1), listen():
        assert work() == 1
    assert len(server.messages) == 1
    assert fate(mail_id)[1].state == "done"


def test_a_server_that_hangs_up_gets_the_same_message_again(
    work, queued, fate, server, listen, time_machine_of
):
    mail_id = queued()
    server.hang_up = 1
    with listen():
        assert work() == 1
        assert fate(mail_id)[1].state == "queued"
        server.at_data = ["451 busy"]
        with time_machine_of(minutes=1):
            work()
        assert fate(mail_id)[1].last_error == "The mail server said 451 busy"
        server.at_rcpt = ["450 later"]
        with time_machine_of(minutes=4):
            work()
        assert fate(mail_id)[1].last_error == "The mail server said 450 later"
        with time_machine_of(minutes=15):
            work()
    (message,) = server.messages
    assert message["Message-ID"].startswith(f"<mail-{mail_id}-")
    assert fate(mail_id)[1].state == "done"


def test_what_a_server_will_never_take_is_not_tried_again(work, queued, fate, server, listen):
    first, second = queued(), queued("bob@example.org")
    server.at_rcpt = ["550 no\tsuch user"]
    server.at_data = ["554 spam"]
    with listen():
        assert work() == 2
        assert work() == 0
    errors = sorted(fate(mail_id)[0].error for mail_id in (first, second))
    assert errors == [
        "MAIL_REFUSED: The mail server said 550 no such user",
        "MAIL_REFUSED: The mail server said 554 spam",
    ]
    assert server.messages == []


def test_after_days_a_message_waits_for_an_admin(
    work, queued, fate, time_machine_of, cli, database, server, listen
):
    mail_id, passed = queued(), 60.0
    for wait in (*RETRIES, 0):
        with time_machine_of(seconds=passed):
            assert work() == 1
        passed += wait + 60
    row, job = fate(mail_id)
    assert (job.state, job.attempt) == ("dead", len(RETRIES) + 1)
    assert row.error.startswith("OUT_OF_ATTEMPTS")
    with database.read() as connection:
        job_id = connection.scalar(select(Job.id).where(Job.kind == "mail"))
    assert cli("jobs", "requeue", job_id).exit_code == 0
    with listen():
        assert work() == 1
    assert len(server.messages) == 1
    assert fate(mail_id)[0].error is None


def test_a_worker_has_threads_that_send(ini, queued, server, listen):
    context, stop = open_context(ini, settings.read(ini)), threading.Event()
    threads = post.threads(context, stop)
    assert len(threads) == 4
    with listen():
        for number in range(8):
            queued(f"user{number}@example.org")
        for thread in threads:
            thread.start()
        eventually(lambda: len(server.messages) == 8)
        stop.set()
        for thread in threads:
            thread.join()
    context.database.dispose()
    assert len({str(message["To"]) for message in server.messages}) == 8


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_nothing_is_said_in_the_clear_if_it_should_not_be(ini, tls, queued, fate, server, listen):
    secured = ini | {"mail.tls": tls, "mail.username": "registry", "mail.password": "correct horse"}
    context = open_context(secured, settings.read(secured))
    mail_id = queued()
    with listen():
        runner.run_due(context)
    context.database.dispose()
    assert server.messages == []
    assert fate(mail_id)[1].state == "queued"
    assert "horse" not in fate(mail_id)[1].last_error


def test_no_line_end_reaches_a_header(database):
    for to in ("a@example.org\r\nBcc: b@example.org", "a@example.org\n", "a@b@c", ""):
        with pytest.raises(ValueError):
            database.write(lambda session, to=to: mail.queue_mail(session, to=to, kind="digest", data={}))
    with pytest.raises(KeyError):
        database.write(lambda session: mail.queue_mail(session, to="a@example.org", kind="x", data={}))
    given = {"sender": "a@example.org", "message_id": "1@example.org", "created": now()}
    bad_ones = (
        {"sender": "a@example.org\r\nBcc: b"},
        {"unsubscribe": "https://x/\r\nBcc: b"},
        {"message_id": "1\nB: c"},
    )
    for bad in bad_ones:
        with pytest.raises(ValueError):
            compose("webhook-disabled", "a@example.org", DATA | {"base": ""}, **(given | bad))
