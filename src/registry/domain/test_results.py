"""Results of a run: stored once, with the worst that is said of a test where it is said more than once.

What a file says has been read before; this is the transaction that stores it. Names of tests are kept once for each
extension, so a run that is like the one before costs one narrow row for each test.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import ARRAY, JSON, Connection, String, any_, bindparam, func, select, update
from sqlalchemy.orm import Session

from registry.domain import test_attachments
from registry.domain.errors import Invalid
from registry.models import ManyRows, Prepared, TestDetail, TestName, TestResult, TestRun, table
from registry.results import Format, Result, Results, Status, worst

Named = tuple[int, Result]  # with the number of its test's name
MOST_TESTS = 100_000
AT_ONCE = 1000
_NAME, _RESULT = table(TestName), table(TestResult)
_NEW_NAMES = ManyRows(TestName, "extension_id", "digest", "name", then="ON CONFLICT DO NOTHING")
_NEW_RESULTS = ManyRows(TestResult, "run_id", "name_id", "status", "started", "duration", "message", "tags")
_DETAILS = ManyRows(
    TestDetail,
    "run_id",
    "name_id",
    "detail",
    "cut",
    then="ON CONFLICT (run_id, name_id) DO UPDATE SET detail = excluded.detail, cut = excluded.cut",
)
# The digests are one parameter, a JSON array or a real one: SQLAlchemy's IN costs more than looking them up.
_ELEMENTS = func.json_each(bindparam("digests", type_=JSON)).table_valued("value")
_DIGESTS = {
    "sqlite": _NAME.c.digest.in_(select(_ELEMENTS.c.value)),
    "postgresql": _NAME.c.digest == any_(bindparam("digests", type_=ARRAY(String))),
}
_OF_EXTENSION = {
    False: _NAME.c.extension_id == bindparam("extension_id"),
    True: _NAME.c.extension_id.is_(None),
}
_KNOWN = {
    (dialect, loose): Prepared(select(_NAME.c.digest, _NAME.c.id).where(whose, digests))
    for dialect, digests in _DIGESTS.items()
    for loose, whose in _OF_EXTENSION.items()
}
_BEFORE = select(_RESULT.c.name_id, _RESULT.c.status).where(
    _RESULT.c.run_id == bindparam("run_id"), _RESULT.c.name_id.in_(bindparam("names", expanding=True))
)
_COUNTS = select(_RESULT.c.status, func.count().label("number")).where(
    _RESULT.c.run_id == bindparam("run_id")
)
_COUNTS = _COUNTS.group_by(_RESULT.c.status)
_HERE = (_RESULT.c.run_id == bindparam("of_run"), _RESULT.c.name_id == bindparam("of_name"))
_WORSE = (
    update(_RESULT)
    .where(*_HERE)
    .values({name: bindparam(name) for name in ("status", "message", "duration")})
)


def add(session: Session, run: TestRun, results: Results) -> None:
    """Store the results of one file, and count all that the run has now. Raises Invalid for too many tests."""
    connection, summary = session.connection(), results.summary
    first = not run.uploads
    rest = iter(results)
    while some := list(islice(rest, AT_ONCE)):
        names = _names(connection, run.extension_id, [result.id for result in some])
        stored = _store(connection, run.id, list(zip(names, some, strict=True)), first)
        left = ((name_id, file) for name_id, result in stored for file in result.attachments)
        test_attachments.add(connection, run.id, results, left)
    counts = summary.counts if first else _counted(connection, run.id)
    if sum(counts.values()) > MOST_TESTS:
        raise Invalid(f"A run may have at most {MOST_TESTS} tests.", "TOO_MANY_TESTS", "file")
    for status in Status:
        setattr(run, status, counts.get(status, 0))
    run.uploads += 1
    run.pass_only = run.pass_only or summary.format == Format.REFSTACK
    run.truncated = run.truncated or summary.truncated is not None
    if summary.duration is not None:
        run.duration = (run.duration or 0.0) + summary.duration


def digest(name: str) -> str:
    """What the name of a test is found by."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _names(connection: Connection, extension_id: int | None, names: Sequence[str]) -> list[int]:
    """The numbers of tests' names, which are made where nobody has had them."""
    digests = [digest(name) for name in names]
    known = _known(connection, extension_id, digests)
    new = [(extension_id, key, name) for key, name in zip(digests, names, strict=True) if key not in known]
    if new:
        # Somebody else may be making the same.
        _NEW_NAMES(connection, new)
        known |= _known(connection, extension_id, [key for _, key, _ in new])
    return [known[key] for key in digests]


def _known(connection: Connection, extension_id: int | None, digests: list[str]) -> dict[str, int]:
    statement = _KNOWN[connection.dialect.name, extension_id is None]
    return dict(statement.all(connection, extension_id=extension_id, digests=digests))


def _store(connection: Connection, run_id: int, results: list[Named], first: bool) -> Iterable[Named]:
    """Those that count, since nothing as bad was said of their tests before."""
    before: dict[int, str] = {}
    if not first:
        names = [name_id for name_id, _ in results]
        before = {
            row.name_id: row.status for row in connection.execute(_BEFORE, {"run_id": run_id, "names": names})
        }
    fresh = [pair for pair in results if pair[0] not in before]
    worse = [
        (name_id, result)
        for name_id, result in results
        if name_id in before and worst(Status(before[name_id]), result.status) != before[name_id]
    ]
    if fresh:
        tags: dict[tuple[str, ...], str] = {}  # most tests have the same
        _NEW_RESULTS(connection, [_row(run_id, *pair, tags) for pair in fresh])
    if worse:
        connection.execute(_WORSE, [_worse(run_id, *pair) for pair in worse])
    counting = [*fresh, *worse]
    details = [
        (run_id, name_id, result.detail, result.detail_cut) for name_id, result in counting if result.detail
    ]
    if details:
        _DETAILS(connection, details)
    return counting


def _row(run_id: int, name_id: int, result: Result, tags: dict[tuple[str, ...], str]) -> tuple[Any, ...]:
    if result.tags and result.tags not in tags:
        tags[result.tags] = orjson.dumps(result.tags).decode()
    return (
        run_id,
        name_id,
        result.status._value_,  # which `value` looks up
        result.started,
        result.duration,
        result.message or None,
        tags.get(result.tags),
    )


def _worse(run_id: int, name_id: int, result: Result) -> dict[str, Any]:
    return {
        "of_run": run_id,
        "of_name": name_id,
        "status": result.status,
        "message": result.message or None,
        "duration": result.duration,
    }


def _counted(connection: Connection, run_id: int) -> dict[Any, int]:
    return {row.status: row.number for row in connection.execute(_COUNTS, {"run_id": run_id})}
