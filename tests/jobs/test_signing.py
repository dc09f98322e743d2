"""Signing a published version: what comes out, and what is never signed."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from registry import queue
from registry.domain import events
from registry.domain import signing as rules
from registry.domain.errors import Conflict
from registry.jobs import runner
from registry.jobs import signing as work
from registry.models import (
    Artifact,
    Blob,
    Event,
    Extension,
    ExtensionState,
    Job,
    JobState,
    Notification,
    Validation,
    Verdict,
    Version,
    now,
)
from registry.signing import verify
from support.samples import brackets, webextension


@pytest.fixture
def change(database) -> Callable[[Any], None]:
    """Execute a statement and commit."""
    return lambda statement: database.write(lambda session: session.execute(statement) and None)


@pytest.fixture
def hurry(change) -> Callable[[], None]:
    """Make every job due at once, whoever has it."""
    return lambda: change(update(Job).values(next_at=now().replace(year=2020)))


@pytest.fixture
def happened(database) -> Callable[[str], list[Event]]:
    def happened(kind: str) -> list[Event]:
        with database.reading_session() as session:
            return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.seq)))

    return happened


@pytest.fixture
def count(database) -> Callable[[type], int]:
    def count(model: type) -> int:
        with database.read() as connection:
            return connection.scalar(select(func.count()).select_from(model))

    return count


@pytest.fixture
def during(monkeypatch, context) -> Callable[[Callable[[], object]], None]:
    """Do something, once, while a package is being signed."""

    def during(action: Callable[[], object]) -> None:
        keep = context.storage.keep

        def interrupted(*arguments: Any) -> None:
            monkeypatch.setattr(context.storage, "keep", keep)
            action()
            keep(*arguments)

        monkeypatch.setattr(context.storage, "keep", interrupted)

    return during


def refused(row, published) -> tuple[str, list[str], str]:
    """The version's state, the codes of its errors, and its job's state."""
    version = row(Version, published.version_id)
    return version.state, [error["code"] for error in version.errors], row(Job, published.job_id).state


def test_a_published_version_is_signed_and_offered(context, publisher, row, happened):
    published = publisher.publish("word-tally", "1.0.0")
    assert runner.run(context, published.job_id) == JobState.DONE

    version, artifact = row(Version, published.version_id), row(Artifact, published.version_id)
    assert (version.state, version.attempt, version.errors) == ("signed", 1, [])
    assert row(Extension, version.extension_id).latest_id == version.id
    assert row(Extension, version.extension_id).listed
    assert row(Blob, artifact.sha256).size == artifact.size
    assert [event.data for event in happened("version.signed")] == [
        {
            "version": "1.0.0",
            "shown": ["listed"],
            "sha256": artifact.sha256,
            "key_id": context.issuer.key_id,
            "serial": artifact.serial,
        }
    ]


def test_the_served_file_is_whole_and_carries_the_id_of_the_row(context, publisher, row):
    published = publisher.publish_bytes(webextension("tab-notes@example.org"))
    runner.run(context, published.job_id)
    artifact = row(Artifact, published.version_id)
    path = context.storage.path(artifact.sha256)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == artifact.sha256
    assert path.stat().st_size == artifact.size
    verified = verify(path, context.roots, "tab-notes@example.org")
    assert (verified.serial, verified.content_digest) == (artifact.serial, artifact.content_digest)


def test_the_upload_stays_as_it_was(context, publisher, row):
    data = brackets()
    published = publisher.publish_bytes(data)
    runner.run(context, published.job_id)
    assert context.storage.path(hashlib.sha256(data).hexdigest()).read_bytes() == data


def test_a_job_is_done_once(context, publisher, count, hurry):
    published = publisher.publish()
    assert [runner.run(context, published.job_id) for _ in range(2)] == [JobState.DONE, None]
    hurry()
    assert runner.run_due(context) == 0
    assert count(Artifact) == 1


def test_while_it_is_signed_everybody_sees_that(context, publisher, row, during):
    published = publisher.publish()
    seen = []
    during(lambda: seen.append(row(Version, published.version_id)))
    runner.run(context, published.job_id)
    assert [(version.state, version.attempt) for version in seen] == [("signing", 1)]


def test_the_higher_number_is_latest_in_whatever_order_they_are_signed(context, publisher, row):
    first, second = (publisher.publish(version=number) for number in ("1.0.0", "2.0.0"))
    runner.run(context, second.job_id)
    runner.run(context, first.job_id)
    assert row(Extension, row(Version, first.version_id).extension_id).latest_id == second.version_id


def test_all_that_is_due_is_done(context, publisher, count):
    for number in range(5):
        publisher.publish(version=f"1.0.{number}")
    assert runner.run_due(context, 3) == 3
    assert runner.run_due(context) == 2
    assert count(Artifact) == 5


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FAILED])
def test_only_what_passed_is_signed(context, publisher, row, change, count, verdict):
    published = publisher.publish()
    change(update(Validation).values(verdict=verdict))
    assert runner.run(context, published.job_id) == JobState.FAILED
    assert refused(row, published) == ("failed", ["NOT_VALIDATED"], "failed")
    assert count(Artifact) == 0


def test_what_nobody_judged_is_not_signed(context, publisher, row, change):
    published = publisher.publish()
    change(delete(Validation))
    runner.run(context, published.job_id)
    assert refused(row, published) == ("failed", ["NOT_VALIDATED"], "failed")


def test_the_verdict_on_other_bytes_does_not_count(context, publisher, row, change):
    published, other = publisher.publish("word-tally"), publisher.publish("line-sorter")
    change(delete(Validation).where(Validation.sha256 == row(Version, published.version_id).upload_sha256))
    runner.run_due(context)
    assert refused(row, published)[0] == "failed"
    assert row(Version, other.version_id).state == "signed"


def test_one_validator_that_has_not_answered_holds_it_back(context, publisher, row, change):
    published = publisher.publish()
    sha256 = row(Version, published.version_id).upload_sha256
    change(Validation.__table__.insert().values(sha256=sha256, tool="scanner", verdict=Verdict.UNKNOWN))
    runner.run(context, published.job_id)
    assert refused(row, published) == ("failed", ["NOT_VALIDATED"], "failed")


def test_a_verdict_that_is_taken_back_meanwhile_counts(context, publisher, row, change, during, count):
    published = publisher.publish()
    during(lambda: change(update(Validation).values(verdict=Verdict.FAILED)))
    runner.run(context, published.job_id)
    assert refused(row, published) == ("failed", ["NOT_VALIDATED"], "failed")
    assert count(Artifact) == 0


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nothing_is_signed_for_a_disabled_extension(context, publisher, row, change, during, count, when):
    published = publisher.publish()
    disable = update(Extension).values(state=ExtensionState.DISABLED)
    if when == "before":
        change(disable)
    else:
        during(lambda: change(disable))
    runner.run(context, published.job_id)
    assert refused(row, published) == ("failed", ["EXTENSION_DISABLED"], "failed")
    assert count(Artifact) == 0


def test_a_deleted_version_is_not_signed(context, publisher, row, change):
    published = publisher.publish()
    change(update(Version).values(deleted=now()))
    runner.run(context, published.job_id)
    assert refused(row, published)[1] == ["VERSION_DELETED"]


@pytest.mark.parametrize(
    ("model", "column", "code"),
    [
        (Version, "version", "VERSION_MISMATCH"),
        (Extension, "name", "NAME_MISMATCH"),
        (Extension, "guid", "NAME_MISMATCH"),
    ],
)
def test_bytes_that_speak_of_something_else_are_not_signed(
    context, publisher, row, change, model, column, code
):
    published = publisher.publish_bytes(
        webextension("tab-notes@example.org") if column == "guid" else brackets()
    )
    change(update(model).values({column: "another"}))
    runner.run(context, published.job_id)
    assert refused(row, published) == ("failed", [code], "failed")


def test_a_refusal_is_told_with_its_reason(context, publisher, row, change, happened):
    published = publisher.publish()
    change(update(Extension).values(state=ExtensionState.DISABLED))
    runner.run(context, published.job_id)
    (error,) = row(Version, published.version_id).errors
    assert "is disabled" in error["message"]
    assert [event.data["codes"] for event in happened("version.failed")] == [["EXTENSION_DISABLED"]]
    told = row(Notification, 1)
    assert (told.kind, told.data["version"], told.data["codes"]) == (
        "version.failed",
        "1.0.0",
        ["EXTENSION_DISABLED"],
    )


def damage(path) -> None:
    path.chmod(0o644)
    path.write_bytes(brackets("evil-twin"))


@pytest.mark.parametrize(
    ("harm", "said"), [(damage, "has changed in the store"), (lambda path: path.unlink(), "is missing in")]
)
def test_damaged_bytes_are_not_signed_but_may_be_restored(context, publisher, row, hurry, harm, said):
    data = brackets()
    published = publisher.publish_bytes(data)
    path = context.storage.path(hashlib.sha256(data).hexdigest())
    harm(path)
    assert runner.run(context, published.job_id) == JobState.QUEUED
    assert said in row(Job, published.job_id).last_error
    assert row(Version, published.version_id).state == "queued"

    path.write_bytes(data)
    hurry()
    assert runner.run(context, published.job_id) == JobState.DONE
    assert row(Version, published.version_id).attempt == 2


def test_after_all_attempts_it_is_dead_until_an_admin_says_otherwise(
    context, publisher, row, hurry, happened, database
):
    data = brackets()
    published = publisher.publish_bytes(data)
    path = context.storage.path(hashlib.sha256(data).hexdigest())
    path.unlink()
    states = []
    for _ in range(context.settings.attempts):
        states.append(runner.run(context, published.job_id))
        hurry()
    assert states == [JobState.QUEUED] * 7 + [JobState.DEAD]
    assert refused(row, published) == ("dead", ["OUT_OF_ATTEMPTS"], "dead")
    assert len(happened("version.dead")) == 1
    assert runner.run(context, published.job_id) is None

    path.write_bytes(data)
    assert database.write(rules.requeue, published.version_id, None) == published.job_id
    assert refused(row, published) == ("queued", [], "queued")
    assert runner.run(context, published.job_id) == JobState.DONE
    assert row(Version, published.version_id).state == "signed"


@pytest.mark.parametrize("done", [True, False])
def test_only_what_was_given_up_can_be_requeued(context, publisher, database, done):
    published = publisher.publish()
    if done:
        runner.run(context, published.job_id)
    with pytest.raises(Conflict):
        database.write(rules.requeue, published.version_id, None)


def test_a_package_that_kills_its_worker_ends_as_dead(context, publisher, row, hurry, database, happened):
    published = publisher.publish()
    for number in range(context.settings.attempts):
        assert database.write(queue.claim, published.job_id, f"worker {number}", 60.0)
        hurry()  # the worker is gone, its lease lapses
    assert runner.run(context, published.job_id) is None
    assert refused(row, published) == ("dead", ["OUT_OF_ATTEMPTS"], "dead")
    assert "died" in row(Job, published.job_id).last_error
    assert len(happened("version.dead")) == 1


def test_who_lost_the_lease_writes_nothing(context, publisher, row, hurry, during, count, happened):
    """A worker is stopped for so long that another one signs the version meanwhile."""
    published = publisher.publish()
    between = []

    def meanwhile() -> None:
        hurry()
        between.append(runner.run(context, published.job_id))
        between.append(row(Artifact, published.version_id).sha256)

    during(meanwhile)
    assert runner.run(context, published.job_id) is None
    assert between == [JobState.DONE, row(Artifact, published.version_id).sha256]
    assert count(Artifact) == 1
    assert len(happened("version.signed")) == 1
    assert row(Version, published.version_id).attempt == 2


def test_who_lost_the_lease_and_failed_writes_nothing_either(context, publisher, row, hurry, during):
    published = publisher.publish()

    def meanwhile() -> None:
        hurry()
        runner.run(context, published.job_id)
        raise OSError("too late")

    during(meanwhile)
    assert runner.run(context, published.job_id) is None
    assert row(Version, published.version_id).state == "signed"
    assert row(Job, published.job_id).state == "done"


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (OSError(28, "No space left on device", "/srv/secret/path"), "OSError: No space left on device"),
        (RuntimeError("password=hunter2"), "RuntimeError; the worker's log says more."),
    ],
)
def test_what_is_kept_of_an_error_names_no_secret(context, publisher, row, during, error, kept):
    published = publisher.publish()

    def fail() -> None:
        raise error

    during(fail)
    assert runner.run(context, published.job_id) == JobState.QUEUED
    assert row(Job, published.job_id).last_error == kept


def test_a_signature_that_does_not_hold_is_not_served(context, publisher, row, monkeypatch, count):
    published = publisher.publish()
    sign = work.sign

    def spoil(archive, identity, issuer, target):
        signed = sign(archive, identity, issuer, target)
        target.seek(-100, 2)
        target.write(b"?")
        return signed

    monkeypatch.setattr(work, "sign", spoil)
    assert runner.run(context, published.job_id) == JobState.QUEUED
    assert "does not hold" in row(Job, published.job_id).last_error
    assert count(Artifact) == 0


def test_work_of_a_later_release_is_left_alone(context, database, publisher, row):
    job_id = database.write(lambda session: queue.enqueue(session, "fly", 1))
    published = publisher.publish()
    assert runner.run(context, job_id) is None
    assert runner.run_due(context, 1) == 1
    assert row(Version, published.version_id).state == "signed"
    assert (row(Job, job_id).state, row(Job, job_id).attempt) == ("queued", 0)


def test_the_chain_of_events_holds(context, publisher, database):
    for number in range(3):
        publisher.publish(version=f"1.0.{number}")
    runner.run_due(context)
    with database.read() as connection:
        assert events.verify(connection) == 6


def test_no_temporary_file_is_left(context, publisher):
    publisher.publish()
    runner.run_due(context)
    assert list((context.storage.root / "tmp").iterdir()) == []
