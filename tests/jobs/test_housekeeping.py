"""Files that nobody needs are removed, all others are not."""

import os
import time
from pathlib import Path

from registry.jobs import housekeeping, runner
from registry.models import Artifact


def grow_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def stored(storage, data: bytes) -> Path:
    with storage.draft() as draft:
        draft.write(data)
        draft.file.flush()
        storage.keep(draft.path, draft.sha256)
    return storage.path(draft.sha256)


def test_temporary_files_go_when_nobody_can_hold_them_any_more(context):
    young, old = (context.storage.root / "tmp" / name for name in ("young", "old"))
    for path, age in ((young, 1.9), (old, 2.1)):
        path.touch()
        grow_old(path, age * context.settings.lease)
    assert housekeeping.tidy(context) == 1
    assert (young.exists(), old.exists()) == (True, False)


def test_files_that_no_row_speaks_of_go_after_a_day(context):
    young, old = stored(context.storage, b"young"), stored(context.storage, b"old")
    grow_old(young, 23 * 3600)
    grow_old(old, 25 * 3600)
    assert housekeeping.tidy(context) == 1
    assert (young.exists(), old.exists()) == (True, False)


def test_uploads_and_signed_files_stay(context, publisher, row):
    published = [publisher.publish(version=f"1.0.{number}") for number in range(3)]
    runner.run_due(context)
    for path in context.storage.root.glob("[0-9a-f][0-9a-f]/*"):
        grow_old(path, 365 * 24 * 3600)
    assert housekeeping.tidy(context) == 0
    assert all(row(Artifact, each.version_id).sha256 in context.storage for each in published)
