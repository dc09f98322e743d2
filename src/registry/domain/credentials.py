"""Personal tokens and API keys: their form, and how they are made.

A token is ``reg_`` + 43 characters of base 62 (32 random bytes) + 6 of its CRC-32, so that a scanner
can tell a real one from a look-alike without asking us; the form is final. That of a test run begins ``regrun_``. The
database keeps its
SHA-256 only. An API key's secret has to be kept (HMAC needs it), so it is sealed with the site's secret.
"""

import binascii
import datetime
import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from registry.domain import events, locks, sessions
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.models import ApiKey, LoginSession, Token, User, now
from registry.sealing import Sealer

# How coarsely the last use of a credential is kept: noting it is a write.
USE_RESOLUTION = datetime.timedelta(hours=1)
SCOPES = ("read", "review", "report", "publish", "manage", "test-results")
DEFAULT_DAYS, LONGEST_DAYS = 90, 365
MOST_TOKENS, MOST_KEYS = 200, 20

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# What a token is for: a person, or one test run.
PERSONAL, OF_RUN = "reg_", "regrun_"
_BODY, _CHECKSUM = 43, 6
TOKEN = re.compile(rf"(reg_|regrun_)[0-9A-Za-z]{{{_BODY + _CHECKSUM}}}\Z")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
RESERVED = frozenset({"me", "current"})
_KINDS: dict[str, Any] = {"token": Token, "key": ApiKey, "session": LoginSession, "browser": LoginSession}


def new_token(prefix: str = PERSONAL) -> str:
    body = _base62(int.from_bytes(secrets.token_bytes(32), "big"), _BODY)
    return prefix + body + _checksum(body)


def is_token(text: str, prefix: str = PERSONAL) -> bool:
    """Whether the text has the form of a token, checksum included."""
    found = TOKEN.match(text)
    if found is None or found[1] != prefix:
        return False
    body = text[len(prefix) : -_CHECKSUM]
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
    check_new_username(session, username)
    user = User(username=username, admin=admin)
    session.add(user)
    session.flush()
    events.record(session, "user.created", actor_id=user.id, user=user.id, admin=admin)
    return user


def check_new_username(session: Session, username: str) -> None:
    """Raises Invalid unless it is a name for an account, and Conflict when somebody has it, or had it once."""
    check_username(username)
    former = User.former == hashlib.sha256(username.encode()).digest()
    if session.scalar(select(User.id).where((User.username == username) | former)) is not None:
        raise Conflict(f"There is a user {username} already.", "USER_EXISTS")


def check_username(username: str) -> None:
    """Raises Invalid unless an account can have that name."""
    if not _USERNAME.match(username) or username in RESERVED:
        raise Invalid(
            "A user name has 1 to 100 small letters, digits, dots, dashes or underscores, begins with a letter "
            "or digit, and is not `me` or `current`.",
            "BAD_USERNAME",
            "username",
        )


def still_holds(session: Session, kind: str, credential_id: int) -> None:
    """Hold the credential that somebody gets another way in with, until the commit.

    Raises Forbidden for one that has been revoked since the request came: nothing is got with it any more.
    """
    model = _KINDS[kind]
    mine = select(model.id).where(model.id == credential_id, model.revoked.is_(None))
    if session.scalar(mine.with_for_update()) is None:
        raise Forbidden("The credential of this request has just been revoked.", "ERROR_PERMISSION_DENIED")


@dataclass(frozen=True)
class Maker:
    """The credential that another one is made with, and the rights that the new one cannot exceed: None means all."""

    kind: str
    credential_id: int
    scopes: frozenset[str] | None = None
    extensions: frozenset[str] | None = None

    @property
    def token_id(self) -> int | None:
        return self.credential_id if self.kind == "token" else None


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
    return make_token(session, user.id, name, scopes=scopes, extensions=extensions, days=days)[1]


def make_token(
    session: Session,
    user_id: int,
    name: str,
    *,
    scopes: Iterable[str],
    extensions: Iterable[str] | None = None,
    days: float | None = DEFAULT_DAYS,
    maker: Maker | None = None,
    trusted_publisher_id: int | None = None,
    **said: Any,
) -> tuple[int, str]:
    """A new token: its number, and itself in full. ``said`` goes into the event.

    Raises Invalid for unknown scopes, Forbidden for rights that the maker has not, Conflict for too many.
    """
    scopes, chosen = list(scopes), None if extensions is None else list(extensions)
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise Invalid(f"{unknown[0]} is no scope; the scopes are {', '.join(SCOPES)}.", "BAD_SCOPE", "scopes")
    locks.user(session, user_id, alone=True)
    if maker is not None:
        _within(maker, scopes, chosen)
        still_holds(session, maker.kind, maker.credential_id)
    live = select(func.count()).where(
        Token.user_id == user_id, Token.revoked.is_(None), Token.trusted_publisher_id.is_(None)
    )
    if trusted_publisher_id is None and (session.scalar(live) or 0) >= MOST_TOKENS:
        raise Conflict(f"An account has at most {MOST_TOKENS} tokens; revoke some.", "TOO_MANY")
    row = Token(
        user_id=user_id,
        name=name,
        scopes=scopes,
        extensions=chosen,
        parent_id=maker and maker.token_id,
        trusted_publisher_id=trusted_publisher_id,
    )
    return _add(session, row, days, **said)


