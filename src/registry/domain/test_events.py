"""What the runner of a test run says of it while it goes on."""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from registry.domain import test_runs
from registry.domain.errors import TooMany
from registry.models import OPEN, Prepared, RunState, TestEvent, TestRun, now, table

STATUS_LENGTH, ERROR_BYTES = 1024, 8 * 1024
MOST, A_MINUTE = 1000, 60
MINUTE = datetime.timedelta(minutes=1)
STATUS, STARTED, RESULTS, REJECTED = "status", "started", "results", "rejected"
SAID = ("text", "finished", "error", "exit_code", "done", "total")
_NEW = Prepared(insert(table(TestEvent)).returning(table(TestEvent).c.id), "run_id", "kind", "created", *SAID)
_SAYS_NOTHING = dict.fromkeys(SAID)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message of a runner. ``finished`` None leaves that open; an ``error`` ends the run.

    ``done`` of ``total`` tests; ``silence``: the seconds that it may be silent from now on.
    """

    text: str
    finished: bool | None = None
    error: str | None = None
    exit_code: int | None = None
    done: int | None = None
    total: int | None = None
    silence: int | None = None
    uploading: bool = False


def say(session: Session, run_id: int, said: Said) -> int:
    """Note a message, and what follows from it: the number of its event. What is said again at once is noted once.

    Raises Conflict for a run that has ended, TooMany for too many messages.
    """
    row = test_runs.held(session, run_id)
    last = session.scalars(_newest(run_id).limit(1)).first()
    if row.state in OPEN and said.silence is not None:
        row.silence = said.silence
    if last is not None and _is_again(last, said):
        if row.state in OPEN:
            test_runs.heard(row)
        return last.id
    if row.state not in OPEN:
        raise test_runs.closed(row)
    ends = bool(said.finished or said.error)
    if not ends:
        _limit(session, row)
    test_runs.heard(row, RunState.UPLOADING if said.uploading else RunState.RUNNING)
    event_id = note(session, row, STATUS, **{name: getattr(said, name) for name in SAID})
    if said.error:
        test_runs.end(session, row, RunState.ERROR, said.error)
    elif said.finished and not test_runs.is_read_from(session, row):
        test_runs.end(session, row, RunState.FINISHED)
    return event_id


def says_finished(session: Session, run_id: int) -> bool:
    """Whether its runner has said that it has finished."""
    said = exists().where(TestEvent.run_id == run_id, TestEvent.finished.is_(True))
    return bool(session.scalar(select(said)))


def note(session: Session, row: TestRun, kind: str, text: str, **values: Any) -> int:
    """Something that happened to the run: the number of its event."""
    row.events += 1
    said = {**_SAYS_NOTHING, **values, "text": text}
    number: int = _NEW.scalar(session.connection(), run_id=row.id, kind=kind, created=now(), **said)
    return number


def begin(session: Session, run_id: int) -> None:
    """Its runner has fetched the configuration: if it was waiting for one, it goes on."""
    row = test_runs.held(session, run_id)
    if row.state == RunState.QUEUED:
        test_runs.heard(row)
        note(session, row, STARTED, "The runner has fetched its configuration.")


def _newest(run_id: int) -> Any:
    return select(TestEvent).where(TestEvent.run_id == run_id).order_by(TestEvent.id.desc())


def _is_again(last: TestEvent, said: Said) -> bool:
    same = last.kind == STATUS and all(getattr(last, name) == getattr(said, name) for name in SAID)
    return same and now() - last.created <= MINUTE


def _limit(session: Session, row: TestRun) -> None:
    if row.events >= MOST:
        raise TooMany(f"A run has at most {MOST} events; finish it.", "TOO_MANY_EVENTS", test_runs.MOST_TOTAL)
    earlier = session.scalars(_newest(row.id).offset(A_MINUTE - 1).limit(1)).first()
    if earlier is not None and now() - earlier.created < MINUTE:
        wait = MINUTE - (now() - earlier.created)
        raise TooMany(
            f"A run has at most {A_MINUTE} events a minute.", "TOO_MANY_EVENTS", int(wait.seconds) + 1
        )
