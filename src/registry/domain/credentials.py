"""Personal tokens and API keys: their form, and how they are made.

A token is ``reg_`` + 43 characters of base 62 (32 random bytes) + 6 of its CRC-32, so that a scanner
can tell a real one from a look-alike without asking us; the form is final. The database keeps its
SHA-256 only. An API key's secret has to be kept (HMAC needs it), so it is sealed with the site's secret.
"""

import binascii
import datetime
import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.errors import Conflict, Invalid
from registry.models import ApiKey, LoginSession, Token, User, now
from registry.sealing import Sealer

# How coarsely the last use of a credential is kept: noting it is a write.
USE_RESOLUTION = datetime.timedelta(hours=1)
SCOPES = ("read", "review", "report", "publish", "manage", "test-results")
DEFAULT_DAYS = 90

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PREFIX = "reg_"
_BODY, _CHECKSUM = 43, 6
TOKEN = re.compile(rf"{_PREFIX}[0-9A-Za-z]{{{_BODY + _CHECKSUM}}}\Z")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
RESERVED = frozenset({"me", "current"})
_KINDS: dict[str, Any] = {"token": Token, "key": ApiKey, "session": LoginSession, "browser": LoginSession}


def new_token() -> str:
    body = _base62(int.from_bytes(secrets.token_bytes(32), "big"), _BODY)
    return _PREFIX + body + _checksum(body)


def is_token(text: str) -> bool:
    """Whether the text has the form of a token, checksum included."""
    if not TOKEN.match(text):
        return False
    body = text[len(_PREFIX) : -_CHECKSUM]
    return secrets.compare_digest(text[-_CHECKSUM:], _checksum(body))


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def is_stale(used: datetime.datetime | None) -> bool:
    """Whether a credential last used then should have its use noted again."""
    return used is None or now() - used > USE_RESOLUTION


def note_use(session: Session, kind: str, credential_id: int, moment: datetime.datetime) -> None:
    model = _KINDS[kind]
    session.execute(update(model).where(model.id == credential_id).values(used=moment))


def create_user(session: Session, username: str, *, admin: bool = False) -> User:
    """A new account. Raises Invalid or Conflict."""
    if not _USERNAME.match(username) or username in RESERVED:
        raise Invalid(
            "A user name has 1 to 100 small letters, digits, dots, dashes or underscores, begins with a letter "
            "or digit, and is not `me` or `current`.",
            "BAD_USERNAME",
            "username",
        )
    former = User.former == hashlib.sha256(username.encode()).digest()
    if session.scalar(select(User.id).where((User.username == username) | former)) is not None:
        raise Conflict(f"There is a user {username} already.", "USER_EXISTS")
    user = User(username=username, admin=admin)
    session.add(user)
    session.flush()
    events.record(session, "user.created", actor_id=user.id, user=user.id, admin=admin)
    return user


def create_token(
    session: Session,
    user: User,
    name: str,
    *,
    scopes: Iterable[str] = SCOPES,
    extensions: Iterable[str] | None = None,
    days: int | None = DEFAULT_DAYS,
) -> str:
    """A new personal token, in full: it is never shown again. ``days`` None never expires."""
    scopes = list(scopes)
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise Invalid(f"{unknown[0]} is no scope; the scopes are {', '.join(SCOPES)}.", "BAD_SCOPE", "scopes")
    token = new_token()
    row = Token(
        user_id=user.id,
        name=name,
        sha256=digest(token),
        scopes=scopes,
        extensions=None if extensions is None else list(extensions),
        expires=None if days is None else now() + datetime.timedelta(days=days),
    )
    session.add(row)
    session.flush()
    events.record(session, "token.created", actor_id=user.id, token=row.id, scopes=scopes)
    return token


def create_key(session: Session, user: User, sealer: Sealer) -> tuple[str, str]:
    """A new API key: ``(key, secret)``. The secret is never shown again."""
    secret = secrets.token_hex(32)
    row = ApiKey(
        user_id=user.id, key=f"user:{user.id}:{secrets.token_hex(4)}", secret=sealer.seal(secret.encode())
    )
    session.add(row)
    session.flush()
    events.record(session, "key.created", actor_id=user.id, key=row.key)
    return row.key, secret


def _checksum(body: str) -> str:
    return _base62(binascii.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
