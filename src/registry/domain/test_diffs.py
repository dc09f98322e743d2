"""What differs between two runs of one extension's tests, whatever versions they were of.

Names of tests are kept once for each extension, so both runs are read along their primary keys; what fails is found by
the index of what needs a look.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, literal_column, select
from sqlalchemy.orm import aliased

from registry.models import TestName, TestResult
from registry.results import Status

# The first of each kind are shown.
MOST_SHOWN = 200
BAD = (Status.FAILED, Status.ERROR, Status.XPASSED)
GOOD = (Status.PASSED, Status.XFAILED)
NEW_FAILURES, FIXED, STILL_FAILING = "new_failures", "fixed", "still_failing"
APPEARED, DISAPPEARED = "appeared", "disappeared"
KINDS = (NEW_FAILURES, FIXED, STILL_FAILING, APPEARED, DISAPPEARED)


def is_bad(result: Any) -> Any:
    """SQL: the test failed; said so that the index of what needs a look finds it."""
    return (result.status != literal_column("'passed'")) & result.status.in_(BAD)


_NOW, _BEFORE = aliased(TestResult), aliased(TestResult)
_HERE, _THERE = _NOW.run_id == bindparam("run_id"), _BEFORE.run_id == bindparam("base_id")
_SAME = _BEFORE.name_id == _NOW.name_id
_BOTH = select().select_from(_NOW).join(_BEFORE, _SAME & _THERE).where(_HERE)
_IS_BAD, _WAS_BAD = is_bad(_NOW), is_bad(_BEFORE)
_MISSING_BEFORE = ~select(_BEFORE.run_id).where(_SAME, _THERE).correlate(_NOW).exists()
_MISSING_NOW = ~select(_NOW.run_id).where(_SAME, _HERE).correlate(_BEFORE).exists()
# Each: the statement, the test's number, what came of it now and before.
_STATEMENTS: dict[str, tuple[Select[Any], Any, Any, Any]] = {
    NEW_FAILURES: (_BOTH.where(_IS_BAD, ~_WAS_BAD), _NOW.name_id, _NOW.status, _BEFORE.status),
    FIXED: (_BOTH.where(_NOW.status.in_(GOOD), _WAS_BAD), _NOW.name_id, _NOW.status, _BEFORE.status),
    STILL_FAILING: (_BOTH.where(_IS_BAD, _WAS_BAD), _NOW.name_id, _NOW.status, _BEFORE.status),
    APPEARED: (
        select().select_from(_NOW).where(_HERE, _MISSING_BEFORE),
        _NOW.name_id,
        _NOW.status,
        None,
    ),
    DISAPPEARED: (
        select().select_from(_BEFORE).where(_THERE, _MISSING_NOW),
        _BEFORE.name_id,
        None,
        _BEFORE.status,
    ),
}


class Change(NamedTuple):
    """``status`` and ``before`` are None where the run has no such test."""

    name_id: int
    name: str
    digest: str
    status: str | None
    before: str | None


class Changes(NamedTuple):
    """How many there are, and the first MOST_SHOWN of them."""

    number: int
    shown: list[Change]


def diff(connection: Connection, run_id: int, base_id: int) -> dict[str, Changes]:
    """By KINDS, what is otherwise in a run than it was in the base. A test that is new and fails has appeared."""
    runs = {"run_id": run_id, "base_id": base_id}
    return {kind: _changes(connection, *_STATEMENTS[kind], runs) for kind in KINDS}


def _changes(
    connection: Connection, rows: Select[Any], name_id: Any, now: Any, before: Any, runs: dict[str, int]
) -> Changes:
    first = rows.add_columns(name_id, TestName.name, TestName.digest)
    first = first.add_columns(*(column for column in (now, before) if column is not None))
    first = first.join(TestName, TestName.id == name_id).order_by(name_id).limit(MOST_SHOWN)
    shown = []
    for number, name, digest, *statuses in connection.execute(first, runs):
        was = statuses.pop() if before is not None else None
        shown.append(Change(number, name, digest, statuses[0] if now is not None else None, was))
    if len(shown) < MOST_SHOWN:
        return Changes(len(shown), shown)
    return Changes(connection.scalar(rows.add_columns(func.count()), runs) or 0, shown)
