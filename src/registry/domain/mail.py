"""Mail that is to be sent: a row and its job, written with what it tells of. ``registry.mail`` knows how it reads.

What a message speaks of (``data``) is numbers, names and links, and never a secret: rows are kept for a month.
"""

import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from registry import mail, queue
from registry.models import Job, Mail, MailAddress, now, table

MAIL = "mail"
KEPT = datetime.timedelta(days=30)
AT_ONCE = 1000
_NEW = insert(table(Mail)).returning(Mail.id)
_WAITING = select(Mail.__table__).where(Mail.id == bindparam("mail_id"), Mail.sent.is_(None))


def queue_mail(
    session: Session, *, to: str, kind: str, data: dict[str, Any], user_id: int | None = None
) -> int:
    """Have a message sent when this transaction has been committed: the number of its row.

    ``to`` is one plain address (``mail.is_address``, else ValueError), ``kind`` one of ``mail.SUBJECTS`` (else
    KeyError), ``data`` what its template speaks of. ``user_id`` is the account that it is for, if it is for one.
    """
    if not mail.is_address(to):
        raise ValueError(f"not a mail address: {to[:100]!r}")
    if kind not in mail.SUBJECTS:
        raise KeyError(kind)
    row = {"to": to, "kind": kind, "data": data, "user_id": user_id, "created": now()}
    mail_id: int = session.connection().execute(_NEW, row).scalar_one()
    queue.enqueue(session, MAIL, mail_id)
    return mail_id


def mail_user(session: Session, user_id: int, kind: str, data: dict[str, Any]) -> int | None:
    """The same, to the address that an account has confirmed; None for one that has not."""
    to = session.scalar(select(MailAddress.address).where(MailAddress.user_id == user_id))
    return None if to is None else queue_mail(session, to=to, kind=kind, data=data, user_id=user_id)


def waiting(connection: Connection, mail_id: int) -> Any:
    """The message, if it is still to be sent."""
    return connection.execute(_WAITING, {"mail_id": mail_id}).one_or_none()


def sent(session: Session, mail_id: int) -> None:
    session.execute(update(Mail).where(Mail.id == mail_id).values(sent=now(), error=None))


def given_up(session: Session, mail_id: int, error: str) -> None:
    session.execute(update(Mail).where(Mail.id == mail_id).values(error=error))


def forget(session: Session) -> None:
    """Forget what was sent, or given up, a month ago."""
    old = select(Mail.id).where(
        Mail.created < now() - KEPT, or_(Mail.sent.is_not(None), Mail.error.is_not(None))
    )
    ids = session.scalars(old.order_by(Mail.created).limit(AT_ONCE)).all()
    session.execute(delete(Job).where(Job.kind == MAIL, Job.subject_id.in_(ids)))
    session.execute(delete(Mail).where(Mail.id.in_(ids)))
