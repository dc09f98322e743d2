"""Webhooks of extensions, publisher teams and the site: what is told to whom, and what became of it."""

from collections.abc import Callable, Sequence
from typing import Any

from pyramid.request import Request
from pyramid.traversal import resource_path
from sqlalchemy import bindparam, select

from registry import pagination, webhooks
from registry.domain import webhooks as rules
from registry.domain.deliveries import WEBHOOK
from registry.errors import ApiError, bad_field
from registry.models import Delivery, Job, JobState, Webhook, WebhookState, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import webhooks as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TEXTS, TIME, URL, mapping, one_of, or_null, page
from registry.schemas.webhooks import WebhookChangesSchema, WebhookSchema
from registry.urls import API
from registry.validators import json_body, query

_BELOW = (nodes.Webhook, nodes.Deliveries, nodes.Delivery)
_OF_SITE = (nodes.SiteWebhook, nodes.SiteDeliveries, nodes.SiteDelivery)
# Whose they are, and the nodes from the collection down.
_PLACES = (
    ("extension", f"{API}/extensions/{{name}}/webhooks/", (nodes.ExtensionWebhooks, *_BELOW)),
    ("team", f"{API}/teams/{{team}}/webhooks/", (nodes.TeamWebhooks, *_BELOW)),
    ("site", f"{API}/webhooks/", (nodes.SiteWebhooks, *_OF_SITE)),
)
_COLLECTION, _WEBHOOK_NODE, _LOG, _DELIVERY_NODE = range(4)


def _services(name: str, below: str, depth: int, view: str = "") -> list[ResourceService]:
    return [
        ResourceService(f"{place}_{name}", f"{path}{below}", kinds[depth], view=view)
        for place, path, kinds in _PLACES
    ]


collections = _services("webhooks", "", _COLLECTION)
members = _services("webhook", "{webhook}/", _WEBHOOK_NODE)
rotations = _services("webhook_rotation", "{webhook}/", _WEBHOOK_NODE, "rotate/")
logs = _services("webhook_deliveries", "{webhook}/deliveries/", _LOG)
deliveries = _services("webhook_delivery", "{webhook}/deliveries/{id}/", _DELIVERY_NODE)
redeliveries = _services("webhook_redelivery", "{webhook}/deliveries/{id}/", _DELIVERY_NODE, "redeliver/")

_ROW = select(table(Webhook)).where(Webhook.id == bindparam("id"))
_DELIVERIES = (
    select(table(Delivery), Job.state, Job.attempt, Job.last_error, Job.next_at, Job.updated.label("tried"))
    .join(Job, (Job.kind == WEBHOOK) & (Job.subject_id == Delivery.id))
    .where(Delivery.webhook_id == bindparam("webhook_id"))
)
_WEBHOOK = {
    "id": NUMBER,
    "url": URL,
    "events": TEXTS,
    "state": one_of([state for state in WebhookState if state != WebhookState.REMOVED]),
    "reason": or_null(TEXT),
    "created": TIME,
    "failing_since": or_null(TIME),
    "former_secret_until": or_null(TIME),
    "deliveries_url": URL,
    "webhook_url": URL,
}
WEBHOOK_ANSWER = mapping(**_WEBHOOK)
NEW_WEBHOOK = mapping(**_WEBHOOK, secret=TEXT)
DELIVERY = mapping(
    id=NUMBER,
    message=TEXT,
    type=TEXT,
    event=or_null(NUMBER),
    created=TIME,
    state=one_of(JobState),
    attempts=NUMBER,
    status=or_null(NUMBER),
    error=or_null(TEXT),
    delivered=or_null(TIME),
    next_attempt=or_null(TIME),
    url=URL,
)


def _on(services: Sequence[ResourceService], verb: str, **options: Any) -> Callable[[Any], Any]:
    """The same view for all of them."""

    def define(view: Any) -> Any:
        for service in services:
            getattr(service, verb)(permission=Permission.WEBHOOKS, **options)(view)
        return view

    return define


@_on(collections, "get")
@answering({"type": "array", "items": WEBHOOK_ANSWER})
def list_webhooks(request: Request) -> list[dict[str, Any]]:
    """The webhooks here."""
    rows = request.read.execute(
        select(table(Webhook)).where(*request.context.place.here).order_by(Webhook.id)
    )
    return [_webhook(request, row, f"{_address(request.context)}{row.id}/") for row in rows]


@_on(collections, "post", validators=[json_body(WebhookSchema())])
@answering(NEW_WEBHOOK, 201)
def create_webhook(request: Request) -> dict[str, Any]:
    """Have an address told of events, once it has answered the challenge; this alone shows the secret."""
    url, events = request.validated["url"], request.validated["events"]
    _check(request, url)
    number, secret = request.database.write(
        rules.create, request.sealer, request.context.place, request.identity.id, url, events
    )
    answer = _shown(request, number, f"{_address(request.context)}{number}/") | {"secret": secret}
    request.response.status_int, request.response.location = 201, answer["webhook_url"]
    request.response.headers["Cache-Control"] = "no-store"
    return answer


