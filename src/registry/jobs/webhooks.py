"""Work of the kind "webhook": one message is delivered to one address."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from registry import urls, webhooks
from registry.domain import deliveries
from registry.domain import webhooks as rules
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.models import WebhookState, now
from registry.packages.findings import Finding
from registry.queue import Claim
from registry.sealing import Sealer

RESOLVE_PATIENCE = 5.0  # seconds
# Seconds until the next attempt, as Standard Webhooks has them.
RETRIES = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
AGENT = "extension-registry-webhooks/1"
OPEN = {deliveries.CHALLENGE: (WebhookState.PENDING, WebhookState.ACTIVE)}
GONE = "ENDPOINT_GONE"


class NotTaken(Transient):
    """The other side answered, and not as it should have."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


def started(session: Session, claim: Claim) -> None:
    pass


def work(context: WorkerContext, claim: Claim) -> int | None:
    """Deliver it: the status of the answer."""
    with context.database.read() as connection:
        order = deliveries.order(connection, claim.subject_id)
    if order is None:
        return None
    if order.state not in OPEN.get(order.type, (WebhookState.ACTIVE,)):
        raise Permanent([Finding("NOT_ACTIVE", "The webhook takes no messages any more.")])
    sealer = Sealer(context.settings.secret)
    token = sealer.sign(f"webhook challenge:{order.webhook_id}:{order.message}:{order.url}")
    answer = _send(context, sealer, order, orjson.dumps(_body(context.settings.public_url, order, token)))
    if answer.status == 410:
        raise Permanent([Finding(GONE, "The endpoint answered 410: it is gone.")])
    if not 200 <= answer.status < 300:
        raise NotTaken(f"The endpoint answered with the status {answer.status}.", answer.status)
    if order.type == deliveries.CHALLENGE and token.encode() not in answer.body:
        raise NotTaken("The endpoint's answer does not hold the challenge.", answer.status)
    return answer.status


def finished(session: Session, claim: Claim, result: int | None) -> None:
    if result is not None:
        rules.delivered(session, claim.subject_id, result)


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    rules.failed(session, claim.subject_id, getattr(error, "status", None))


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    gone = any(finding.code == GONE for finding in findings)
    if gone or dead:
        rules.failed(session, claim.subject_id, 410 if gone else None, gone=gone)


def _send(context: WorkerContext, sealer: Sealer, order: Any, body: bytes) -> webhooks.Answer:
    local = context.settings.webhooks_local
    signed = webhooks.headers(rules.secrets(sealer, order), order.message, int(now().timestamp()), body)
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, "Connection": "close", **signed}
    try:
        target = webhooks.parse(order.url, allow_local=local)
        addresses = webhooks.resolve(target, context.resolver, allow_local=local, patience=RESOLVE_PATIENCE)
        return webhooks.post(target, addresses, body, headers)
    except (webhooks.BadTarget, webhooks.NotDelivered) as error:
        raise NotTaken(str(error)) from error


def _body(base: str, order: Any, token: str) -> dict[str, Any]:
    if order.type == deliveries.CHALLENGE:
        at, data = order.created, {"webhook": order.webhook_id, "challenge": token}
    else:
        at, version = order.at, order.data.get("version")
        data = {"event": order.seq, "extension": order.name, "guid": order.guid}
        data["url"] = urls.extension(base, order.name)
        if version is not None:
            data |= {"version": version, "url": urls.version(base, order.name, version)}
            if "run" in order.data:
                data["url"] = f"{urls.test_runs(base, order.name, version)}{order.data['run']}/"
    return {"type": order.type, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}
