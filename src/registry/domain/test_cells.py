"""What the matrix of a version is read from: how its runs ended, by host version, platform and who vouches for them.

Kept with every run that ends, so that reading never counts. A run without an outcome of these four says nothing about
a version; neither does one that has been withdrawn.
"""

import functools
from typing import Any

from sqlalchemy import and_, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry.models import Prepared, RunSource, TestCell, TestRun, table
from registry.results import Outcome

TOKENLESS = "tokenless"
# Whose word counts; anybody else's is shown apart, and nothing is decided by it.
TRUSTED = (str(RunSource.OWNER), str(RunSource.RUNNER))
PROVENANCES = (*map(str, RunSource), TOKENLESS)
COUNTED = (Outcome.PASSED, Outcome.FAILED, Outcome.INCOMPLETE, Outcome.PASS_ONLY)
_CELL = table(TestCell)
_OF_RUN = ("version_id", "package_sha256", "host_app", "host_version", "os", "arch", "locale")
_KEY = (*_OF_RUN, "provenance")
_NEWEST = ("newest_run_id", "newest_outcome", "newest")
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def provenance(run: Any) -> str:
    """Who vouches for the results: a RunSource; nobody for those that anybody could have sent."""
    return TOKENLESS if run.tokenless else str(run.source)


def count(session: Session, run: TestRun) -> None:
    """One more run that ended so."""
    if not _counts(run):
        return
    connection = session.connection()
    outcome = str(run.outcome)
    counts = {str(name): int(name == outcome) for name in COUNTED}
    newest = {"newest_run_id": run.id, "newest_outcome": outcome, "newest": run.finished}
    _counting(connection.dialect.name, outcome).run(connection, **_key(run), **counts, **newest)


@functools.cache
def _counting(dialect: str, outcome: str) -> Prepared:
    new = _INSERT[dialect](_CELL)
    # Results that come late are of a run that ended before others, perhaps.
    is_newest = new.excluded.newest >= _CELL.c.newest
    later = {name: case((is_newest, new.excluded[name]), else_=_CELL.c[name]) for name in _NEWEST}
    counted = {outcome: _CELL.c[outcome] + 1, **later}
    return Prepared(new.on_conflict_do_update(index_elements=_KEY, set_=counted))


def uncount(session: Session, run: TestRun) -> None:
    """It does not count any more: what `count` did is undone."""
    if not _counts(run):
        return
    here = and_(*(_CELL.c[name] == value for name, value in _key(run).items()))
    outcome = str(run.outcome)
    before = session.execute(_newest_but(run)).first()
    if before is None:
        session.execute(delete(_CELL).where(here))
    else:
        values = {
            outcome: _CELL.c[outcome] - 1,
            "newest_run_id": before.id,
            "newest_outcome": before.outcome,
            "newest": before.finished,
        }
        session.execute(update(_CELL).where(here).values(values))


def _counts(run: TestRun) -> bool:
    return run.version_id is not None and run.withdrawn is None and run.outcome in COUNTED


def _key(run: TestRun) -> dict[str, Any]:
    return {**{name: getattr(run, name) for name in _OF_RUN}, "provenance": provenance(run)}


def _newest_but(run: TestRun) -> Any:
    """The newest other run that its cell counts."""
    same = [getattr(TestRun, name) == getattr(run, name) for name in _OF_RUN]
    vouched = TestRun.tokenless if run.tokenless else and_(~TestRun.tokenless, TestRun.source == run.source)
    return (
        select(TestRun.id, TestRun.finished, TestRun.outcome)
        .where(
            *same, vouched, TestRun.id != run.id, TestRun.withdrawn.is_(None), TestRun.outcome.in_(COUNTED)
        )
        .order_by(TestRun.finished.desc(), TestRun.id.desc())
        .limit(1)
    )