@_on(members, "get")
@answering(WEBHOOK_ANSWER)
def show_webhook(request: Request) -> dict[str, Any]:
    """One of them; its secret is not shown again."""
    return _webhook(request, request.context.row, _address(request.context))


@_on(members, "patch", validators=[json_body(WebhookChangesSchema())])
@answering(WEBHOOK_ANSWER)
def edit_webhook(request: Request) -> dict[str, Any]:
    """Change it; another address, or one that was disabled, is asked first."""
    row, wanted = request.context.row, dict(request.validated)
    if "url" in wanted:
        _check(request, wanted["url"])
    request.database.write(lambda session: rules.edit(session, row.id, request.identity.id, **wanted))
    return _shown(request, row.id, _address(request.context))


@_on(members, "delete")
def remove_webhook(request: Request) -> None:
    """Tell it nothing any more."""
    request.database.write(rules.remove, request.context.row.id, request.identity.id)
    request.response.status_int = 204


@_on(rotations, "post")
@answering(NEW_WEBHOOK)
def rotate_secret(request: Request) -> dict[str, Any]:
    """A new secret, shown by this alone; for a day everything is signed with both."""
    row = request.context.row
    secret = request.database.write(rules.rotate, request.sealer, row.id, request.identity.id)
    request.response.headers["Cache-Control"] = "no-store"
    return _shown(request, row.id, _address(request.context)) | {"secret": secret}


@_on(logs, "get", validators=[query(pagination.PageSchema())])
@answering(page(DELIVERY))
def list_deliveries(request: Request) -> dict[str, Any]:
    """What was sent to it, or is to be, the newest first; kept for a month."""
    rows = _DELIVERIES.params(webhook_id=request.context.__parent__.row.id)
    total = pagination.count(request, rows)
    base = _address(request.context)
    return pagination.paginate(
        request,
        rows,
        [table(Delivery).c.id],
        lambda row: _delivery(row, f"{base}{row.id}/"),
        total,
        descending=True,
    )


@_on(deliveries, "get")
@answering(DELIVERY)
def show_delivery(request: Request) -> dict[str, Any]:
    """One message to it, and what came of it."""
    return _one_delivery(request, request.context.row.id, _address(request.context))


@_on(redeliveries, "post")
@answering(DELIVERY, 202)
def redeliver(request: Request) -> dict[str, Any]:
    """Send a message once more, under the same name."""
    number = request.database.write(rules.redeliver, request.context.row.id, request.identity.id)
    answer = _one_delivery(request, number, f"{_address(request.context.__parent__)}{number}/")
    request.response.status_int, request.response.location = 202, answer["url"]
    return answer


def _address(node: Any) -> str:
    return f"{node.request.public_url}{resource_path(node)}/"


def _check(request: Request, url: str) -> None:
    """Before any transaction: asking for a name may take its time."""
    local = request.settings.webhooks_local
    try:
        target = webhooks.parse(url, allow_local=local)
        webhooks.resolve(target, request.registry["resolver"], allow_local=local)
    except webhooks.Busy as error:
        raise ApiError(503, str(error), "ERROR_BUSY", [("Retry-After", "10")]) from None
    except webhooks.BadTarget as error:
        raise bad_field("url", str(error), "BAD_TARGET") from None


def _shown(request: Request, number: int, address: str) -> dict[str, Any]:
    return _webhook(request, request.read.execute(_ROW, {"id": number}).one(), address)


def _webhook(request: Request, row: Any, address: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "state": row.state,
        "reason": row.reason,
        "created": time(row.created),
        "failing_since": time(row.failing_since),
        "former_secret_until": time(row.former_until),
        "deliveries_url": f"{address}deliveries/",
        "webhook_url": address,
    }


def _one_delivery(request: Request, number: int, address: str) -> dict[str, Any]:
    statement = select(Delivery.webhook_id).where(Delivery.id == number)
    wanted = {"webhook_id": request.read.scalar(statement)}
    return _delivery(request.read.execute(_DELIVERIES.where(Delivery.id == number), wanted).one(), address)


def _delivery(row: Any, address: str) -> dict[str, Any]:
    waits = row.state == JobState.QUEUED
    return {
        "id": row.id,
        "message": row.message,
        "type": row.type,
        "event": row.event_seq,
        "created": time(row.created),
        "state": row.state,
        "attempts": row.attempt,
        "status": row.status,
        "error": None if row.state == JobState.DONE else row.last_error,
        "delivered": time(row.delivered),
        "next_attempt": time(row.next_at) if waits else None,
        "url": address,
    }
