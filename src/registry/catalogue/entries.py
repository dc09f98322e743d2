"""An extension's part of each whole document, as bytes that need only be put one after the other.

``make`` reads the rows of many extensions at once, in a few statements however many there are. What is
offered has all parts, what is disabled the flagged ones, all others none:

    brackets     ``"name": {…}`` of ``registry.json``, of Brackets extensions only
    popularity   ``"name": {…}`` of ``popularity.json``, likewise
    listing      an element of ``/api/v4/listing/``
    list         an element of ``/list``
"""

import datetime
import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import BindParameter, Connection, bindparam, case, exists, false, func, null, select

from registry.catalogue import brackets, listing, seed
from registry.domain import downloads
from registry.models import (
    Artifact,
    Channel,
    DownloadDay,
    Extension,
    ExtensionState,
    Identity,
    Ownership,
    OwnershipRole,
    Team,
    User,
    Version,
    VersionState,
    now,
)
from registry.packages.brackets import Brackets

PARTS = ("brackets", "popularity", "listing", "list")
# Rows are read for so many extensions at a time.
BATCH = 200

_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
# What has been in lists is flagged there, whether its owners have yanked or deleted all of it since or not.
_WAS_OFFERED = (
    exists()
    .where(
        Version.extension_id == Extension.id,
        Version.state == VersionState.SIGNED,
        Version.channel == Channel.LISTED,
    )
    .correlate(Extension)
)
_EXTENSIONS = (
    select(
        Extension.__table__,
        case((Extension.state == ExtensionState.DISABLED, _WAS_OFFERED), else_=false()).label("flagged"),
        Version.version.label("latest_version"),
        Version.api_range.label("latest_api_range"),
        Version.requires_restart.label("latest_requires_restart"),
        Version.facts["dependencies"].label("latest_dependencies"),
        case((Extension.format == Brackets.name, Version.facts["manifest"]), else_=null()).label(
            "latest_manifest"
        ),
    )
    .outerjoin(Version, Version.id == Extension.latest_id)
    .where(Extension.id.in_(_IDS))
    .order_by(Extension.id)
)
_VERSIONS = (
    select(
        Version.extension_id,
        Version.version,
        Version.prerelease,
        Version.api_range,
        Version.api_min,
        Version.api_max,
        Version.published,
        Version.created,
        Version.downloads,
        Version.facts["dependencies"].label("dependencies"),
        Version.facts["peer_dependencies"].label("peer_dependencies"),
        Artifact.sha256,
        Artifact.size,
    )
    .outerjoin(Artifact, Artifact.version_id == Version.id)
    .where(
        Version.extension_id.in_(_IDS),
        Version.state == VersionState.SIGNED,
        Version.channel == Channel.LISTED,
        Version.yanked.is_(None),
        Version.blocked.is_(None),
        Version.held.is_(None),
        Version.deleted.is_(None),
    )
    .order_by(Version.extension_id, Version.order_key.desc(), Version.id.desc())
)
# The owner for longest; of several logins with GitHub the oldest.
_OWNERS = (
    select(
        Ownership.extension_id,
        User.username,
        Team.name.label("team"),
        select(Identity.label)
        .where(Identity.user_id == Ownership.user_id, Identity.provider == "github")
        .order_by(Identity.id)
        .limit(1)
        .scalar_subquery()
        .label("github"),
    )
    .outerjoin(User, User.id == Ownership.user_id)
    .outerjoin(Team, Team.id == Ownership.team_id)
    .where(
        Ownership.extension_id.in_(_IDS),
        Ownership.role == OwnershipRole.OWNER,
        User.deleted.is_(None),
        Team.dissolved.is_(None),
    )
    .order_by(Ownership.id.desc())
)
_RECENT = (
    select(Version.extension_id, DownloadDay.day, func.sum(DownloadDay.count).label("count"))
    .join(Version, Version.id == DownloadDay.version_id)
    .where(Version.extension_id.in_(_IDS), DownloadDay.day >= bindparam("first"))
    .group_by(Version.extension_id, DownloadDay.day)
)


@dataclass(slots=True)
class Entry:
    """The parts of one extension. ``fault`` says why one that is offered has no part in ``registry.json``."""

    extension_id: int
    name: str
    changed: int
    downloads_total: int
    downloads_recent: int
    parts: dict[str, bytes | None] = field(default_factory=lambda: dict.fromkeys(PARTS))
    fault: str | None = None


def make(connection: Connection, base: str, extension_ids: Collection[int]) -> list[Entry]:
    """The entries of these extensions, by id; ``base`` is the public address of the registry."""
    made = []
    for ids in _batches(extension_ids):
        source = _Source(connection, ids)
        made += [_entry(base, row, source) for row in source.rows]
    return made


def _batches(extension_ids: Collection[int]) -> Iterator[list[int]]:
    ids = sorted(extension_ids)
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


class _Source:
    """The rows that entries are made of."""

    def __init__(self, connection: Connection, ids: list[int]):
        wanted = {"ids": ids}
        first = now().date() - datetime.timedelta(days=downloads.RECENT_DAYS - 1)
        self.rows = connection.execute(_EXTENSIONS, wanted).all()
        self.versions = _by_extension(connection.execute(_VERSIONS, wanted))
        self.owners = {row.extension_id: _owner(row) for row in connection.execute(_OWNERS, wanted)}
        recent = connection.execute(_RECENT, wanted | {"first": first})
        self.recent = {
            extension_id: {row.day: int(row.count) for row in rows}
            for extension_id, rows in _by_extension(sorted(recent, key=attrgetter("extension_id"))).items()
        }


def _by_extension(rows: Iterable[Any]) -> dict[int, list[Any]]:
    return {key: list(group) for key, group in itertools.groupby(rows, attrgetter("extension_id"))}


def _owner(row: Any) -> str | None:
    if row.team is not None:
        return f"team:{row.team}"
    if row.github:
        return f"github:{row.github}"
    return f"user:{row.username}"


def _entry(base: str, row: Any, source: _Source) -> Entry:
    made = Entry(row.id, row.name, row.changed or 0, row.downloads_total, row.downloads_recent)
    versions = source.versions.get(row.id, [])
    if row.listed or row.flagged:
        offered = [] if row.flagged else versions
        made.parts["listing"] = orjson.dumps(listing.extension(base, row, offered))
        made.parts["list"] = orjson.dumps(seed.listed(base, row, offered))
    if not row.listed or row.format != Brackets.name:
        return made
    owner = source.owners.get(row.id, row.owner_label)
    try:
        entry = brackets.entry(row, versions, owner, source.recent.get(row.id, {}))
    except brackets.Unfit as unfit:
        made.fault = str(unfit)
        return made
    made.parts["brackets"] = _member(row.name, entry)
    made.parts["popularity"] = _member(row.name, brackets.popularity(row))
    return made


def _member(name: str, value: dict[str, Any]) -> bytes:
    return orjson.dumps(name) + b":" + orjson.dumps(value)
