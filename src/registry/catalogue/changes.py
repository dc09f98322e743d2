"""The change feed: what changed in the catalogue after a certain event, one item for each extension.

An item is the part of the extension's list entry (``presentation.extension``) that may be another one
than before, so a client sets what an item carries and keeps the rest. Addresses are left out: they follow
from the name and the version. Which part it is, the events after ``since`` say; where they leave a doubt,
the item is whole. The order is that of ``Extension.changed``, the last event that everybody sees the effect of.

What is not on offer any more is ``removed``, without a reason; what is disabled is flagged, with the reason.
Extensions that were never in any list are not here either.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, case, func, null, select
from sqlalchemy.orm import aliased

from registry.catalogue import presentation
from registry.domain import compatibility
from registry.domain.errors import Invalid
from registry.models import Compatibility, Event, Extension, ExtensionState, Version, table

PUBLISHED, STATE, RATING, COMPATIBILITY, EDITED = "published", "state", "rating", "compatibility", "edited"
REMOVED, DISABLED = "removed", "disabled"
CHANGES = (PUBLISHED, STATE, RATING, COMPATIBILITY, EDITED, REMOVED, DISABLED)
# What may follow from the name and the version, and so is left out.
ADDRESSES = frozenset({"name", "url", "versions_url", "reviews_url", "download_url"})

_REVIEWS = tuple(
    f"review.{what}" for what in ("written", "deleted", "hidden", "restored", "replied", "reply-deleted")
)
_KINDS = {
    "version.signed": PUBLISHED,
    "version.imported": PUBLISHED,
    "extension.imported": PUBLISHED,
    "extension.state": STATE,
    "extension.api-limit": COMPATIBILITY,
    **dict.fromkeys(_REVIEWS, RATING),
}
# Counters do not make a change; what travels anyway takes them along.
_ALWAYS = frozenset({"downloads_total", "downloads_recent"})
_OF_A_VERSION = frozenset({"version", "requires_restart", "updated", "compatibility"})
_OF_REVIEWS = frozenset({"rating", "rating_count"})
# What else there is may change anything.
_FIELDS = {
    "extension.api-limit": frozenset({"compatibility"}),
    **dict.fromkeys(_REVIEWS, _OF_REVIEWS),
}
_SIGNED = "version.signed"

_LATEST = aliased(Version)
_ROWS = (
    select(
        *(column for column in table(Extension).c if column.name != "description"),
        _LATEST.version.label("latest_version"),
        _LATEST.requires_restart.label("latest_requires_restart"),
        Compatibility.host,
        Compatibility.range,
    )
    .select_from(Extension)
    .outerjoin(_LATEST, _LATEST.id == Extension.latest_id)
    .outerjoin(Compatibility, Compatibility.id == _LATEST.compatibility_id)
    .where(Extension.changed > bindparam("since"), Extension.ever_shown)
    .order_by(Extension.changed)
    .limit(bindparam("most", type_=Integer))
)
_NAMED = _ROWS.where(Extension.name.in_(bindparam("names", expanding=True)))
# Of an extension that was published or reviewed a hundred times since, a few rows.
_EVENTS: Select[Any] = (
    select(
        Event.extension_id,
        Event.kind,
        case((Event.kind == _SIGNED, Event.data["shown"]), else_=null()).label("shown"),
    )
    .where(
        Event.extension_id.in_(bindparam("extension_ids", expanding=True)),
        Event.seq > bindparam("since"),
        Event.public,
    )
    .distinct()
)
# One event that changed several extensions; which ones, it does not say.
_SWEEPING = (
    select(Event.seq)
    .where(Event.public, Event.extension_id.is_(None), Event.seq > bindparam("since"))
    .limit(1)
)
_CHANGED = select(func.max(Extension.changed))
_NEWEST = select(func.max(Event.seq))


def feed(
    connection: Connection,
    base: str,
    since: int,
    limit: int,
    *,
    after: int | None = None,
    names: Collection[str] | None = None,
) -> dict[str, Any]:
    """What changed after the event ``since``, of all extensions or of ``names``, at most ``limit`` of them.

    The asker has everything up to ``since`` and, while it goes from page to page, what changed last up to
    ``after``. ``seq`` is the next ``since``, and stays what it was until there is no ``more``. Raises
    Invalid for a ``since`` that has not been.
    """
    newest = (
        connection.scalar(_CHANGED) or 0
    )  # before the rows: what comes in between is there the next time too
    if since > newest and since > (last := connection.scalar(_NEWEST) or 0):
        raise Invalid(f"There is no event {since} yet; the newest is {last}.", "SINCE_IN_THE_FUTURE", "since")
    asked: dict[str, Any] = {"since": max(since, after or 0), "most": limit + 1}
    rows = (
        connection.execute(_ROWS, asked).all()
        if names is None
        else connection.execute(_NAMED, asked | {"names": list(names)}).all()
    )
    more = len(rows) > limit
    rows = rows[:limit]
    events = _events(connection, rows, since)
    whole = not since or (bool(rows) and connection.scalar(_SWEEPING, {"since": since}) is not None)
    otherwise = EDITED if since else PUBLISHED
    return {
        "seq": since if more else max([newest, since, *(row.changed for row in rows)]),
        "after": rows[-1].changed if more else None,
        "changes": [
            item(base, row, events.get(row.id, []), whole=whole, otherwise=otherwise) for row in rows
        ],
    }


def _events(connection: Connection, rows: Collection[Any], since: int) -> dict[int, list[Any]]:
    """What happened to each extension after ``since``; it does not matter to who has nothing yet."""
    found: dict[int, list[Any]] = {}
    if rows and since:
        ids = [row.id for row in rows]
        for event in connection.execute(_EVENTS, {"extension_ids": ids, "since": since}):
            found.setdefault(event.extension_id, []).append(event)
    return found


def item(base: str, row: Any, events: Collection[Any], *, whole: bool, otherwise: str) -> dict[str, Any]:
    """One extension: what ``events`` may have changed, or all of it, too when there are none.

    ``otherwise`` is what happened when no event says so.
    """
    head: dict[str, Any] = {"name": row.name, "seq": row.changed}
    if row.state == ExtensionState.DISABLED:
        why = presentation.reason(row.state_code, row.state_reason)
        return head | {"changes": [DISABLED], "disabled": True, "reason": why}
    if not row.listed:
        return head | {"changes": [REMOVED]}
    changes = _happened(events) or [otherwise]
    fields = None if whole or not events else _changed(events)
    entry = presentation.extension(base, row)
    entry["compatibility"] = compatibility.by_host(row.host, row.range)
    return (
        head
        | {"changes": changes}
        | {
            name: value
            for name, value in entry.items()
            if name not in ADDRESSES and (fields is None or name in fields)
        }
    )


def _happened(events: Iterable[Any]) -> list[str]:
    happened = {_KINDS.get(event.kind, EDITED) for event in events}
    return [change for change in CHANGES if change in happened]


def _changed(events: Iterable[Any]) -> frozenset[str] | None:
    """The fields that may be others since; None for all of them."""
    fields = _ALWAYS
    for event in events:
        more = _published(event.shown) if event.kind == _SIGNED else _FIELDS.get(event.kind)
        if more is None:
            return None
        fields |= more
    return fields


def _published(shown: Any) -> frozenset[str] | None:
    """A version may say other things of the extension than the one before; it may also be the first on offer."""
    if not isinstance(shown, list) or "listed" in shown:
        return None
    return _OF_A_VERSION | frozenset(shown)
