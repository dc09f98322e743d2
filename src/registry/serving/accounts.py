"""The first two accounts of a development registry."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.domain import credentials
from registry.models import Database, User
from registry.sealing import Sealer

TOKEN_NAME = "first start"  # noqa: S105 - a name


@dataclass(frozen=True)
class Account:
    """A new account with all it needs to speak to the registry; the secrets are nowhere else in the clear."""

    username: str
    key: str
    secret: str
    token: str


def create_first(database: Database, sealer: Sealer) -> tuple[Account, Account] | None:
    """``admin``, of the registry's own team, and ``owner``, an author; None if there are accounts already."""
    return database.write(_create, sealer)


def _create(session: Session, sealer: Sealer) -> tuple[Account, Account] | None:
    if session.scalar(select(func.count()).select_from(User)):
        return None
    return _account(session, sealer, "admin", admin=True), _account(session, sealer, "owner", admin=False)


def _account(session: Session, sealer: Sealer, username: str, *, admin: bool) -> Account:
    user = credentials.create_user(session, username, admin=admin)
    token = credentials.create_token(session, user, TOKEN_NAME)
    key, secret = credentials.create_key(session, user, sealer)
    return Account(username, key, secret, token)
