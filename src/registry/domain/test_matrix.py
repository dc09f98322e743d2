"""What a reader gets of test results: on which host version and platform a version was run, and what came of it.

Read from the counters that ``domain.test_cells`` keeps. Who vouches for results is asked for, never guessed: owners and
the registry's own runners together where nothing else is said, and any other provenance by itself.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select

from registry.domain.test_cells import COUNTED, PROVENANCES, TRUSTED
from registry.models import TestCell, now
from registry.results import Outcome

# Rows of one matrix, the newest; nobody reads more.
MOST_CELLS = 500
PASSED, FAILED, MIXED, INCOMPLETE = "passed", "failed", "mixed", "incomplete"
OUTCOMES = (PASSED, FAILED, MIXED, INCOMPLETE)
AGE, REPLACED = "age", "replaced"
FILTERS = ("host_app", "host_version", "os", "arch", "locale")
_PLACE = (TestCell.host_app, TestCell.host_version, TestCell.os)
_OF_SERVED = TestCell.package_sha256 == bindparam("sha256")
_ROWS = (
    select(
        *_PLACE,
        TestCell.provenance,
        case((_OF_SERVED, 1), else_=0).label("is_served"),
        *(func.sum(getattr(TestCell, name)).label(str(name)) for name in COUNTED),
        func.max(TestCell.newest).label("newest"),
        func.max(TestCell.newest_run_id).label("run_id"),
    )
    .where(
        TestCell.version_id == bindparam("version_id"),
        TestCell.provenance.in_(bindparam("sources", expanding=True)),
    )
    .group_by(*_PLACE, TestCell.provenance, "is_served")
    .order_by(func.max(TestCell.newest).desc(), *_PLACE)
    .limit(MOST_CELLS)
)
_FILTERED = {name: getattr(TestCell, name) == bindparam(f"only_{name}") for name in FILTERS}
_OTHERS = {
    name: select(TestCell.version_id)
    .where(TestCell.version_id == bindparam("version_id"), TestCell.provenance == name)
    .exists()
    .label(name)
    for name in PROVENANCES
}
_WHO_ELSE = select(*_OTHERS.values())

_COUNTS = tuple(map(str, COUNTED))
_IS_SERVED = attrgetter("is_served")
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclass
class Cell:
    """A host version and an operating system, with how the runs there ended: by `Outcome`, and by who vouches, too.

    ``stale`` says why that may not hold any more: AGE or REPLACED.
    """

    host_app: str
    host_version: str
    os: str
    stale: str | None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    sources: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: datetime.datetime = _NEVER
    newest_run_id: int = 0

    @property
    def outcome(self) -> str:
        if self.counts[Outcome.FAILED]:
            return MIXED if self.counts[Outcome.PASSED] else FAILED
        # That a list of passes has no failures says nothing.
        return PASSED if self.counts[Outcome.PASSED] else INCOMPLETE

    def add(self, provenance: str, counts: Sequence[int], newest: datetime.datetime, run_id: int) -> None:
        """What one provenance found."""
        self.sources[provenance] = found = dict(zip(_COUNTS, counts, strict=True))
        self.counts = {name: number + self.counts[name] for name, number in found.items()}
        if newest > self.newest:
            self.newest, self.newest_run_id = newest, run_id


def sources(wanted: str | None) -> tuple[str, ...]:
    """The provenances that are shown together."""
    return TRUSTED if wanted is None else (wanted,)


def cells(
    connection: Connection,
    version_id: int,
    sha256: str | None,
    provenances: Collection[str],
    filters: Mapping[str, str],
    fresh_days: int,
) -> list[Cell]:
    """The cells of a version whose served file has that hash, by host, version and system.

    ``filters`` are values by FILTERS. Stale is what was found of other bytes, or more than ``fresh_days`` ago.
    """
    rows = _ROWS.where(*(_FILTERED[name] for name in filters))
    wanted = {"version_id": version_id, "sha256": sha256, "sources": list(provenances)}
    wanted |= {f"only_{name}": value for name, value in filters.items()}
    found = connection.execute(rows, wanted).all()
    return _cells(found, now() - datetime.timedelta(days=fresh_days))


def others(connection: Connection, version_id: int, provenances: Collection[str]) -> list[str]:
    """Who else has results of the version."""
    there = connection.execute(_WHO_ELSE, {"version_id": version_id}).one()._mapping
    return [name for name in PROVENANCES if there[name] and name not in provenances]


def totals(found: Iterable[Cell]) -> dict[str, int]:
    """How many cells there are of each outcome."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for cell in found:
        counts[cell.outcome] += 1
    return counts


def _cells(rows: Iterable[Any], fresh_since: datetime.datetime) -> list[Cell]:
    cells: dict[tuple[str, str, str], Cell] = {}
    # Where something was found of the bytes that are served, what was found of others does not count.
    for host_app, host_version, os, provenance, is_served, *counts, newest, run_id in sorted(
        rows, key=_IS_SERVED, reverse=True
    ):
        place = (host_app, host_version, os)
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = Cell(*place, None if is_served else REPLACED)
        if is_served or cell.stale == REPLACED:
            cell.add(provenance, counts, newest, run_id)
    for cell in cells.values():
        if cell.newest < fresh_since:
            cell.stale = cell.stale or AGE
    return [cells[place] for place in sorted(cells)]
