"""One test across the versions of an extension: what came of it in the newest run on each platform.

Read along primary keys: from a version to its counters, from these to their newest runs, from there to the test.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from registry.domain.test_diffs import BAD
from registry.models import Channel, TestCell, TestName, TestResult, Version, VersionState

# So many rows are looked at for the first bad version, and so many newest runs for the names of tests.
MOST_ROWS, MOST_RUNS = 2000, 10
_PLACE = (TestCell.host_app, TestCell.host_version, TestCell.os)
_SHOWN = (
    Version.extension_id == bindparam("extension_id"),
    Version.state == VersionState.SIGNED,
    Version.channel == Channel.LISTED,
    Version.deleted.is_(None),
)
_VOUCHED = TestCell.provenance.in_(bindparam("sources", expanding=True))
_HIT = (TestResult.run_id == TestCell.newest_run_id) & (TestResult.name_id == bindparam("name_id"))
_OUTCOMES = (
    select(
        TestCell.version_id,
        Version.version,
        *_PLACE,
        TestCell.arch,
        TestCell.locale,
        TestCell.provenance,
        TestCell.newest_run_id,
        TestCell.newest,
        TestResult.status,
        TestResult.duration,
    )
    .join(TestCell, TestCell.version_id == Version.id)
    .join(TestResult, _HIT)
    .where(*_SHOWN, _VOUCHED)
    .order_by(Version.order_key.desc(), Version.id.desc(), *_PLACE, TestCell.newest.desc())
    .limit(MOST_ROWS)
)
_OF_VERSIONS = _OUTCOMES.where(Version.id.in_(bindparam("versions", expanding=True)))
_NEWEST_RUNS = (
    select(TestCell.newest_run_id)
    .select_from(Version)
    .join(TestCell, TestCell.version_id == Version.id)
    .where(*_SHOWN, _VOUCHED)
    .order_by(Version.order_key.desc(), TestCell.newest.desc())
    .limit(MOST_RUNS)
)
# The versions in which the test has a result.
VERSIONS: Any = select(Version.id, Version.version, Version.order_key).where(
    *_SHOWN,
    select(TestCell.version_id)
    .join(TestResult, _HIT)
    .where(TestCell.version_id == Version.id, _VOUCHED)
    .correlate(Version)
    .exists(),
)


class FirstBad(NamedTuple):
    """On this platform the test fails since ``version``; ``last_good`` is the one before in which it did not."""

    host_app: str
    host_version: str
    os: str
    version: str
    last_good: str | None


def names(connection: Connection, extension_id: int, sources: Collection[str]) -> Any:
    """A select of the tests in the newest runs of an extension, the newest versions' first."""
    wanted = {"extension_id": extension_id, "sources": list(sources)}
    runs = connection.scalars(_NEWEST_RUNS, wanted).all()
    there = select(TestResult.name_id).where(TestResult.run_id.in_(runs))
    return select(TestName.id, TestName.name, TestName.digest).where(TestName.id.in_(there))


def outcomes(
    connection: Connection, extension_id: int, name_id: int, sources: Collection[str], versions: Sequence[int]
) -> Sequence[Any]:
    """What came of a test in these versions, on each platform."""
    wanted = {"extension_id": extension_id, "name_id": name_id, "sources": list(sources)}
    return connection.execute(_OF_VERSIONS, wanted | {"versions": versions}).all()


def first_bad(
    connection: Connection, extension_id: int, name_id: int, sources: Collection[str]
) -> list[FirstBad]:
    """Since when it fails, on each platform on which it failed last."""
    wanted = {"extension_id": extension_id, "name_id": name_id, "sources": list(sources)}
    return _first_bad(connection.execute(_OUTCOMES, wanted))


def _first_bad(rows: Iterable[Any]) -> list[FirstBad]:
    by_place: dict[tuple[str, str, str], dict[str, bool]] = {}
    for row in rows:
        versions = by_place.setdefault((row.host_app, row.host_version, row.os), {})
        versions[row.version] = versions.get(row.version, False) or row.status in BAD
    found = []
    for place, versions in sorted(by_place.items()):
        since = good = None
        for version, is_bad in versions.items():
            if not is_bad:
                good = version
                break
            since = version
        if since is not None:
            found.append(FirstBad(*place, since, good))
    return found
