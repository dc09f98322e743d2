"""The mail address of an account: it counts once whoever reads its mail has confirmed it, and not before.

What confirms it, or ends the digests to it, is a text of ours that anybody may carry and nobody can make: it names the
account and the address, and is signed. So the database holds no secret for it, and the row decides what it is worth.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from registry import mail
from registry.domain import events, locks, once
from registry.domain.errors import Conflict, Invalid
from registry.domain.mail import queue_mail
from registry.models import Digest, Mail, MailAddress, User, now
from registry.sealing import Sealer

VALID = datetime.timedelta(days=1)
MOST_ASKED = 5
CONFIRM = "address-confirm"
_ASKED_WITHIN = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Confirmation:
    """What a code says: this address is the account's, until then (seconds since 1970)."""

    user_id: int
    address: str
    expires: int

    def code(self, sealer: Sealer) -> str:
        return f"{self.user_id}.{self.expires}.{sealer.sign(self._text)}"

    @property
    def _text(self) -> str:
        return f"mail address:{self.user_id}:{self.expires}:{self.address}"

    def is_signed(self, sealer: Sealer, signature: str) -> bool:
        return sealer.has_signed(signature, self._text)


def put(session: Session, user_id: int, address: str, digest: Digest) -> None:
    """Say where one's mail is to go; another address than the one in force is asked first.

    Raises Invalid for what is no address, Conflict when too many questions were sent.
    """
    if not mail.is_address(address):
        raise Invalid(
            "This must be one plain address, as in ann@example.org, in ASCII.", "BAD_ADDRESS", "address"
        )
    locks.user(session, user_id, alone=True)
    row = session.get(MailAddress, user_id)
    if row is None:
        row = MailAddress(user_id=user_id)
        session.add(row)
    row.digest, row.changed = digest, now()
    if digest == Digest.OFF:
        row.digest_at = None
    if row.address == address:
        row.pending = None
    else:
        _ask(session, row, address)
    session.flush()
    events.record(session, "address.set", actor_id=user_id, pending=row.pending is not None, digest=digest)


def find(connection: Connection, sealer: Sealer, code: str) -> Any:
    """The account (``username``) and the ``pending`` address that a code would confirm. Raises Invalid."""
    confirmation = _read(connection, sealer, code)
    return connection.execute(
        select(MailAddress.pending, User.username, User.id)
        .join(User, User.id == MailAddress.user_id)
        .where(User.id == confirmation.user_id)
    ).one()


def confirm(session: Session, sealer: Sealer, code: str, user_id: int | None = None) -> str:
    """Make the address that the code was mailed to the account's: the address.

    Only a code of the account ``user_id``, if that is given. Raises Invalid for one that does not hold any more.
    """
    confirmation = _read(session.connection(), sealer, code, user_id)
    locks.user(session, confirmation.user_id, alone=True)
    row = session.get_one(MailAddress, confirmation.user_id, populate_existing=True)
    if row.pending != confirmation.address:
        raise _bad_code()
    once.spend(session, f"mail address:{code}", now() + 2 * VALID)
    row.address, row.pending, row.changed = confirmation.address, None, now()
    session.flush()
    events.record(session, "address.confirmed", actor_id=row.user_id)
    return confirmation.address


def remove(session: Session, user_id: int) -> None:
    """Send no mail to this account any more, and forget where it would have gone."""
    row = session.get(MailAddress, user_id)
    if row is not None:
        session.delete(row)
        session.flush()
        events.record(session, "address.removed", actor_id=user_id)


def unsubscribe_signature(sealer: Sealer, user_id: int, address: str) -> str:
    return sealer.sign(f"mail unsubscribe:{user_id}:{address}")


def unsubscribe(session: Session, sealer: Sealer, user_id: int, signature: str) -> None:
    """End the digests to the address that the link was sent to. Raises Invalid for a link that is none of ours.

    A link that was sent to an address which is not the account's any more ends nothing, and nothing is sent there.
    """
    row = session.get(MailAddress, user_id)
    address = row.address if row is not None else None
    if row is None or address is None:
        return
    if not sealer.has_signed(signature, f"mail unsubscribe:{user_id}:{address}"):
        raise Invalid("This is not a link that was sent to the address of this account.", "BAD_LINK")
    if row.digest != Digest.OFF:
        row.digest, row.digest_at, row.changed = Digest.OFF, None, now()
        session.flush()
        events.record(session, "address.unsubscribed", actor_id=user_id)


def _ask(session: Session, row: MailAddress, address: str) -> None:
    asked = select(func.count()).where(
        Mail.kind == CONFIRM,
        Mail.created > now() - _ASKED_WITHIN,
        (Mail.to == address) | (Mail.user_id == row.user_id),
    )
    if session.scalars(asked).one() >= MOST_ASKED:
        raise Conflict(
            f"At most {MOST_ASKED} such messages are sent in an hour, by one account or to one address; wait a while.",
            "TOO_MANY",
        )
    row.pending = address
    username = session.scalars(select(User.username).where(User.id == row.user_id)).one()
    data = {
        "user_id": row.user_id,
        "username": username,
        "expires": int((now() + VALID).timestamp()),
    }
    session.flush()
    queue_mail(session, to=address, kind=CONFIRM, data=data, user_id=row.user_id)


def _read(connection: Connection, sealer: Sealer, code: str, user_id: int | None = None) -> Confirmation:
    number, expires, signature = (*code.split("."), "", "")[:3]
    if not all(text.isascii() and text.isdecimal() and len(text) < 16 for text in (number, expires)):
        raise _bad_code()
    pending = connection.scalar(select(MailAddress.pending).where(MailAddress.user_id == int(number)))
    confirmation = Confirmation(int(number), pending or "", int(expires))
    mine = user_id is None or user_id == confirmation.user_id
    if pending is None or not mine or not confirmation.is_signed(sealer, signature):
        raise _bad_code()
    if confirmation.expires < now().timestamp():
        raise Invalid("This code has expired; set the address again to get another.", "CODE_EXPIRED", "code")
    return confirmation


def _bad_code() -> Invalid:
    return Invalid(
        "This confirms nothing: it has been used, or the address was set again since, or it is not from here.",
        "BAD_CODE",
        "code",
    )
