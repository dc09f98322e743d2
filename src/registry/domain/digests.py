"""Digests: what an account has not read, mailed at most once an hour, or once a day, if it wants that.

A notification sets when the digest is due, unless one is due already; so those who were told nothing cost nothing.
"""

import datetime
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, case, func, literal, select, update
from sqlalchemy.orm import Session

from registry.domain.mail import queue_mail
from registry.models import Digest, Extension, MailAddress, Notification, User, now, table

PERIODS = {Digest.HOURLY: datetime.timedelta(hours=1), Digest.DAILY: datetime.timedelta(days=1)}
KIND = "digest"
MOST_NAMED = 50
AT_ONCE = 100
_TIME = table(MailAddress).c.digest_at.type


def expect(session: Session, user_ids: Collection[int]) -> None:
    """These accounts have just been told something."""
    moment = now()
    times = {str(name): literal(moment + period, _TIME) for name, period in PERIODS.items()}
    due = case(times, value=MailAddress.digest)
    session.execute(
        update(MailAddress)
        .where(
            MailAddress.user_id.in_(user_ids),
            MailAddress.address.is_not(None),
            MailAddress.digest != Digest.OFF,
            MailAddress.digest_at.is_(None),
        )
        .values(digest_at=due)
        .execution_options(synchronize_session=False)
    )


def are_due(connection: Connection) -> bool:
    """Whether any digest is."""
    due = select(MailAddress.user_id).where(
        MailAddress.digest_at.is_not(None), MailAddress.digest_at <= now()
    )
    return connection.scalar(due.limit(1)) is not None


def queue_due(session: Session) -> int:
    """Have the digests sent that are due, at most AT_ONCE of them; how many there were."""
    due = (
        select(MailAddress, User.username)
        .join(User, User.id == MailAddress.user_id)
        .where(MailAddress.digest_at.is_not(None), MailAddress.digest_at <= now())
        .order_by(MailAddress.digest_at)
        .limit(AT_ONCE)
        .with_for_update(of=MailAddress, skip_locked=True)
    )
    rows = session.execute(due).all()
    for row, username in rows:
        _queue(session, row, username)
    return len(rows)


def _queue(session: Session, row: MailAddress, username: str) -> None:
    unread = (
        Notification.user_id == row.user_id,
        Notification.read.is_(None),
        Notification.id > row.digested_id,
    )
    count = session.scalars(select(func.count()).where(*unread)).one()
    newest = session.scalars(
        select(Notification).where(*unread).order_by(Notification.id.desc()).limit(MOST_NAMED)
    ).all()
    row.digest_at = None
    if not newest or row.address is None or row.digest == Digest.OFF:
        return
    row.digested_id = newest[0].id
    data = {
        "username": username,
        "notifications": _named(session, newest),
        "more": count - len(newest),
    }
    queue_mail(session, to=row.address, kind=KIND, data=data, user_id=row.user_id)


def _named(session: Session, rows: Collection[Notification]) -> list[dict[str, Any]]:
    about = {row.id: row.data.get("extension") for row in rows}
    wanted = {number for number in about.values() if isinstance(number, int)}
    found = session.execute(select(Extension.id, Extension.name).where(Extension.id.in_(wanted)))
    names: dict[Any, str] = {row.id: row.name for row in found}
    return [{"id": row.id, "kind": row.kind, "extension": names.get(about[row.id])} for row in rows]
