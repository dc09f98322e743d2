"""Logging in: from a login elsewhere to an account here.

An account is known by provider and subject. The name a login has there is a suggestion for the name of
a new account and nothing else: whoever is renamed stays who they are, and whoever gets a name that was
free again is somebody new.
"""

import re
import unicodedata

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.domain import credentials, events, locks
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.models import Identity, User, now

MOST_IDENTITIES = 10


def log_in(session: Session, provider: str, subject: str, label: str) -> User:
    """The account of that login, a new one for a new login. Raises Forbidden for one that is disabled."""
    identity = _find(session, provider, subject)
    if identity is None:
        user = credentials.create_user(session, _free_name(session, label))
        identity = _add(session, user, provider, subject, label)
    else:
        try:
            locks.user(session, identity.user_id)
        except Conflict:
            raise Forbidden("This account has been disabled or deleted.", "ACCOUNT_DISABLED") from None
        user = session.get_one(User, identity.user_id)
    identity.label, identity.used = label, now()
    events.record(session, "user.logged-in", actor_id=user.id, provider=provider, identity=identity.id)
    return user


def log_in_by_name(session: Session, provider: str, username: str) -> User:
    """The account of that name, a new one if there is none: for development only."""
    credentials.check_username(username)
    found = session.scalars(select(User).where(User.username == username)).one_or_none()
    if found is None:
        found = credentials.create_user(session, username)
    if _find(session, provider, username) is None:
        _add(session, found, provider, username, username)
    return log_in(session, provider, username, username)


def link(
    session: Session, user_id: int, provider: str, subject: str, label: str, *, session_id: int | None = None
) -> None:
    """Give an account another way in, in that session of its; a login that is its own already is just a login.

    Raises Conflict when it is somebody else's, and Forbidden when the session has ended.
    """
    locks.user(session, user_id, alone=True)
    if session_id is not None:
        credentials.still_holds(session, "browser", session_id)
    found = _find(session, provider, subject)
    if found is not None and found.user_id == user_id:
        log_in(session, provider, subject, label)
        return
    if found is not None:
        raise Conflict("This login belongs to another account already.", "IDENTITY_TAKEN")
    mine = select(func.count()).where(Identity.user_id == user_id)
    if (session.scalar(mine) or 0) >= MOST_IDENTITIES:
        raise Conflict(f"An account has at most {MOST_IDENTITIES} logins.", "TOO_MANY")
    _add(session, session.get_one(User, user_id), provider, subject, label)


def unlink(session: Session, identity_id: int, user_id: int) -> None:
    """Take a way in away. Raises Conflict when it is the last one."""
    locks.user(session, user_id, alone=True)
    mine = list(session.scalars(select(Identity).where(Identity.user_id == user_id)))
    gone = next((identity for identity in mine if identity.id == identity_id), None)
    if gone is None:
        raise Conflict("This login is gone already.", "NO_IDENTITY")
    if len(mine) == 1:
        raise Conflict("This is the last login of the account; add another one first.", "LAST_IDENTITY")
    session.delete(gone)
    events.record(session, "identity.removed", actor_id=user_id, identity=identity_id, provider=gone.provider)


def _find(session: Session, provider: str, subject: str) -> Identity | None:
    return session.scalars(
        select(Identity).where(Identity.provider == provider, Identity.subject == subject)
    ).one_or_none()


def _add(session: Session, user: User, provider: str, subject: str, label: str) -> Identity:
    identity = Identity(user_id=user.id, provider=provider, subject=subject, label=label)
    session.add(identity)
    session.flush()
    events.record(session, "identity.added", actor_id=user.id, identity=identity.id, provider=provider)
    return identity


def _free_name(session: Session, label: str) -> str:
    plain = unicodedata.normalize("NFKD", label.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9._-]+", "-", plain)[:80].strip("-._") or "user"
    name, number = base, 1
    while True:
        try:
            credentials.check_new_username(session, name)
        except (Conflict, Invalid):
            number += 1
            name = f"{base}-{number}"
        else:
            return name