def rotate_token(session: Session, token_id: int, user_id: int, maker: Maker) -> tuple[int, str]:
    """Replace a token by one with the same rights, for as long as the first was made for.

    Raises Conflict when it does not hold any more: somebody was faster; and Forbidden as `make_token` does.
    """
    locks.user(session, user_id, alone=True)
    old = session.scalars(select(Token).where(Token.id == token_id).with_for_update()).one()
    if old.revoked is not None or old.trusted_publisher_id is not None:
        raise Conflict("This token has been revoked; make a new one.", "TOKEN_REVOKED")
    _within(maker, old.scopes, old.extensions)
    still_holds(session, maker.kind, maker.credential_id)
    days = None if old.expires is None else (old.expires - old.created) / datetime.timedelta(days=1)
    row = Token(user_id=user_id, name=old.name, scopes=old.scopes, extensions=old.extensions)
    # What replaces itself must not end with itself.
    row.parent_id = old.parent_id if maker.token_id == token_id else maker.token_id
    _revoke(session, token_id)
    made = _add(session, row, days, replaces=token_id)
    events.record(session, "token.rotated", actor_id=user_id, token=token_id, by=made[0])
    return made


def _add(session: Session, row: Token, days: float | None, **said: Any) -> tuple[int, str]:
    token = new_token()
    expires = None if days is None else now() + datetime.timedelta(days=days)
    if row.parent_id is not None:
        expires = min(filter(None, (expires, session.get_one(Token, row.parent_id).expires)), default=None)
    row.sha256, row.expires = digest(token), expires
    session.add(row)
    session.flush()
    events.record(session, "token.created", actor_id=row.user_id, token=row.id, scopes=row.scopes, **said)
    return row.id, token


def revoke_token(session: Session, token_id: int, actor_id: int | None, **said: Any) -> int:
    """Revoke a token and those made with it: how many that were. ``said`` goes into the events."""
    gone = _revoke(session, token_id)
    for number in gone:
        events.record(session, "token.revoked", actor_id=actor_id, token=number, **said)
    return len(gone)


def revoke_everything(session: Session, user_id: int, actor_id: int | None) -> tuple[int, int]:
    """Let nothing speak for an account any more, nor keep anybody logged in: how many tokens, and keys, that were."""
    # Nobody makes one meanwhile. The account may be disabled already, so this is not `locks.user`.
    session.scalars(select(User.id).where(User.id == user_id).with_for_update()).one()
    tokens = list(session.scalars(select(Token.id).where(Token.user_id == user_id, Token.revoked.is_(None))))
    keys = list(session.scalars(select(ApiKey.id).where(ApiKey.user_id == user_id, ApiKey.revoked.is_(None))))
    for token_id in tokens:
        revoke_token(session, token_id, actor_id, user=user_id)
    for key_id in keys:
        revoke_key(session, key_id, actor_id, user=user_id)
    sessions.end_all(session, user_id, actor_id)
    return len(tokens), len(keys)


def _revoke(session: Session, token_id: int) -> list[int]:
    """The numbers of the tokens that this has ended."""
    gone, family = [], [token_id]
    while family:
        rows = session.scalars(
            select(Token).where(Token.id.in_(family), Token.revoked.is_(None)).with_for_update()
        ).all()
        for row in rows:
            row.revoked = now()
            gone.append(row.id)
        session.flush()
        family = list(
            session.scalars(select(Token.id).where(Token.parent_id.in_(family), Token.revoked.is_(None)))
        )
    return gone


def _within(maker: Maker, scopes: Iterable[str], extensions: list[str] | None) -> None:
    if maker.scopes is not None and (more := sorted(set(scopes) - maker.scopes)):
        raise Forbidden(f"A token cannot give the scope {more[0]!r}, which it has not itself.", "ERROR_SCOPE")
    if maker.extensions is not None and (extensions is None or not maker.extensions.issuperset(extensions)):
        raise Forbidden("A token cannot give rights on extensions that it has not itself.", "ERROR_SCOPE")


def create_key(session: Session, user: User, sealer: Sealer) -> tuple[str, str]:
    """A new API key: ``(key, secret)``. The secret is never shown again."""
    key_id, secret = make_key(session, user.id, "command line", sealer)
    return session.get_one(ApiKey, key_id).key, secret


def make_key(
    session: Session, user_id: int, name: str, sealer: Sealer, maker: Maker | None = None
) -> tuple[int, str]:
    """A new API key: its number, and its secret, which is never shown again.

    Raises Conflict for too many, and Forbidden when what it is made with has been revoked meanwhile.
    """
    locks.user(session, user_id, alone=True)
    if maker is not None:
        still_holds(session, maker.kind, maker.credential_id)
    live = select(func.count()).where(ApiKey.user_id == user_id, ApiKey.revoked.is_(None))
    if (session.scalar(live) or 0) >= MOST_KEYS:
        raise Conflict(f"An account has at most {MOST_KEYS} API keys; revoke some.", "TOO_MANY")
    secret = secrets.token_hex(32)
    row = ApiKey(
        user_id=user_id,
        name=name,
        key=f"user:{user_id}:{secrets.token_hex(4)}",
        secret=sealer.seal(secret.encode()),
    )
    session.add(row)
    session.flush()
    events.record(session, "key.created", actor_id=user_id, key=row.key)
    return row.id, secret


def revoke_key(session: Session, key_id: int, actor_id: int | None, **said: Any) -> None:
    row = session.scalars(select(ApiKey).where(ApiKey.id == key_id).with_for_update()).one()
    if row.revoked is None:
        row.revoked = now()
        session.flush()
        events.record(session, "key.revoked", actor_id=actor_id, key=row.key, **said)


def _checksum(body: str) -> str:
    return _base62(binascii.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
