"""Versions that wait for a validator: when they are signed, when not, and what is said of it."""

import threading

import pytest
from sqlalchemy import func, select, update

from registry import settings
from registry.domain import publishing, validation
from registry.jobs import runner, validators
from registry.linting import LISTED, SELF_HOSTED
from registry.models import Channel, Event, Job, User, Validation, Version, now
from registry.packages import read_package
from support.archives import build_zip
from support.extensions import within
from support.samples import brackets, webextension
from support.workers import WorkerProcess, eventually

EXTENSIONS = "/api/v4/extensions/"
VERSION = f"{EXTENSIONS}tab-notes/versions/1.0/"


def package(behave="report", version="1.0", **manifest):
    """A WebExtension that makes the stand-in behave like that."""
    return webextension(version=version, files={"behave": behave.encode()}, **manifest)


@pytest.fixture
def publish(app, ann):
    return lambda data, status=202: app.post(EXTENSIONS, data, headers=ann, status=status)


@pytest.fixture
def version(app, ann):
    return lambda: app.get(VERSION, headers=ann).json


@pytest.fixture
def judgements(app, ann):
    """By tool: verdict, and codes of the findings."""

    def judgements():
        rows = app.get(f"{VERSION}validation/", headers=ann).json
        return {row["tool"]: (row["verdict"], [each["code"] for each in row["findings"]]) for row in rows}

    return judgements


@pytest.fixture
def hurry(context):
    """All jobs are due, whatever they wait for."""

    def hurry():
        context.database.write(
            lambda session: session.execute(update(Job).values(next_at=now().replace(year=2020))) and None
        )

    return hurry


def test_it_waits_for_the_verdict_and_is_signed_then(publish, version, judgements, work):
    answer = publish(package())
    assert answer.json["state"] == version()["state"] == "validating"
    assert judgements()[LISTED] == ("unknown", [])
    assert work() == 2
    assert version()["state"] == "signed"
    assert judgements() == {"gate": ("passed", []), LISTED: ("passed", ["DANGEROUS_EVAL"])}


def test_what_was_found_is_told_with_its_place(publish, app, ann, work):
    publish(package())
    work()
    _, linted = app.get(f"{VERSION}validation/", headers=ann).json
    assert linted["findings"] == [
        {
            "severity": "warning",
            "code": "DANGEROUS_EVAL",
            "message": "Dangerous_Eval",
            "description": "Mend it.",
            "field": "file",
            "path": "b.js",
            "line": 3,
            "column": 7,
            "instance_path": None,
        }
    ]


def test_errors_fail_the_version_and_say_where_and_what_to_do(publish, version, work, database, app, ann):
    publish(package("errors"))
    work()
    assert version()["state"] == "failed"
    assert [error["message"] for error in version()["errors"]] == [
        "manifest.json: Bad_Manifest Mend it.",
        "b.js, line 3, column 7: Eval_In_File Mend it.",
    ]
    assert [error["path"] for error in version()["errors"]] == ["manifest.json", "b.js"]
    with database.read() as connection:
        (data,) = connection.scalars(select(Event.data).where(Event.kind == "version.failed"))
        assert data["codes"] == ["BAD_MANIFEST", "EVAL_IN_FILE"]
        assert connection.scalars(select(Job.kind)).all() == ["validation"]
    (told,) = app.get("/api/v4/users/me/notifications/", headers=ann).json["results"]
    assert (told["kind"], told["about"]["codes"]) == ("version.failed", data["codes"])


def test_without_a_verdict_it_waits_and_its_owner_reads_why(
    publish, version, judgements, work, linter, hurry
):
    publish(package())
    linter.behave("crash")
    work()
    assert version()["state"] == "validating"
    assert judgements()[LISTED] == ("unknown", ["NO_VERDICT"])
    linter.behave(None)
    hurry()
    work()
    assert version()["state"] == "signed"
    assert judgements()[LISTED] == ("passed", ["DANGEROUS_EVAL"])


