"""What counts once: the state of a login, the ``jti`` of an identity token."""

import datetime
import hashlib

from sqlalchemy import delete
from sqlalchemy.orm import Session

from registry.domain.errors import Invalid
from registry.models import Spent, now


def spend(session: Session, what: str, expires: datetime.datetime) -> None:
    """Use ``what`` up. Raises Invalid when it has been used before; it is forgotten after ``expires``."""
    digest = hashlib.sha256(what.encode("utf-8", "replace")).digest()
    if session.get(Spent, digest) is not None:
        raise Invalid("This has been used before; it counts once.", "ALREADY_USED")
    session.add(Spent(sha256=digest, expires=expires))
    session.flush()


def forget(session: Session) -> None:
    """Forget what would not count any more anyway."""
    session.execute(delete(Spent).where(Spent.expires < now()))
