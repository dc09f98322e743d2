"""Tokens that somebody has packed by mistake: which of them hold, and telling whose they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.credentials import OF_RUN, digest, is_token
from registry.domain.notifications import notify
from registry.domain.test_runs import holds_token
from registry.models import TestRun, Token, now

ASKED_AT_ONCE = 500


@dataclass(frozen=True)
class Leak:
    """A token that holds: what it is, in words for its owner, and whose, if it is anybody's."""

    about: dict[str, Any]
    user_id: int | None


def live_tokens(connection: Connection, texts: Iterable[str]) -> dict[str, Leak]:
    """Those of the texts that are tokens which hold, of people or of test runs."""
    wanted = list(texts)
    personal = {digest(text): text for text in wanted if is_token(text)}
    of_runs = {digest(text): text for text in wanted if is_token(text, OF_RUN)}
    found = {
        personal[bytes(row.sha256)]: Leak({"token": row.id, "name": row.name}, row.user_id)
        for row in _rows(connection, Token, Token.sha256, personal)
        if row.revoked is None and (row.expires is None or row.expires > now())
    }
    found |= {
        of_runs[bytes(row.token)]: Leak({"test_run": row.id}, row.created_by)
        for row in _rows(connection, TestRun, TestRun.token, of_runs)
        if holds_token(row)
    }
    return found


def tell(session: Session, tokens: Iterable[Leak], uploader_id: int) -> None:
    """Somebody has sent a package that holds these tokens: their owners are told."""
    for leak in tokens:
        if leak.user_id is not None:
            notify(session, [leak.user_id], "token.leaked", **leak.about)
        said = {name: value for name, value in leak.about.items() if name != "name"}
        events.record(session, "token.leaked", actor_id=uploader_id, **said)


def _rows(connection: Connection, model: Any, column: Any, digests: Iterable[bytes]) -> Iterable[Row[Any]]:
    wanted = list(digests)
    for begin in range(0, len(wanted), ASKED_AT_ONCE):
        some = column.in_(wanted[begin : begin + ASKED_AT_ONCE])
        yield from connection.execute(select(model.__table__).where(some))
