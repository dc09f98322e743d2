"""What is done once a day: removing what killed processes left behind and who was counted for a download, and
bringing the quality that search goes by up to date."""

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import search
from registry.domain import (
    deliveries,
    devices,
    downloads,
    mail,
    once,
    sessions,
    test_uploads,
    trusted_publishers,
    uploads,
)
from registry.jobs.base import WorkerContext
from registry.models import Blob, Database, Image, ImageFile, TestAttachment, TestUpload, VersionDetail, now

log = logging.getLogger(__name__)

# Far longer than from `keep` to the commit of the row.
BLOB_AGE = 24 * 3600.0
_SLICE = 500
# What speaks of a file in the store. What comes and goes (pictures, results, sources) has no blobs: those would stay.
_WANTED: tuple[Any, ...] = (
    Blob.sha256,
    ImageFile.sha256,
    Image.source_sha256,
    TestAttachment.sha256,
    TestUpload.sha256,
    VersionDetail.source_sha256,
)


def tidy(context: WorkerContext) -> int:
    """Collect temporary files older than two leases and blobs nobody has wanted for a day; how many."""

    def wanted(digests: list[str]) -> Iterable[str]:
        with context.database.read() as connection:
            for start in range(0, len(digests), _SLICE):
                part = digests[start : start + _SLICE]
                for column in _WANTED:
                    yield from connection.scalars(select(column).where(column.in_(part)))

    context.database.write(downloads.forget, now().date())
    _rank(context.database)
    context.database.write(once.forget)
    context.database.write(devices.forget)
    context.database.write(sessions.forget)
    context.database.write(trusted_publishers.forget)
    context.database.write(mail.forget)
    context.database.write(deliveries.forget)
    context.database.write(uploads.forget)
    while context.database.write(test_uploads.forget):
        pass
    removed = context.storage.collect(wanted, temporary_age=2 * context.settings.lease, age=BLOB_AGE)
    if removed:
        log.info("Removed %d files that nobody needs", removed)
    return removed


def _rank(database: Database) -> None:
    """Bring the quality that search goes by up to date, in portions so that nobody waits long."""

    def portion(session: Session, after: int) -> int | None:
        return search.requalify(session.connection(), after)

    after: int | None = 0
    while after is not None:
        after = database.write(portion, after)
    database.write(lambda session: search.tidy(session.connection()))
