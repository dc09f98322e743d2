"""Bytes in the store that nothing speaks of any more: their rows go here, the files with the next tidying up."""

from collections.abc import Collection

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from registry.domain.validation import VALIDATE
from registry.models import Artifact, Blob, Document, Job, Upload, Validation, Version

_UNWANTED = select(Blob.sha256).where(
    ~exists().where(Upload.sha256 == Blob.sha256),
    ~exists().where(Version.upload_sha256 == Blob.sha256),
    ~exists().where(Artifact.sha256 == Blob.sha256),
    ~exists().where((Document.sha256 == Blob.sha256) | (Document.gzip_sha256 == Blob.sha256)),
)


def forget(session: Session, digests: Collection[str]) -> None:
    """Forget those of these bytes that no upload, version, signed file or document has, and what was found in them."""
    unwanted = list(session.scalars(_UNWANTED.where(Blob.sha256.in_(digests))))
    judged = list(session.scalars(select(Validation.id).where(Validation.sha256.in_(unwanted))))
    session.execute(delete(Job).where(Job.kind == VALIDATE, Job.subject_id.in_(judged)))
    session.execute(delete(Validation).where(Validation.id.in_(judged)))
    session.execute(delete(Blob).where(Blob.sha256.in_(unwanted)))
