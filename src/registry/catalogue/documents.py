"""The whole documents: what clients fetch in one piece, and how each is put together.

    registry.json              all Brackets extensions, for Brackets and Phoenix Code
    registry_version.json      a number that rises with each change of it
    popularity.json            their downloads, which change all the time
    extension_takedown.json    names of those that Phoenix Code is to switch off
    list                       the listing of the first proposal (seed 002)
    listing                    the listing of v4, signed
    blocklist                  what is disabled, and why, signed
    head                       the end of the chain of events, signed

The worker makes them of the entries that it keeps (``jobs.clerk``). ``from_rows`` makes one of nothing but
rows, for a registry whose worker has made none yet. Both give the same bytes: entries stand in the order of the
extensions' ids.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, literal, select

from registry.catalogue import blocklist, entries
from registry.catalogue.presentation import time
from registry.domain.events import Head
from registry.models import CatalogueEntry, Document, Event, Extension, ExtensionState, table
from registry.packages.brackets import Brackets
from registry.storage import Storage
from registry.urls import API

REGISTRY, VERSION = "registry.json", "registry_version.json"
POPULARITY, TAKEDOWN, LIST = "popularity.json", "extension_takedown.json", "list"
LISTING, BLOCKLIST, HEAD = "listing", "blocklist", "head"

# Put together of entries; what stands around them, and their column.
WHOLE = {REGISTRY: "brackets", POPULARITY: "popularity", LIST: "list", LISTING: "listing"}
_AROUND = {REGISTRY: (b"{", b"}"), POPULARITY: (b"{", b"}"), LIST: (b"[", b"]"), LISTING: (b"[", b"]}")}
SIGNED = (LISTING, BLOCKLIST, HEAD)
SIGNATURE = "Registry-Signature"  # the header with a signed document's signature, in base64
NAMES = (*WHOLE, VERSION, TAKEDOWN, BLOCKLIST, HEAD)
PATHS = {
    **{name: f"/{name}" for name in (REGISTRY, VERSION, POPULARITY, TAKEDOWN, LIST)},
    LISTING: f"{API}/listing",
    BLOCKLIST: f"{API}/blocklist",
    HEAD: f"{API}/changes/head",
}
_ENTRY = table(CatalogueEntry)
# As it stands in the index of what is disabled.
_IS_DISABLED = Extension.state == literal(ExtensionState.DISABLED.value, literal_execute=True)
_SHOWN = (
    select(Extension.id).where(Extension.listed).order_by(Extension.name),
    select(Extension.id).where(_IS_DISABLED).order_by(Extension.name),
)
_DISABLED = (
    select(Extension.name).where(_IS_DISABLED, Extension.format == Brackets.name).order_by(Extension.name)
)
_LAST = select(Event.seq, Event.hash).order_by(Event.seq.desc()).limit(1)
_BLOCK = 1024 * 1024
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Issue:
    """What a signed document says of itself, so that an old one cannot be passed off as new.

    ``serial`` rises with each issue, ``seq`` is the last event that it shows, after ``expires`` nobody should
    rely on it. All are None in a document that has not been signed yet.
    """

    serial: int | None = None
    seq: int | None = None
    issued: datetime.datetime | None = None
    expires: datetime.datetime | None = None

    def fields(self) -> dict[str, Any]:
        return {
            "serial": self.serial,
            "seq": self.seq,
            "issued": time(self.issued),
            "expires": time(self.expires),
        }


def from_entries(connection: Connection, base: str, name: str, issue: Issue) -> Iterator[bytes]:
    """A document of WHOLE in blocks of about a megabyte, made of the entries that are kept."""
    return _put_together(base, name, _kept(connection, WHOLE[name]), issue)


def _kept(connection: Connection, part: str) -> Iterator[bytes]:
    """In many short reads: only one clerk at a time writes entries, and a long one would hold up the database."""
    column, last = _ENTRY.c[part], 0
    statement = (
        select(_ENTRY.c.extension_id, column)
        .where(column.is_not(None), _ENTRY.c.extension_id > bindparam("last"))
        .order_by(_ENTRY.c.extension_id)
        .limit(_ROWS_AT_ONCE)
    )
    while rows := connection.execute(statement, {"last": last}).all():
        yield from (row[1] for row in rows)
        last = rows[-1].extension_id


def from_rows(connection: Connection, base: str, name: str) -> bytes:
    """Any document, made of nothing but rows, and not signed."""
    if name not in WHOLE:
        return small(connection, base, name, Issue())
    ids = {extension_id for statement in _SHOWN for extension_id in connection.scalars(statement)}
    parts = (entry.parts[WHOLE[name]] for entry in entries.make(connection, base, ids))
    return b"".join(_put_together(base, name, filter(None, parts), Issue()))


def small(connection: Connection, base: str, name: str, issue: Issue) -> bytes:
    """A document that is made at one go."""
    if name == VERSION:
        return version(issue)
    if name == TAKEDOWN:
        return orjson.dumps(list(connection.scalars(_DISABLED)))
    if name == BLOCKLIST:
        return orjson.dumps({**blocklist.document(connection, base), **issue.fields()})
    last = connection.execute(_LAST).one_or_none()
    head = {"seq": last.seq if last else 0, "hash": last.hash.hex() if last else None}
    return orjson.dumps({**issue.fields(), **head})


def head_in(data: bytes) -> Head | None:
    """What a head document says; None of a chain without events. Raises ValueError when it is none."""
    try:
        found = orjson.loads(data)
        return Head(int(found["seq"]), bytes.fromhex(found["hash"])) if found["seq"] else None
    except (KeyError, TypeError) as error:
        raise ValueError("not the head of a chain of events") from error


def signed_head(connection: Connection, storage: Storage) -> Head | None:
    """The head that was signed last; None where there is none, or its file is not there."""
    sha256 = connection.scalar(select(Document.sha256).where(Document.name == HEAD))
    try:
        return head_in(storage.path(sha256).read_bytes()) if sha256 else None
    except FileNotFoundError:
        return None


def version(issue: Issue) -> bytes:
    """registry_version.json, for a registry.json of that serial."""
    return orjson.dumps({"version": issue.serial or 0})


def blocked(connection: Connection, base: str) -> Any:
    """What the blocklist says beside its numbers."""
    return blocklist.document(connection, base)["entries"]


def last_event(connection: Connection) -> int:
    """The number of the last event that there is."""
    return connection.scalar(_LAST) or 0


def _put_together(base: str, name: str, parts: Iterable[bytes], issue: Issue) -> Iterator[bytes]:
    before, after = _AROUND[name]
    if name == LISTING:
        template = f"{base}{API}/extensions/{{name}}/"
        fields = {"download_url": f"{template}versions/{{version}}/download", "detail_url": template}
        before = orjson.dumps({**fields, **issue.fields()})[:-1] + b',"extensions":['
    block, size, separator = [before], len(before), b""
    for part in parts:
        block += (separator, part)
        size += len(part)
        separator = b","
        if size > _BLOCK:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join([*block, after])
