"""Programs without a browser: they ask, their user approves in a browser, they come back (RFC 8628).

The device code is the program's secret; the user code is what a person compares and types. Both hold for
a quarter of an hour, and a device code that was approved gives one session and no more. A program that asks
too often has to wait longer each time, and is told so (RFC 8628, 3.5).
"""

import datetime
import secrets
from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.domain import credentials, events
from registry.domain.errors import Invalid
from registry.domain.sessions import DEVICE, digest, open_session
from registry.models import DeviceLogin, DeviceState, User, now

SECONDS = 900
INTERVAL, SLOWER = 5, 5
# No vowels, so no words; no two letters that look alike (RFC 8628, 6.1).
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LETTERS = 8


class Refusal(StrEnum):
    """Why a program gets no session (RFC 8628, 3.5)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


def begin(session: Session, client: str, scopes: Iterable[str]) -> tuple[str, str]:
    """A login that waits to be approved: ``(device code, user code)``."""
    device_code = secrets.token_urlsafe(32)
    letters = "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))
    user_code = f"{letters[:4]}-{letters[4:]}"
    session.add(
        DeviceLogin(
            sha256=digest(device_code),
            user_code=user_code,
            client=client,
            scopes=list(scopes),
            interval=INTERVAL,
            expires=now() + datetime.timedelta(seconds=SECONDS),
        )
    )
    session.flush()
    return device_code, user_code


def waiting(user_code: str) -> str:
    """A code as somebody typed it, in the form it is kept."""
    letters = "".join(letter for letter in user_code.upper() if letter in LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


def decide(session: Session, user_code: str, user_id: int, session_id: int, *, approve: bool) -> None:
    """A person says yes or no to a program, in that session of theirs.

    Raises Invalid when no program waits for that code, and Forbidden when the session has ended.
    """
    credentials.still_holds(session, "browser", session_id)
    row = session.scalars(
        select(DeviceLogin)
        .where(
            DeviceLogin.user_code == waiting(user_code),
            DeviceLogin.state == DeviceState.PENDING,
            DeviceLogin.expires > now(),
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise Invalid("No program waits for this code; it may have expired.", "UNKNOWN_CODE", "user_code")
    row.state = DeviceState.APPROVED if approve else DeviceState.DENIED
    row.user_id = user_id
    session.flush()
    events.record(session, f"device.{row.state}", actor_id=user_id, device=row.id, scopes=row.scopes)


def collect(
    session: Session, device_code: str
) -> tuple[Refusal, None] | tuple[None, tuple[DeviceLogin, int, str]]:
    """What a program that comes back gets: a refusal, or the login with its session's number and secret."""
    row = session.scalars(
        select(DeviceLogin).where(DeviceLogin.sha256 == digest(device_code)).with_for_update()
    ).one_or_none()
    if row is None:
        return Refusal.UNKNOWN, None
    if row.expires <= now():
        return Refusal.EXPIRED, None
    if row.state == DeviceState.DENIED:
        return Refusal.DENIED, None
    # A second of grace: a program that waits as long as it was told is never too early.
    wait = datetime.timedelta(seconds=row.interval - 1)
    too_soon = row.polled is not None and now() - row.polled < wait
    row.polled = now()
    if row.state == DeviceState.PENDING or row.user_id is None:
        row.interval += SLOWER if too_soon else 0
        session.flush()
        return (Refusal.SLOW_DOWN if too_soon else Refusal.PENDING), None
    if session.get_one(User, row.user_id).disabled is not None:
        return Refusal.DENIED, None
    session_id, secret = open_session(session, row.user_id, DEVICE, client=row.client, scopes=row.scopes)
    session.execute(delete(DeviceLogin).where(DeviceLogin.id == row.id))
    session.expunge(row)
    return None, (row, session_id, secret)


def forget(session: Session) -> None:
    """Remove logins that nobody came back for."""
    session.execute(delete(DeviceLogin).where(DeviceLogin.expires < now()))
