"""Tokens that somebody has packed by mistake: which of them hold, and telling whose they are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.credentials import digest, is_token
from registry.domain.notifications import notify
from registry.models import Token, now

ASKED_AT_ONCE = 500


def live_tokens(connection: Connection, texts: Iterable[str]) -> dict[str, Any]:
    """Those of the texts that are tokens which hold, with their rows."""
    digests = {digest(text): text for text in texts if is_token(text)}
    wanted = list(digests)
    found: dict[str, Any] = {}
    for begin in range(0, len(wanted), ASKED_AT_ONCE):
        rows = connection.execute(
            select(Token.__table__).where(
                Token.sha256.in_(wanted[begin : begin + ASKED_AT_ONCE]),
                Token.revoked.is_(None),
                or_(Token.expires.is_(None), Token.expires > now()),
            )
        )
        found |= {digests[bytes(row.sha256)]: row for row in rows}
    return found


def tell(session: Session, tokens: Iterable[Any], uploader_id: int) -> None:
    """Somebody has sent a package that holds these tokens: their owners are told."""
    for row in tokens:
        notify(session, [row.user_id], "token.leaked", token=row.id, name=row.name)
        events.record(session, "token.leaked", actor_id=uploader_id, token=row.id)
