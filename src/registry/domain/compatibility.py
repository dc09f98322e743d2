"""Compatibility: which versions of a host (editor, browser) a version of an extension runs on.

A version's range is its package's own, cut off at the extension's limit, which the registry's team sets and
later publishes do not lift. Each distinct range of a host is one row of `Compatibility`, so a host's version
is tried on a few hundred rows and not on a million; ``matching`` gives the rows that admit it, and queries
ask for versions with one of them.

An extension for Firefox runs on Android too when its manifest has ``gecko_android``. Its row has the host
`firefox-android` and two ranges, for the desktop and for Android, with a semicolon between them.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry.domain import decisions, locks, visibility
from registry.domain.decisions import OTHER, Reason
from registry.domain.errors import Conflict, Invalid
from registry.models import Compatibility, Extension, Version, table
from registry.packages import ranges
from registry.packages.ranges import ANY

BRACKETS, FIREFOX, FIREFOX_ANDROID = "brackets", "firefox", "firefox-android"
_BROWSER_FORMAT = "webextension"
_BETWEEN = " ; "
LIMITED = "extension.api-limit"


@dataclass(frozen=True)
class Host:
    """``read`` makes a host's version out of what a client says (ValueError), ``admits`` tries a range on it.

    ``rows`` are the hosts of the rows that speak of it, ``part`` the place of its range in one with two.
    """

    format: str
    read: Callable[[str], str]
    admits: Callable[[str, str], bool]
    rows: tuple[str, ...]
    part: int = 0


HOSTS = {
    BRACKETS: Host("brackets", ranges.semver_host, ranges.semver_admits, (BRACKETS,)),
    FIREFOX: Host(_BROWSER_FORMAT, ranges.browser_host, ranges.browser_admits, (FIREFOX, FIREFOX_ANDROID)),
    FIREFOX_ANDROID: Host(
        _BROWSER_FORMAT, ranges.browser_host, ranges.browser_admits, (FIREFOX_ANDROID,), part=1
    ),
}

_TABLE, _VERSION = table(Compatibility), table(Version)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_ANDROID = Version.facts["manifest"]["browser_specific_settings"]["gecko_android"]
_VERSIONS = (
    select(
        Version.id,
        Version.api_range,
        Version.compatibility_id,
        Extension.format,
        Extension.api_limit,
        case((Extension.format == _BROWSER_FORMAT, _ANDROID), else_=null()).label("android"),
    )
    .join(Extension, Extension.id == Version.extension_id)
    .where(Extension.id == bindparam("extension_id"))
)
_ONE_VERSION = _VERSIONS.where(Version.id == bindparam("version_id"))
_FIND = select(_TABLE.c.id).where(
    _TABLE.c.host == bindparam("which_host"), _TABLE.c.range == bindparam("which_range")
)
_SET = (
    update(_VERSION).where(_VERSION.c.id == bindparam("which")).values(compatibility_id=bindparam("row_id"))
)
# SQL: the newest offered version of an extension that has one of the rows "fitting"; None without any.
NEWEST_FITTING = (
    select(Version.id)
    .where(
        Version.extension_id == Extension.id,
        # Written into the statement: there may be more of them than a database takes parameters.
        Version.compatibility_id.in_(bindparam("fitting", expanding=True, literal_execute=True)),
        *visibility.OFFERED,
    )
    .order_by(Version.order_key.desc())
    .limit(1)
    .correlate(Extension)
    .scalar_subquery()
)
_NEWEST = select(Extension.id, NEWEST_FITTING.label("version_id")).where(
    Extension.id.in_(bindparam("extension_ids", expanding=True))
)
_ROWS = select(_TABLE.c.id, _TABLE.c.range).where(_TABLE.c.host.in_(bindparam("hosts", expanding=True)))


def effective_range(api_range: str | None, limit: str | None, format: str) -> str | None:
    """A version's own range below the extension's limit; None when it runs on everything.

    The upper end comes first, since Brackets takes the first character for the reason why it does not fit:
    ``>=0.40.0`` and ``1.5.0`` are ``<=1.5.0 >=0.40.0``. It goes into every alternative (``||``). A range
    without a limit keeps its words.
    """
    if limit is None:
        return api_range or None
    upper = limit if limit.startswith("<") else f"<={limit}"
    if format == _BROWSER_FORMAT:
        return f"{upper} {api_range}" if api_range else upper
    alternatives = ranges.alternatives(api_range or "")
    return " || ".join(f"{upper} {own}" for own in alternatives) if alternatives else upper


def assign(session: Session, extension_id: int, version_id: int | None = None) -> None:
    """Say which hosts the extension's versions, or that one alone, run on.

    Call it, in the same transaction, when a version is signed or imported, or when the limit changes.
    """
    session.flush()
    connection = session.connection()
    named = {"extension_id": extension_id, "version_id": version_id}
    found = connection.execute(_VERSIONS if version_id is None else _ONE_VERSION, named).all()
    wanted = {row.id: _key(row) for row in found}
    row_ids = _row_ids(connection, set(wanted.values()))
    before = {row.id: row.compatibility_id for row in found}
    changes = [
        {"which": which, "row_id": row_ids[key]}
        for which, key in wanted.items()
        if before[which] != row_ids[key]
    ]
    if changes:
        connection.execute(_SET, changes)
        session.expire_all()


def set_api_limit(
    session: Session,
    extension: Extension,
    limit: str | None,
    *,
    actor_id: int | None,
    reason: str,
    code: str = OTHER,
) -> None:
    """Set the highest version of the host that any version of the extension is offered for; None lifts it.

    ``limit`` is a version, which is included (``1.14.0``, ``128.*``), or one that is not (``<2.0.0``). Raises
    Invalid, and Conflict when that is the limit already.
    """
    why = Reason(code, reason)
    limited = set_limit(session, locks.extension(session, extension.id), limit, why)
    decisions.record(session, extension.id, actor_id, why, {LIMITED: limited})


def set_limit(session: Session, extension: Extension, limit: str | None, reason: Reason) -> dict[str, Any]:
    """What ``set_api_limit`` does, for an extension that is held, without telling anybody; the data of the event."""
    decisions.check(reason, "change of the limit")
    try:
        wanted = limit and ranges.read_limit(limit, browser=extension.format == _BROWSER_FORMAT)
    except ValueError as fault:
        raise Invalid(str(fault), "BAD_API_LIMIT", "api_max") from None
    before, after = extension.api_limit, wanted or None
    if before == after:
        raise Conflict(f"The limit of {extension.name} is {after or 'lifted'} already.", "SAME_LIMIT")
    extension.api_limit = after
    assign(session, extension.id)
    return {"before": before, "after": after}


def matching(connection: Connection, host: str, host_version: str) -> list[int]:
    """The ids of the `Compatibility` rows that admit that version of a host.

    Raises Invalid for a host that is not one of HOSTS, and for what is no version of it.
    """
    kind, version = _read(host, host_version)
    rows = connection.execute(_ROWS, {"hosts": kind.rows})
    return [row.id for row in rows if _admits(host, row.range, version)]


def by_host(host: str, range_: str) -> dict[str, str]:
    """What a row says, for people and clients: the range for each host; ``*`` is every version."""
    if host == FIREFOX_ANDROID:
        desktop, android = range_.split(_BETWEEN)
        return {FIREFOX: desktop, FIREFOX_ANDROID: android}
    return {host: range_}


def best(
    connection: Connection, extension_ids: Collection[int], fitting: Collection[int]
) -> dict[int, int | None]:
    """The id of each extension's newest offered version among those that ``matching`` found; None without one.

    One statement, which stops at the first version that fits; for at most some thousand extensions.
    """
    rows = connection.execute(_NEWEST, {"extension_ids": list(extension_ids), "fitting": list(fitting)})
    return {row.id: row.version_id for row in rows}


def check(host: str, host_version: str) -> None:
    """Raises Invalid like ``matching``, without looking anything up."""
    _read(host, host_version)


def _read(host: str, host_version: str) -> tuple[Host, str]:
    kind = HOSTS.get(host)
    if kind is None:
        raise Invalid(f"The host is one of {', '.join(HOSTS)}.", "UNKNOWN_HOST", "host")
    try:
        return kind, kind.read(host_version)
    except ValueError as fault:
        raise Invalid(str(fault), "BAD_HOST_VERSION", "host_version") from None


@lru_cache(maxsize=65_536)  # a few hundred ranges by the few versions that are in use
def _admits(host: str, range_: str, version: str) -> bool:
    kind = HOSTS[host]
    own = range_.split(_BETWEEN)[kind.part] if kind.format == _BROWSER_FORMAT else range_
    return kind.admits(own, version)


def _key(version: Any) -> tuple[str, str]:
    """The host and the range of the row that a version belongs to."""
    own = effective_range(version.api_range, version.api_limit, version.format) or ANY
    if version.format != _BROWSER_FORMAT:
        return BRACKETS, own
    if not isinstance(version.android, dict):
        return FIREFOX, own
    ends = [
        f"{operator}{end}"
        for operator, name in ((">=", "strict_min_version"), ("<=", "strict_max_version"))
        if isinstance(end := version.android.get(name), str) and len(end) <= ranges.MAX_LIMIT
    ]
    # Without ends of its own it is for the same versions as on the desktop.
    android = effective_range(" ".join(ends), version.api_limit, version.format) if ends else own
    return FIREFOX_ANDROID, f"{own}{_BETWEEN}{android or ANY}"


def _row_ids(connection: Connection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The rows of these hosts and ranges, made where they are missing; in one order, so that none waits in a ring."""
    insert = _INSERT[connection.dialect.name](_TABLE).on_conflict_do_nothing()
    found = {}
    for host, range_ in sorted(keys):
        named = {"which_host": host, "which_range": range_}
        row_id = connection.scalar(_FIND, named)
        if row_id is None:
            connection.execute(insert, {"host": host, "range": range_})
            row_id = connection.execute(_FIND, named).scalar_one()
        found[host, range_] = row_id
    return found
