"""Maintenance mode: nobody changes anything through the web until it is over; reading goes on, and so do workers.

It is one row, so that it holds for all processes, and for those that start later.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.orm import Session

from registry.domain import events
from registry.models import SiteState, now

NAME = "maintenance"
_STATE = select(SiteState.value).where(SiteState.name == bindparam("state_name"))


@dataclass(frozen=True)
class Maintenance:
    """``message`` is for whoever wanted to change something; ``until`` is when it should be over, if that is known."""

    message: str | None
    until: datetime.datetime | None


def state(connection: Connection) -> Maintenance | None:
    """Whether there is maintenance now."""
    value = connection.scalar(_STATE, {"state_name": NAME})
    if value is None:
        return None
    until = value.get("until")
    return Maintenance(value.get("message"), until and datetime.datetime.fromisoformat(until))


def begin(session: Session, message: str | None, until: datetime.datetime | None) -> None:
    """From now on, or as before with this message and time."""
    value: dict[str, Any] = {
        "message": message,
        "until": until and until.astimezone(datetime.UTC).isoformat(),
    }
    session.merge(SiteState(name=NAME, value=value, updated=now()))
    events.record(session, "site.maintenance", on=True, **value)


def end(session: Session) -> bool:
    """It is over; False when there was none."""
    gone = session.connection().execute(delete(SiteState).where(SiteState.name == NAME)).rowcount
    if gone:
        events.record(session, "site.maintenance", on=False)
    return bool(gone)
