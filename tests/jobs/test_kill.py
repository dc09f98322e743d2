"""Workers are killed in the midst of work, again and again; nothing is lost and nothing is done twice."""

import hashlib
import os
import time

import pytest
from sqlalchemy import func, select

from registry.alarm import Alarm
from registry.domain import events
from registry.jobs import housekeeping
from registry.models import Artifact, Document, Event, Job, Version
from registry.signing import verify
from support.workers import WorkerProcess, eventually

JOBS = 150
KILLS = 10


@pytest.fixture
def ini(ini):
    return ini | {"jobs.lease": "1", "jobs.sweep": "0.2", "jobs.attempts": "30", "jobs.workers": "3"}


def test_nothing_is_lost_and_nothing_is_done_twice(ini, context, publisher, database):
    alarm = Alarm(ini)
    published = [publisher.publish(f"extension-{number}") for number in range(JOBS)]
    for number, each in enumerate(published):
        if number % 3:
            alarm.hint(each.job_id)

    def jobs(state: str) -> int:
        with database.read() as connection:
            return connection.scalar(select(func.count()).where(Job.state == state))

    def in_the_midst() -> bool:
        return jobs("running") > 0 and any((context.storage.root / "tmp").iterdir())

    kills = 0
    while kills < KILLS:
        assert jobs("done") < JOBS, f"all was done after {kills} kills"
        before = jobs("done")
        with WorkerProcess(ini, linger=0.1) as worker:
            eventually(lambda before=before: jobs("done") > before and in_the_midst())
            worker.kill()
            kills += jobs("running") > 0
    with WorkerProcess(ini) as worker:
        eventually(lambda: jobs("done") == JOBS)
        assert worker.stop() == 0

    with database.reading_session() as session:
        artifacts = session.scalars(select(Artifact)).all()
        signed = session.scalars(select(Event.data["version"]).where(Event.kind == "version.signed")).all()
        assert {version.state for version in session.scalars(select(Version))} == {"signed"}
        assert len(artifacts) == len(signed) == JOBS
        for artifact in artifacts:
            path = context.storage.path(artifact.sha256)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == artifact.sha256
            assert verify(path, context.roots, artifact.version.extension.guid).serial == artifact.serial
        assert session.scalar(select(func.max(Job.attempt))) > 1, "no job was taken over from the dead"
    with database.read() as connection:
        assert events.verify(connection) == 2 * JOBS

    litter = list((context.storage.root / "tmp").iterdir())
    for path in context.storage.root.glob("*/*"):
        os.utime(path, (then := time.time() - 7 * 24 * 3600, then))
    assert housekeeping.tidy(context) >= len(litter)
    assert list((context.storage.root / "tmp").iterdir()) == []
    kept = {path.parent.name + path.name for path in context.storage.root.glob("[0-9a-f][0-9a-f]/*")}
    with database.read() as connection:
        files = select(Document.sha256).union(select(Document.gzip_sha256))
        kept -= set(connection.scalars(files))
    assert len(kept) == 2 * JOBS >= len({artifact.sha256 for artifact in artifacts} & kept) == JOBS
