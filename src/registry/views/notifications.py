"""What one is told, until one has read it."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from registry import models, pagination
from registry.models import Extension, Notification, Team, User, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources.accounts import MyNotification, MyNotifications
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TIME, mapping, or_null, page
from registry.schemas.teams import NotificationsSchema, ReadSchema
from registry.urls import API
from registry.validators import json_body, query

_ME = f"{API}/users/me/"
notifications = ResourceService("my_notifications", f"{_ME}notifications/", MyNotifications)
notification = ResourceService("my_notification", f"{_ME}notifications/{{id}}/", MyNotification)

_ROWS = select(Notification.__table__).where(Notification.user_id == bindparam("user_id"))
_UNREAD = _ROWS.where(Notification.read.is_(None))
# What the numbers in a notification mean to people: its key, and where the name is.
_NAMES = (
    ("extension", Extension, Extension.name),
    ("team", Team, Team.name),
    ("user", User, User.username),
    ("by", User, User.username),
    ("from_user_id", User, User.username),
    ("to_user_id", User, User.username),
    ("from_team_id", Team, Team.name),
    ("to_team_id", Team, Team.name),
)
NOTIFICATION = mapping(
    id=NUMBER,
    kind=TEXT,
    about={"type": "object", "additionalProperties": {}},
    created=TIME,
    read=or_null(TIME),
)


@notifications.get(
    permission=Permission.READ_ACCOUNT,
    validators=[query(pagination.PageSchema()), query(NotificationsSchema())],
)
@answering(page(NOTIFICATION))
def list_notifications(request: Request) -> dict[str, Any]:
    """What one has been told, the newest first; `?unread=true` for what one has not read yet."""
    rows = (_UNREAD if request.validated["unread"] else _ROWS).params(user_id=request.identity.id)
    total = pagination.count(request, rows)

    def keep(row: Any) -> Any:
        return row

    answer = pagination.paginate(request, rows, [table(Notification).c.id], keep, total, descending=True)
    return answer | {"results": _shown(request, answer["results"])}


@notifications.patch(permission=Permission.ACCOUNT, validators=[json_body(ReadSchema())])
def mark_all(request: Request) -> None:
    """Mark all as read, or as unread."""
    _mark(request, Notification.user_id == request.identity.id)
    request.response.status_int = 204


@notification.get(permission=Permission.READ_ACCOUNT)
@answering(NOTIFICATION)
def show_notification(request: Request) -> dict[str, Any]:
    """One notification."""
    return _shown(request, [request.context.row])[0]


@notification.patch(permission=Permission.ACCOUNT, validators=[json_body(ReadSchema())])
@answering(NOTIFICATION)
def mark(request: Request) -> dict[str, Any]:
    """Mark it as read, or as unread."""
    row = request.context.row
    _mark(request, Notification.id == row.id)
    found = request.read.execute(_ROWS.where(Notification.id == row.id), {"user_id": row.user_id}).one()
    return _shown(request, [found])[0]


@notification.delete(permission=Permission.ACCOUNT)
def remove(request: Request) -> None:
    """Forget it."""
    gone = delete(Notification).where(Notification.id == request.context.row.id)
    request.database.write(lambda session: session.execute(gone) and None)
    request.response.status_int = 204


def _mark(request: Request, which: Any) -> None:
    value = models.now() if request.validated["read"] else None

    def work(session: Session) -> None:
        session.execute(update(Notification).where(which).values(read=value))

    request.database.write(work)


def _shown(request: Request, rows: list[Any]) -> list[dict[str, Any]]:
    """With the names of today for the numbers in them: one statement for each kind of thing."""
    names: dict[Any, dict[int, str]] = {}
    for key, model, name in _NAMES:
        numbers = {row.data[key] for row in rows if key in row.data} - names.get(model, {}).keys()
        if numbers:
            found = request.read.execute(select(model.id, name).where(model.id.in_(numbers))).all()
            names.setdefault(model, {}).update((row[0], row[1]) for row in found)
    kinds = {key: model for key, model, _ in _NAMES}
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "about": {
                key.removesuffix("_id"): (names[kinds[key]].get(value) if key in kinds else value)
                for key, value in row.data.items()
            },
            "created": time(row.created),
            "read": time(row.read),
        }
        for row in rows
    ]
