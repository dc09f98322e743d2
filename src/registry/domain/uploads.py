"""Uploads: packages that are judged first, and made a version of when their sender says so.

What the archive gate or the manifest's rules refuse is an upload too, with a verdict "failed"; so its sender reads of
all validators in one place. An upload is made a version of once, and stays known as that version's.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from sqlalchemy.orm import Session

from registry.domain import locks, stored, validation
from registry.domain.publishing import put_verdict
from registry.domain.validation import GATE, Outcome
from registry.models import Channel, Upload, Verdict, now, table
from registry.packages import Package
from registry.packages.findings import Finding

# How long one that nobody submits is kept.
KEPT = datetime.timedelta(days=30)

AT_ONCE = 500

_NEW = insert(table(Upload))


@dataclass(frozen=True)
class Sent:
    """Bytes in the store, who sent them, and what the gate made of them: a package, or why it is none.

    ``tools`` are the outside validators that are to be asked about a package.
    """

    user_id: int
    channel: Channel
    sha256: str
    size: int
    package: Package | None
    findings: Sequence[Finding] = ()
    tools: Sequence[str] = ()


def record(session: Session, sent: Sent) -> str:
    """Note an upload and what the gate says of it; its id."""
    locks.user(session, sent.user_id)
    connection = session.connection()
    verdict = Verdict.FAILED if sent.package is None else Verdict.PASSED
    tools = sent.tools if sent.package else ()
    put_verdict(connection, sent.sha256, sent.size, verdict, sent.findings)
    if tools:
        validation.want(session, sent.sha256, tools)
    key = uuid.uuid4().hex
    values = {
        "uuid": key,
        "user_id": sent.user_id,
        "channel": sent.channel,
        "sha256": sent.sha256,
        "size": sent.size,
        "tools": list(tools),
        "guid": sent.package and sent.package.guid,
        "version": sent.package and sent.package.version,
    }
    connection.execute(_NEW, values)
    return key


def outcome(connection: Connection, upload: Any) -> Outcome:
    """What the gate and the outside validators say of an upload's bytes."""
    return validation.outcome(connection, upload.sha256, [GATE, *upload.tools])


def forget(session: Session) -> None:
    """Forget those that nobody has submitted for long, some at a time, and their bytes if nothing else has them."""
    _forget(session, Upload.created < now() - KEPT)


def forget_of(session: Session, user_id: int) -> None:
    """Forget those that somebody has not submitted, because their account ends."""
    while _forget(session, Upload.user_id == user_id):
        pass


def _forget(session: Session, which: ColumnElement[bool]) -> int:
    rows = session.execute(
        select(Upload.id, Upload.sha256).where(Upload.version_id.is_(None), which).limit(AT_ONCE)
    ).all()
    session.execute(delete(Upload).where(Upload.id.in_([row.id for row in rows])))
    stored.forget(session, {row.sha256 for row in rows})
    return len(rows)
