"""The gate: a version is held back from `latest` until its tests have passed, where the owners want it so.

A new version of an extension with a policy is held when it has been signed. Whenever something changes that `latest`
is made of (``visibility.refresh``), and whenever a run ends, the versions that are held are judged again. What has been
let through once stays so: a policy that becomes stricter is for versions to come, and a bad version is yanked.

Only results of the very bytes that are served count, and only those for which the extension's own people or the
registry's own runners vouch. A cell is a host, a version of it and an operating system; it has passed when the newest
run of each of these did, on every architecture and in every language that it was run in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.orm import aliased

from registry.domain.test_cells import TRUSTED
from registry.domain.test_diffs import GOOD, is_bad
from registry.models import Artifact, Prepared, TestCell, TestPolicy, TestResult, Version, table
from registry.results import Outcome

# Of the versions that are held so many are judged, the newest, by so many rows of counters.
MOST_HELD, MOST_ROWS = 20, 2000
MOST_NAMED = 3
NEW = "Its tests have not been run yet."
NO_POLICY = "Its owners want no tests to have passed any more."

_VERSION = table(Version)
_POLICY = select(table(TestPolicy)).where(TestPolicy.extension_id == bindparam("extension_id"))
_HELD = (
    select(Version.id, Version.version, Version.held_reason)
    .where(
        Version.extension_id == bindparam("extension_id"),
        Version.held_reason.is_not(None),
        Version.deleted.is_(None),
    )
    .order_by(Version.id.desc())
)
_IS_HELD = Prepared(_HELD.with_only_columns(Version.id).order_by(None).limit(1))
_ROWS = (
    select(table(TestCell))
    .join(
        Artifact,
        (Artifact.version_id == TestCell.version_id) & (Artifact.sha256 == TestCell.package_sha256),
    )
    .where(TestCell.version_id.in_(bindparam("versions", expanding=True)), TestCell.provenance.in_(TRUSTED))
    .order_by(TestCell.newest.desc())
    .limit(MOST_ROWS)
)
_NUMBER = select(Version.version).where(Version.id == bindparam("version_id"))
_NOW, _BEFORE = aliased(TestResult), aliased(TestResult)
_BROKEN = (
    select(func.count())
    .select_from(_NOW)
    .join(_BEFORE, _BEFORE.name_id == _NOW.name_id)
    .where(
        _NOW.run_id == bindparam("run_id"),
        is_bad(_NOW),
        _BEFORE.run_id == bindparam("base_id"),
        _BEFORE.status.in_(GOOD),
    )
)
_SET = update(_VERSION).where(_VERSION.c.id == bindparam("version_id"))
_LET_GO = _SET.values(held=None, held_reason=None)
_SAY = _SET.values(held_reason=bindparam("why"))

Place = tuple[str, str, str]
Places = dict[Place, list[Any]]


class Policy(NamedTuple):
    """At least ``passing`` cells of those on ``hosts`` and ``os`` must have passed; none named are any.

    A host is named with its version (``brackets@1.14.2``) or without. ``no_regression``: what passed in the version
    that is `latest` must be run, and not fail, on every such cell on which that was tested.
    """

    passing: int = 0
    hosts: Sequence[str] = ()
    os: Sequence[str] = ()
    no_regression: bool = False

    def wants(self, place: Place) -> bool:
        host, version, system = place
        on_host = not self.hosts or host in self.hosts or f"{host}@{version}" in self.hosts
        return on_host and (not self.os or system in self.os)


class Judged(NamedTuple):
    """A version and why it is held still; None lets it go."""

    version: str
    reason: str | None


def policy(connection: Connection, extension_id: int) -> Policy | None:
    row = connection.execute(_POLICY, {"extension_id": extension_id}).one_or_none()
    return Policy(row.passing, row.hosts, row.os, row.no_regression) if row else None


def held(connection: Connection, extension_id: int) -> Sequence[Any]:
    """The versions that the gate holds, the newest first: ``id``, ``version``, ``held_reason``."""
    return connection.execute(_HELD.limit(MOST_HELD), {"extension_id": extension_id}).all()


def holds_any(connection: Connection, extension_id: int) -> bool:
    return _IS_HELD.scalar(connection, extension_id=extension_id) is not None


def judge(connection: Connection, extension_id: int, latest_id: int | None) -> list[Judged]:
    """Let go what may go, and say of the others why they may not; those of which something has changed.

    Whoever calls this holds the extension.
    """
    versions = held(connection, extension_id)
    if not versions:
        return []
    wanted = policy(connection, extension_id)
    cells = _cells(connection, [*(row.id for row in versions), *([latest_id] if latest_id else [])])
    base = _Base(connection, latest_id, cells[latest_id] if latest_id else {})
    changed = []
    for row in versions:
        reason = None if wanted is None else _reason(wanted, cells[row.id], base)
        if reason == row.held_reason:
            continue
        if reason is None:
            connection.execute(_LET_GO, {"version_id": row.id})
        else:
            connection.execute(_SAY, {"version_id": row.id, "why": reason})
        changed.append(Judged(row.version, reason))
    return changed


class _Base:
    """The version that is `latest`, to compare others with."""

    def __init__(self, connection: Connection, version_id: int | None, cells: Places):
        self._connection, self.cells = connection, cells
        self.version = version_id and connection.scalar(_NUMBER, {"version_id": version_id})

    def broken(self, place: Place, rows: Iterable[Any]) -> int:
        """How many tests that passed there fail in these runs, which were made on the same."""
        return sum(
            self._connection.scalar(_BROKEN, {"run_id": row.newest_run_id, "base_id": before.newest_run_id})
            or 0
            for row in rows
            for before in self.cells[place]
            if (row.arch, row.locale) == (before.arch, before.locale)
        )


def _cells(connection: Connection, versions: Sequence[int]) -> dict[int, Places]:
    found: dict[int, Places] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(_ROWS, {"versions": versions}):
        found[row.version_id][row.host_app, row.host_version, row.os].append(row)
    return found


def _reason(wanted: Policy, cells: Places, base: _Base) -> str | None:
    """Why a version with these cells may not be `latest` yet."""
    mine = {place: rows for place, rows in cells.items() if wanted.wants(place)}
    reasons = []
    passed = sum(all(row.newest_outcome == Outcome.PASSED for row in rows) for rows in mine.values())
    if passed < wanted.passing:
        reasons.append(f"Its tests have passed on {passed} of {wanted.passing} platforms{_named(wanted)}.")
    if wanted.no_regression:
        reasons += _regressions(wanted, mine, base)
    return " ".join(reasons) or None


def _regressions(wanted: Policy, mine: Places, base: _Base) -> Iterable[str]:
    places = sorted(filter(wanted.wants, base.cells))
    missing = [place for place in places if not _is_run(mine.get(place, ()))]
    if missing:
        yield f"It has not been tested where {base.version} was: {_list(missing)}."
    broken = {place: base.broken(place, mine[place]) for place in places if place not in missing}
    worse = [place for place in places if broken.get(place)]
    if worse:
        yield f"Tests that passed in {base.version} fail: {sum(broken.values())} on {_list(worse)}."


def _is_run(rows: Sequence[Any]) -> bool:
    """Whether it is known of each test what came of it."""
    return bool(rows) and all(row.newest_outcome in (Outcome.PASSED, Outcome.FAILED) for row in rows)


def _named(wanted: Policy) -> str:
    hosts, systems = " or ".join(wanted.hosts), " or ".join(wanted.os)
    return (f" with {hosts}" if hosts else "") + (f" on {systems}" if systems else "")


def _list(places: Sequence[Place]) -> str:
    """The first of them."""
    named = [" ".join(filter(None, place)) or "an unnamed platform" for place in places[:MOST_NAMED]]
    more = len(places) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
