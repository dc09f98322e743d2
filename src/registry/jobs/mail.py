"""Work of the kind "mail": a message leaves.

Between the moment a server has taken it and the moment that is written down, a worker may die: then it is sent again,
with the same Message-ID.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy.orm import Session

from registry.domain import addresses, digests
from registry.domain import mail as rules
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.mail import CannotSend, MailRefused, compose, open_outbox
from registry.packages.findings import Finding
from registry.queue import Claim
from registry.sealing import Sealer

# Seconds until the next attempt: two days of a server that is away.
RETRIES = (10, 60, 300, 900, 3600, 7200, 14400, 28800, 57600, 57600)


def started(session: Session, claim: Claim) -> None:
    pass


def work(context: WorkerContext, claim: Claim) -> None:
    """Send it, unless it is not to be sent any more: the account may have been deleted."""
    with context.database.read() as connection:
        row = rules.waiting(connection, claim.subject_id)
    if row is None:
        return
    settings = context.settings
    values, unsubscribe = _values(context, row)
    try:
        message = compose(
            row.kind,
            row.to,
            values,
            sender=settings.mail_from,
            message_id=f"mail-{row.id}-{int(row.created.timestamp())}@{urlsplit(settings.public_url).hostname}",
            created=row.created,
            unsubscribe=unsubscribe,
        )
        open_outbox(settings).send(message, f"{row.id:08d}-{row.kind}")
    except MailRefused as error:
        raise Permanent([Finding("MAIL_REFUSED", str(error))]) from error
    except CannotSend as error:
        raise Transient(str(error)) from error


def finished(session: Session, claim: Claim, result: Any) -> None:
    rules.sent(session, claim.subject_id)


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    pass


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    rules.given_up(session, claim.subject_id, "; ".join(map(str, findings)))


def _values(context: WorkerContext, row: Any) -> tuple[dict[str, Any], str | None]:
    """What the text speaks of, with what is signed made only now; and the address that ends such messages."""
    base, sealer = context.settings.public_url, Sealer(context.settings.secret)
    values = {**row.data, "base": base}
    if row.kind == addresses.CONFIRM:
        confirmation = addresses.Confirmation(row.data["user_id"], row.to, row.data["expires"])
        code = confirmation.code(sealer)
        return values | {"code": code, "link": f"{base}/mail/confirm?{urlencode({'code': code})}"}, None
    if row.kind == digests.KIND:
        signature = addresses.unsubscribe_signature(sealer, row.user_id, row.to)
        query = urlencode({"user": row.user_id, "signature": signature})
        return values, f"{base}/mail/unsubscribe?{query}"
    return values, None
