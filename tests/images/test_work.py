"""The job of a picture: what becomes of it when things go wrong, and of its files afterwards."""

import os
import time

import pytest
from sqlalchemy import select

from registry import queue
from registry.jobs import housekeeping, runner
from registry.jobs.worker import open_context
from registry.models import Image, ImageFile, Job
from registry.pictures import process
from registry.settings import read
from support.pictures import OF, picture


@pytest.fixture
def context(ini):
    context = open_context(ini | {"jobs.attempts": "1"}, read(ini | {"jobs.attempts": "1"}))
    yield context
    context.database.dispose()


@pytest.fixture
def job(publish, send, database):
    """The job of a picture that ann has sent, and the picture's address."""
    publish()
    address = send(picture((400, 200))).headers["Location"].removeprefix("http://127.0.0.1:6543")
    with database.read() as connection:
        return connection.scalar(select(Job.id).where(Job.kind == "image")), address


def test_given_up_and_started_again(app, ann, job, context, database):
    job_id, address = job
    with database.read() as connection:
        source = context.storage.path(connection.scalar(select(Image.source_sha256)))
    aside = source.rename(source.with_suffix(".aside"))
    assert runner.run(context, job_id) == "dead"
    answer = app.get(address, headers=ann).json
    assert (answer["state"], answer["error"].partition(":")[0]) == ("failed", "OUT_OF_ATTEMPTS")
    aside.rename(source)
    assert database.write(queue.requeue, job_id)
    assert runner.run(context, job_id) == "done"
    answer = app.get(address, headers=ann).json
    assert (answer["state"], answer["error"]) == ("ready", None)


def test_how_the_process_ends(tmp_path, monkeypatch):
    """Killed from outside, it says nothing of the picture; killed by the picture, it does."""
    child = tmp_path / "child.py"
    monkeypatch.setattr(process, "_CHILD", child)
    for says in ("os.kill(os.getpid(), 9)", "sys.exit('no Pillow')"):
        child.write_text(f"import os, sys\n{says}\n")
        with pytest.raises(process.PictureBroken):
            process.make(picture(), "icon", pixels=1000, seconds=1)
    for says, code in (("os.abort()", "PICTURE_UNREADABLE"), ("while True: pass", "PICTURE_TOO_COSTLY")):
        child.write_text(f"import os, resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 2))\n{says}\n")
        with pytest.raises(process.PictureRefused) as caught:
            process.make(picture(), "icon", pixels=1000, seconds=1)
        assert caught.value.code == code


def test_removed_while_it_is_made(app, ann, job, context, database):
    job_id, address = job
    (claim,) = database.write(runner._start, context, [job_id], False)
    outcome = runner._work(context, claim)
    assert outcome.error is None
    app.delete(address, headers=ann, status=204)
    assert runner._settle_all(context, [outcome]) == {job_id: None}
    with database.read() as connection:
        assert connection.scalars(select(Image.id)).all() == []
        assert connection.scalars(select(ImageFile.sha256)).all() == []


def test_files_stay_as_long_as_their_picture(app, ann, job, context, database):
    job_id, address = job
    runner.run(context, job_id)
    with database.read() as connection:
        files = [
            *connection.scalars(select(ImageFile.sha256)),
            connection.scalar(select(Image.source_sha256)),
        ]

    def tidy():
        then = time.time() - 365 * 24 * 3600
        for path in context.storage.root.glob("[0-9a-f][0-9a-f]/*"):
            os.utime(path, (then, then))
        return housekeeping.tidy(context)

    assert tidy() == 0
    app.delete(address, headers=ann, status=204)
    assert tidy() == len(files) == 3
    assert not any(sha256 in context.storage for sha256 in files)
    assert app.get(OF, headers=ann).json == []
