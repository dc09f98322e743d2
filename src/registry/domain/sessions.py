"""Sessions: opened by a login, refreshed by a program, ended by a logout.

The secret of a session is 32 random bytes; only its SHA-256 is kept. A browser's is good as its cookie and for nothing
else, a program's (of the origin DEVICE) as its refresh token and for nothing else: a program that could pass for the
browser of its user would let itself in with more rights than it was given. A program's secret, its refresh
token, is exchanged for a new one each time it is used. Whoever shows the one before the present one has
it from somebody else, or somebody else has it from them: the session ends (RFC 9700, 4.14.2).
"""

import datetime
import hashlib
import secrets
from collections.abc import Iterable

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from registry.domain import events, locks
from registry.models import DeviceLogin, LoginSession, User, now

# Where programs come from; no login provider has this name.
DEVICE = "device"
DAYS = 30
KEPT_DAYS = 90


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def open_session(
    session: Session, user_id: int, origin: str, *, client: str = "", scopes: Iterable[str] | None = None
) -> tuple[int, str]:
    """A new session: its number, and its secret, which is kept nowhere. ``scopes`` None is all of them.

    Raises Conflict for an account that is not in use.
    """
    locks.user(session, user_id)
    secret = secrets.token_urlsafe(32)
    row = LoginSession(
        user_id=user_id,
        origin=origin,
        client=client[:100],
        sha256=digest(secret),
        scopes=None if scopes is None else list(scopes),
        expires=now() + datetime.timedelta(days=DAYS),
    )
    session.add(row)
    session.flush()
    events.record(session, "session.opened", actor_id=user_id, session=row.id, origin=origin)
    return row.id, secret


def refresh(session: Session, secret: str) -> tuple[LoginSession | None, str]:
    """The session of a refresh token, and its new refresh token.

    None when it is not, or no longer, the token of a session; the session may just have ended for that.
    """
    present = digest(secret)
    row = session.scalars(
        select(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .where(
            (LoginSession.sha256 == present) | (LoginSession.previous == present),
            LoginSession.origin == DEVICE,
            LoginSession.revoked.is_(None),
            LoginSession.expires > now(),
            User.disabled.is_(None),
        )
        .with_for_update(of=LoginSession)
    ).one_or_none()
    if row is None:
        return None, ""
    if row.previous == present:
        end(session, row, reason="a refresh token was used twice")
        return None, ""
    fresh = secrets.token_urlsafe(32)
    row.previous, row.sha256, row.used = present, digest(fresh), now()
    session.flush()
    return row, fresh


def find(session: Session, secret: str) -> LoginSession | None:
    """The session whose secret this is."""
    return session.scalars(select(LoginSession).where(LoginSession.sha256 == digest(secret))).one_or_none()


def end(session: Session, row: LoginSession, *, reason: str = "logout") -> None:
    """End a session: from now on nothing that stands for it counts."""
    session.refresh(row, with_for_update=True)
    if row.revoked is None:
        row.revoked = now()
        session.flush()
        events.record(session, "session.ended", actor_id=row.user_id, session=row.id, reason=reason)


def forget(session: Session) -> None:
    """Remove sessions that have been over for long."""
    long_ago = now() - datetime.timedelta(days=KEPT_DAYS)
    session.execute(
        delete(LoginSession).where((LoginSession.expires < long_ago) | (LoginSession.revoked < long_ago))
    )


def end_all(session: Session, user_id: int, actor_id: int | None) -> None:
    """End every session of an account, and those that it has approved and that no program has come for yet."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.revoked.is_(None))
        .values(revoked=now())
    )
    session.execute(delete(DeviceLogin).where(DeviceLogin.user_id == user_id))
    events.record(session, "session.all-ended", actor_id=actor_id, user=user_id)
