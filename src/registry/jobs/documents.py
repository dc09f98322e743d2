"""Whole documents as files: written, compressed and signed, then shown by one short transaction.

The files are in the store before a row speaks of them, so a reader finds all of a document or all of the one
before it, whenever its maker is killed.
"""

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isal import isal_zlib
from sqlalchemy import delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry.catalogue.documents import Issue
from registry.jobs.base import WorkerContext
from registry.models import Blob, Document, now, table
from registry.signing import sign_index

_BLOB, _DOCUMENT = table(Blob), table(Document)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ROWS = select(_DOCUMENT)
_UNUSED = ~exists().where(
    or_(_DOCUMENT.c.sha256 == _BLOB.c.sha256, _DOCUMENT.c.gzip_sha256 == _BLOB.c.sha256)
)
# Twice as fast as the best one, for a twentieth more bytes.
_LEVEL = 2
_GZIP = 31  # window bits


@dataclass(frozen=True, slots=True)
class File:
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Made:
    """A document in the store."""

    plain: File
    gzip: File
    signature: bytes | None


def write(context: WorkerContext, blocks: Iterable[bytes], kind: str | None = None) -> Made:
    """Store a document, plain and compressed; with ``kind`` it is signed as that kind of index."""
    with context.storage.draft() as plain, context.storage.draft() as packed:
        for compressed in _compressed(blocks, plain):
            packed.write(compressed)
        plain.file.flush()
        packed.file.flush()
        signature = None
        if kind is not None:
            with (
                mmap.mmap(plain.file.fileno(), 0, prot=mmap.PROT_READ) as mapped,
                memoryview(mapped) as data,
            ):
                signature = sign_index(data, kind, context.issuer)
        for draft in (plain, packed):
            context.storage.keep(draft.path, draft.sha256)
        return Made(File(plain.sha256, plain.size), File(packed.sha256, packed.size), signature)


def _compressed(blocks: Iterable[bytes], plain: Any) -> Iterator[bytes]:
    packer = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
    for block in blocks:
        plain.write(block)
        yield packer.compress(block)
    yield packer.flush()


def show(
    session: Session, name: str, made: Made, issue: Issue, built: datetime, expires: datetime | None
) -> set[str]:
    """Serve this document from now on; the SHA-256s of files that nobody needs any more."""
    connection = session.connection()
    insert = _INSERT[connection.dialect.name]
    before = connection.execute(_ROWS.where(_DOCUMENT.c.name == name)).one_or_none()
    blobs = [{"sha256": file.sha256, "size": file.size} for file in (made.plain, made.gzip)]
    connection.execute(insert(_BLOB).values(created=now()).on_conflict_do_nothing(), blobs)
    values = {
        "seq": issue.seq,
        "serial": issue.serial,
        "sha256": made.plain.sha256,
        "size": made.plain.size,
        "gzip_sha256": made.gzip.sha256,
        "gzip_size": made.gzip.size,
        "signature": made.signature,
        "built": built,
        "expires": expires,
    }
    statement = insert(_DOCUMENT).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
    if before is None:
        return set()
    old = (before.sha256, before.gzip_sha256)
    return set(
        connection.scalars(delete(_BLOB).where(_BLOB.c.sha256.in_(old), _UNUSED).returning(_BLOB.c.sha256))
    )


def wanted(connection: Any, sha256: str) -> bool:
    """Whether a row speaks of that file."""
    return connection.scalar(select(_BLOB.c.sha256).where(_BLOB.c.sha256 == sha256)) is not None


def shown(connection: Any) -> dict[str, Any]:
    """The rows of the documents by name."""
    return {row.name: row for row in connection.execute(_ROWS)}
