"""Tests that cannot be relied on: runs of the same bytes on the same platform do not agree about them.

Read when somebody asks, from the newest runs: what was flaky once and has agreed with itself since then is no longer.
It is told, and changes nothing else: whether a version is held back is decided by what its runs say.
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, case, func, select

from registry.domain.test_cells import COUNTED, TOKENLESS
from registry.domain.test_diffs import BAD, GOOD
from registry.models import TestResult, TestRun

# So many of the newest runs of the versions, all together, are looked at.
MOST_RUNS = 200

_SAME = (
    "version_id",
    "package_sha256",
    "host_app",
    "host_version",
    "os",
    "os_version",
    "arch",
    "locale",
    "runtime",
)
_RUNS = (
    select(TestRun.id, *(getattr(TestRun, name) for name in _SAME))
    .where(
        TestRun.version_id.in_(bindparam("versions", expanding=True)),
        TestRun.withdrawn.is_(None),
        TestRun.outcome.in_(COUNTED),
        case((TestRun.tokenless, TOKENLESS), else_=TestRun.source).in_(bindparam("sources", expanding=True)),
    )
    .order_by(TestRun.id.desc())
    .limit(bindparam("most"))
    .cte("runs")
)
_IS_BAD = case((TestResult.status.in_(BAD), 1), else_=0)
_FLAKY = (
    select(_RUNS.c.version_id, TestResult.name_id)
    .join(TestResult, TestResult.run_id == _RUNS.c.id)
    .where(
        TestResult.name_id.in_(bindparam("names", expanding=True)),
        TestResult.status.in_((*GOOD, *BAD)),
    )
    .group_by(TestResult.name_id, *(_RUNS.c[name] for name in _SAME))
    .having(func.min(_IS_BAD) < func.max(_IS_BAD))
)


def flaky(
    connection: Connection, versions: Collection[int], names: Collection[int], sources: Collection[str]
) -> set[tuple[int, int]]:
    """Of these versions and tests: (version, test) where the test is flaky by what ``sources`` say."""
    if not versions or not names:
        return set()
    wanted = {"versions": list(versions), "names": list(names), "sources": list(sources), "most": MOST_RUNS}
    return {(row.version_id, row.name_id) for row in connection.execute(_FLAKY, wanted)}