def test_given_up_and_started_again(publish, version, work, linter, hurry, cli, database):
    publish(package())
    linter.behave("garbage")
    for _ in range(20):
        hurry()
        work()
    assert version()["state"] == "dead"
    assert [error["code"] for error in version()["errors"]] == ["NO_VERDICT", "OUT_OF_ATTEMPTS"]
    assert len(linter.log) == 10

    linter.behave(None)
    with database.read() as connection:
        job_id = connection.scalar(select(Job.id))
    assert "is queued" in cli("jobs", "requeue", job_id).output
    assert version()["state"] == "validating"
    work()
    assert version()["state"] == "signed"
    assert "Only a validation that was given up" in cli("jobs", "requeue", job_id).output


def test_other_formats_are_not_its_business(publish, app, ann, work, linter):
    assert publish(brackets()).json["state"] == "queued"
    work()
    assert linter.log == []


def test_a_version_number_of_the_same_bytes_is_the_same_version(publish, version, work, linter):
    publish(package())
    assert publish(package(), status=200).json["state"] == "validating"
    work()
    assert publish(package(), status=200).json["state"] == "signed"
    assert len(linter.log) == 1


def test_a_folder_around_it_is_gone_before_it_is_judged(publish, version, work, linter):
    files = {"manifest.json": b'{"manifest_version": 3, "name": "Tab Notes", "version": "1.0"}'}
    publish(build_zip(within("tab-notes-main", files | {"behave": b"errors"})))
    work()
    assert version()["state"] == "failed"


@pytest.fixture
def submit(context, ini):
    """Publish bytes as somebody, in some channel: the version."""

    def submit(data, name="ann", channel=Channel.LISTED):
        with context.storage.draft() as draft:
            draft.write(data)
            draft.file.flush()
            read = read_package(draft.path)
            context.storage.keep(draft.path, draft.sha256)
        tools = validation.tools(context.settings, read.format, channel)

        def write(session):
            user = session.scalar(select(User).where(User.username == name))
            if user is None:
                user = User(username=name)
                session.add(user)
                session.flush()
            submission = publishing.Submission(read, draft.sha256, draft.size, user.id, channel, tools)
            return publishing.publish(session, submission)

        return context.database.write(write).version_id, draft.sha256

    return submit


@pytest.fixture
def state(database):
    def state(version_id):
        with database.read() as connection:
            return connection.scalar(select(Version.state).where(Version.id == version_id))

    return state


def test_the_same_bytes_are_judged_once(submit, state, work, linter):
    data = webextension(guid=None, files={"behave": b"report"})
    (first, sha256), (second, same) = submit(data), submit(data, "ben")
    assert (first != second, sha256) == (True, same)
    work()
    assert {state(first), state(second)} == {"signed"}
    third, _ = submit(data, "cat")
    assert state(third) == "queued"
    work()
    assert (state(third), len(linter.log)) == ("signed", 1)


def test_bytes_that_have_failed_fail_at_once(submit, state, work):
    data = webextension(guid=None, files={"behave": b"errors"})
    submit(data)
    work()
    second, _ = submit(data, "ben")
    assert state(second) == "failed"


def test_each_channel_has_rules_of_its_own(submit, state, work, linter):
    data = webextension(guid=None, files={"behave": b"report"})
    linter.behave("errors")
    listed, _ = submit(data)
    work()
    linter.behave(None)
    unlisted, _ = submit(data, "ben", Channel.UNLISTED)
    work()
    assert (state(listed), state(unlisted)) == ("failed", "signed")
    assert ["--self-hosted" in arguments for arguments, _, _ in linter.log] == [False, True]


def test_a_verdict_that_is_taken_back_counts(submit, state, context):
    version_id, _ = submit(package())
    assert runner.run_due(context, kinds=("validation",)) == 1
    context.database.write(
        lambda session: session.execute(update(Validation).values(verdict="unknown")) and None
    )
    runner.run_due(context)
    assert state(version_id) == "failed"


def test_somebody_who_waits_for_bytes_alone(submit, context, linter, database, work, hurry):
    _, sha256 = submit(brackets())

    def outcome(*tools):
        with database.read() as connection:
            found = validation.outcome(connection, sha256, tools)
        return found.verdict, found.waiting, [finding["code"] for finding in found.findings]

    assert outcome("gate") == ("passed", False, [])
    assert outcome("gate", SELF_HOSTED) == ("unknown", False, [])
    for _ in range(2):
        context.database.write(validation.want, sha256, [SELF_HOSTED])
        assert outcome("gate", SELF_HOSTED) == ("unknown", True, [])
    work()  # it is no WebExtension
    assert outcome("gate", SELF_HOSTED) == ("failed", False, ["MISSING_MANIFEST_JSON"])
    assert outcome("gate", LISTED) == ("unknown", False, [])
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Validation)) == 2


