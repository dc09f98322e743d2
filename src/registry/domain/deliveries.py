"""What webhooks are told: rows that are written with the event they tell of, each with a job that sends it.

A message is thin: what kind of thing happened, the number of the event, and where to look. Who gets it asks with their
own rights for what they may see.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, union_all, update
from sqlalchemy.orm import Session

from registry import queue
from registry.models import (
    Delivery,
    Event,
    Extension,
    Job,
    JobState,
    Ownership,
    OwnershipRole,
    Prepared,
    Webhook,
    WebhookState,
    now,
    table,
)

WEBHOOK = "webhook"
CHALLENGE = "webhook.challenge"
# Which events are told, and what they are called.
TYPES = {
    "version.signed": "version.signed",
    "version.failed": "version.failed",
    "version.dead": "version.failed",
    "version.held": "version.held",
    "version.released": "version.released",
    "extension.state": "extension.state",
    "review.written": "review.written",
    "report.decided": "report.decided",
    "test-run.finished": "test-run.finished",
}
KEPT = datetime.timedelta(days=30)
AT_ONCE = 1000
_ACTIVE = select(Webhook.id, Webhook.events).where(Webhook.state == WebhookState.ACTIVE)
_EXTENSION: Any = bindparam("extension_id")
_SUBSCRIBED = Prepared(
    union_all(
        _ACTIVE.where(Webhook.extension_id == _EXTENSION),
        _ACTIVE.join(Ownership, Ownership.team_id == Webhook.team_id).where(
            Ownership.extension_id == _EXTENSION, Ownership.role == OwnershipRole.OWNER
        ),
        _ACTIVE.where(Webhook.extension_id.is_(None), Webhook.team_id.is_(None)),
    )
)
_NEW = insert(table(Delivery)).returning(Delivery.id)
_ORDER = (
    select(
        Delivery.id,
        Delivery.message,
        Delivery.type,
        Delivery.created,
        Webhook.id.label("webhook_id"),
        Webhook.url,
        Webhook.state,
        Webhook.secret,
        Webhook.former,
        Webhook.former_until,
        Event.seq,
        Event.at,
        Event.data,
        Extension.name,
        Extension.guid,
    )
    .join(Webhook, Webhook.id == Delivery.webhook_id)
    .outerjoin(Event, Event.seq == Delivery.event_seq)
    .outerjoin(Extension, Extension.id == Event.extension_id)
    .where(Delivery.id == bindparam("delivery_id"))
)


@dataclass(frozen=True)
class Message:
    """What is sent to a webhook: ``name`` is the same however often it is."""

    webhook_id: int
    name: str
    type: str
    event_seq: int | None = None


def tell(session: Session, kind: str, seq: int, extension_id: int | None) -> None:
    """An event of that kind has been recorded: write what is to be delivered of it."""
    known = TYPES.get(kind)
    if known is None or extension_id is None:
        return
    for webhook in _SUBSCRIBED.all(session.connection(), extension_id=extension_id):
        if known in webhook.events:
            add(session, Message(webhook.id, f"evt_{seq}", known, seq))


def add(session: Session, message: Message) -> int:
    """Have it delivered when this transaction has been committed: the number of the delivery."""
    row = {
        "webhook_id": message.webhook_id,
        "message": message.name,
        "type": message.type,
        "event_seq": message.event_seq,
        "created": now(),
    }
    delivery_id: int = session.connection().execute(_NEW, row).scalar_one()
    queue.enqueue(session, WEBHOOK, delivery_id)
    return delivery_id


def order(connection: Connection, delivery_id: int) -> Any:
    """What a worker needs to deliver it; None when it has been forgotten."""
    return connection.execute(_ORDER, {"delivery_id": delivery_id}).one_or_none()


def forget(session: Session) -> None:
    """Forget what was delivered, or given up, a month ago, and the webhooks that nothing speaks of any more."""
    old = (
        select(Delivery.id)
        .join(Job, (Job.subject_id == Delivery.id) & (Job.kind == WEBHOOK))
        .where(
            Delivery.created < now() - KEPT, Job.state.in_([JobState.DONE, JobState.FAILED, JobState.DEAD])
        )
    )
    ids = session.scalars(old.order_by(Delivery.created).limit(AT_ONCE)).all()
    session.execute(delete(Job).where(Job.kind == WEBHOOK, Job.subject_id.in_(ids)))
    session.execute(delete(Delivery).where(Delivery.id.in_(ids)))
    spoken_of = select(Delivery.id).where(Delivery.webhook_id == Webhook.id).exists()
    session.execute(delete(Webhook).where(Webhook.state == WebhookState.REMOVED, ~spoken_of))


def noted(session: Session, delivery_id: int, status: int | None) -> None:
    session.execute(update(Delivery).where(Delivery.id == delivery_id).values(status=status))
