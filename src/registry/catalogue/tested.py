"""Which extensions on offer were tested on a host or an operating system: where `latest` passed last.

Only what the owners or the registry's own runners vouch for counts, and only of the bytes that are served.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from registry.models import HAS_PASSED, Artifact, Extension, TestCell, Version


class Tested(NamedTuple):
    """None is any."""

    host: str | None
    version: str | None
    os: str | None


def read(on: str | None, os: str | None) -> Tested | None:
    """``on`` is ``host`` or ``host@version``; None when nothing is asked for."""
    if on is None and os is None:
        return None
    host, _, version = (on or "").lower().partition("@")
    return Tested(host or None, version or None, os.lower() if os else None)


def extensions(connection: Connection, wanted: Tested, most: int) -> Sequence[int]:
    """At most so many of them, in no order; along the index of what has passed."""
    rows = (
        select(Extension.id)
        .distinct()
        .select_from(TestCell)
        .join(Version, Version.id == TestCell.version_id)
        .join(Extension, (Extension.id == Version.extension_id) & (Extension.latest_id == Version.id))
        .join(Artifact, Artifact.version_id == Version.id)
        .where(*_passed(wanted), Extension.listed)
    )
    return connection.scalars(rows.limit(most)).all()


def condition(wanted: Tested) -> Any:
    """SQL: the extension is one of these, tried on one row after another."""
    cells = (
        select(TestCell.version_id)
        .join(Artifact, Artifact.version_id == TestCell.version_id)
        .where(TestCell.version_id == Extension.latest_id, *_passed(wanted))
    )
    return cells.correlate(Extension).exists()


def _passed(wanted: Tested) -> list[Any]:
    conditions = [HAS_PASSED, Artifact.sha256 == TestCell.package_sha256]
    for column, value in zip((TestCell.host_app, TestCell.host_version, TestCell.os), wanted, strict=True):
        if value is not None:
            conditions.append(column == value)
    return conditions
