"""What happened: all of it for admins, an extension's for its owners, one's own for everybody.

Owners do not read who reported their extension or flagged a review of it, nor from where somebody did something.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import Select, bindparam, func, select

from registry import pagination, resources
from registry.models import Event, Extension, User, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyEvents
from registry.resources.ownership import ExtensionEvents
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, mapping, or_null, page
from registry.schemas.events import EventsSchema, ExtensionEventsSchema, MyEventsSchema
from registry.urls import API
from registry.validators import query

audit = ResourceService("events", f"{API}/events/", resources.Audit)
extension_events = ResourceService("extension_events", f"{API}/extensions/{{name}}/events/", ExtensionEvents)
my_events = ResourceService("my_events", f"{API}/users/me/events/", MyEvents)

_ROWS = (
    select(Event.__table__, User.username.label("actor"), Extension.name.label("extension"))
    .outerjoin(User, User.id == Event.actor_id)
    .outerjoin(Extension, Extension.id == Event.extension_id)
)
_LAST = select(func.max(Event.seq))
_EXTENSION = _ROWS.where(
    Event.extension_id == bindparam("extension_id"),
    Event.kind.not_like("report.%"),
    Event.kind.not_like("flag.%"),
)
_MINE = _ROWS.where(Event.actor_id == bindparam("user_id"))
# Counting goes no further, so that nobody waits for a number that says "many".
MOST_COUNTED = 10_000
EVENT = mapping(
    seq=NUMBER,
    at=TIME,
    kind=TEXT,
    actor=or_null(TEXT),
    extension=or_null(TEXT),
    data={"type": "object"},
    request=or_null(TEXT),
    network=or_null(TEXT),
    hash=TEXT,
)


@audit.get(permission=Permission.AUDIT, validators=[query(pagination.PageSchema()), query(EventsSchema())])
@answering(page(EVENT))
def list_events(request: Request) -> dict[str, Any]:
    """Everything that ever happened, the newest first; what every filter says must hold."""
    rows = _wanted(request, _ROWS)
    # The chain has no gaps, so its last number is how many there are.
    total = (request.read.scalar(_LAST) or 0) if rows is _ROWS else _count(request, rows)
    return _page(request, rows, total, whole=True)


@extension_events.get(
    permission=Permission.READ_EVENTS,
    validators=[query(pagination.PageSchema()), query(ExtensionEventsSchema())],
)
@answering(page(EVENT))
def list_extension_events(request: Request) -> dict[str, Any]:
    """What happened to the extension, the newest first; for its owners. What every filter says must hold."""
    rows = _wanted(request, _EXTENSION.params(extension_id=request.context.__parent__.row.id))
    return _page(request, rows, _count(request, rows), whole=False)


@my_events.get(
    permission=Permission.READ_ACCOUNT, validators=[query(pagination.PageSchema()), query(MyEventsSchema())]
)
@answering(page(EVENT))
def list_my_events(request: Request) -> dict[str, Any]:
    """What one has done, the newest first; what every filter says must hold."""
    rows = _wanted(request, _MINE.params(user_id=request.identity.id))
    return _page(request, rows, _count(request, rows), whole=True)


def _wanted(request: Request, rows: Select[Any]) -> Select[Any]:
    """Those of the events that the filters of the query let through; of each list there are some."""
    wanted = request.validated
    if kind := wanted["kind"]:
        begins = Event.kind.startswith(kind, autoescape=True)
        rows = rows.where(begins if kind.endswith(".") else Event.kind == kind)
    if actor := wanted.get("actor"):
        user_id = select(User.id).where(User.username == actor).scalar_subquery()
        rows = rows.where(Event.actor_id == user_id)
    if name := wanted.get("extension"):
        named = select(Extension.id).where(Extension.name == name).scalar_subquery()
        rows = rows.where(Event.extension_id == named)
    if wanted["since"]:
        rows = rows.where(Event.at >= wanted["since"])
    if wanted["until"]:
        rows = rows.where(Event.at < wanted["until"])
    return rows


def _count(request: Request, rows: Select[Any]) -> int:
    counted = rows.with_only_columns(Event.seq).limit(MOST_COUNTED)
    return pagination.count(request, counted)


def _page(request: Request, rows: Select[Any], total: int, *, whole: bool) -> dict[str, Any]:
    def render(row: Any) -> dict[str, Any]:
        data = dict(row.data)
        cause = data.pop("cause", {})
        return {
            "seq": row.seq,
            "at": time(row.at),
            "kind": row.kind,
            "actor": row.actor,
            "extension": row.extension,
            "data": data,
            "request": cause.get("request"),
            "network": cause.get("network") if whole else None,
            "hash": row.hash.hex(),
        }

    return pagination.paginate(request, rows, [table(Event).c.seq], render, total, descending=True)
