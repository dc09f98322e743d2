"""`registry jobs`: looking at background work, and starting it again."""

import pytest
from sqlalchemy import update

from registry.models import Job, JobState, Version, VersionState
from registry.storage import FileStorage
from support.publishing_rows import Publisher


@pytest.fixture
def published(database, tmp_path):
    return Publisher(database, FileStorage(tmp_path / "store")).publish("word-tally", "1.0.0")


@pytest.fixture
def dead(database, published):
    def kill(session):
        session.execute(update(Job).values(state=JobState.DEAD, attempt=8, last_error="no\nkey\x1b"))
        session.execute(update(Version).values(state=VersionState.DEAD, attempt=8))

    database.write(kill)
    return published


def test_the_list_names_what_is_worked_on(cli, published):
    (line,) = cli("jobs", "list").stdout.splitlines()

    assert line.split()[:5] == [str(published.job_id), "queued", "sign", "attempt", "0"]
    assert line.endswith("word-tally 1.0.0")


def test_the_list_of_one_state(cli, dead):
    assert cli("jobs", "list", "--state", "queued").stdout == ""
    (line,) = cli("jobs", "list", "--state", "dead").stdout.splitlines()
    assert line.endswith(r"word-tally 1.0.0  no\nkey\x1b")


def test_one_job_in_full(cli, dead):
    lines = cli("jobs", "show", dead.job_id).stdout.splitlines()

    assert "state        dead" in lines
    assert r"last_error   no\nkey\x1b" in lines
    assert "version      word-tally 1.0.0" in lines


@pytest.mark.parametrize("which", ["1", "all"])
def test_a_dead_job_gets_all_its_attempts_again(cli, dead, database, work, which):
    answer = cli("jobs", "requeue", which)

    assert answer.output == f"Job {dead.job_id} is queued.\n"
    with database.reading_session() as session:
        job, version = session.get_one(Job, dead.job_id), session.get_one(Version, dead.version_id)
        assert (job.state, job.attempt, version.state) == ("queued", 0, "queued")
    assert work() == 1
    with database.reading_session() as session:
        assert session.get_one(Version, dead.version_id).state == "signed"


def test_a_job_that_is_on_its_way_is_left_alone(cli, published):
    answer = cli("jobs", "requeue", published.job_id)

    assert (answer.exit_code, answer.output.count("\n")) == (2, 1)


@pytest.mark.parametrize("command", ["show", "requeue"])
def test_no_such_job(cli, command):
    answer = cli("jobs", command, 77)

    assert (answer.exit_code, answer.output) == (2, "registry: There is no job 77.\n")


@pytest.mark.parametrize("job", ["x", "-", "1.5", "9" * 30])
@pytest.mark.parametrize("command", ["show", "requeue"])
def test_a_number_that_is_none(cli, command, job):
    answer = cli("jobs", command, job)

    assert (answer.exit_code, answer.output.count("\n")) == (2, 1)