def test_what_was_given_up_is_asked_again_when_it_is_wanted_again(
    submit, context, linter, work, hurry, database
):
    linter.behave("silent")
    _, sha256 = submit(package())
    for _ in range(10):
        hurry()
        work()
    with database.read() as connection:
        found = validation.outcome(connection, sha256, [LISTED])
    assert (found.verdict, found.waiting, found.findings[0]["code"]) == ("unknown", False, "NO_VERDICT")
    context.database.write(validation.want, sha256, [LISTED])
    linter.behave(None)
    work()
    with database.read() as connection:
        assert validation.outcome(connection, sha256, [LISTED]).verdict == "passed"


def test_what_a_version_waits_for_is_not_overlooked(submit, state, context, at_once, database):
    """Whoever is first, the verdict or another version of the same bytes: that version goes on."""
    for round in range(5):
        data = webextension(guid=None, version=f"1.{round}", files={"behave": b"report"})
        submit(data)
        at_once(
            [lambda: runner.run_due(context, kinds=("validation",)), lambda data=data: submit(data, "ben")]
        )
    with database.read() as connection:
        states = connection.scalars(select(Version.state)).all()
    assert states == ["queued"] * 10


def test_a_bound_for_all_threads_and_nobody_else_waits(submit, state, context, linter, ini):
    """Two are judged at once, as the setting says; a listener signs meanwhile."""
    versions = [submit(package("meet 2", version=f"1.{number}"))[0] for number in range(4)]
    stop = threading.Event()
    threads = [thread for _ in range(2) for thread in validators.threads(context, stop)]
    assert len(threads) == 4
    for thread in threads:
        thread.start()
    try:
        other, _ = submit(brackets())
        eventually(lambda: runner.run_due(context, kinds=("sign",)) == 0 and state(other) == "signed")
        eventually(lambda: {state(version) for version in versions} == {"signed"})
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {folder.rpartition("/")[2] for _, _, folder in linter.log} == {"0", "1"}


def test_what_came_in_before_there_was_a_validator_is_judged_before_it_is_signed(
    submit, state, context, ini, linter, work
):
    configured = context.settings
    context.settings = settings.read({key: ini[key] for key in ini if not key.startswith("validators.")})
    good, _ = submit(package())
    bad, _ = submit(package("errors", version="1.1"))
    assert (state(good), state(bad)) == ("queued", "queued")
    context.settings = configured
    assert runner.run_due(context, kinds=("sign",)) == 2
    assert (state(good), state(bad), len(linter.log)) == ("validating", "validating", 0)
    work()
    assert (state(good), state(bad), len(linter.log)) == ("signed", "failed", 2)


def test_a_worker_that_is_killed_takes_the_linter_with_it_and_another_goes_on(submit, state, ini, linter):
    ini |= {"jobs.lease": "1", "jobs.sweep": "0.2"}
    version_id, _ = submit(package("slow"))
    with WorkerProcess(ini) as worker:
        eventually((linter.folder / "child").exists)
        worker.process.kill()
        eventually(linter.gone)
    linter.behave("report")
    with WorkerProcess(ini) as worker:
        eventually(lambda: state(version_id) == "signed")
        assert worker.stop() == 0
    assert len(linter.log) == 2


def test_no_threads_without_a_validator(context, ini):
    without = settings.read({key: ini[key] for key in ini if not key.startswith("validators.")})
    context.settings = without
    assert validators.threads(context, threading.Event()) == []


def test_a_job_outlives_the_validator(submit, state, context, ini, database):
    """Who switches it off decides about what waits: nothing is let through by that."""
    version_id, sha256 = submit(package())
    context.settings = settings.read({key: ini[key] for key in ini if not key.startswith("validators.")})
    runner.run_due(context)
    assert state(version_id) == "validating"
    with database.read() as connection:
        (finding,) = validation.outcome(connection, sha256, [LISTED]).findings
    assert finding["message"] == "The registry has no validator any more."
