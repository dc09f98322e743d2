"""Webhooks: who may have one told, and when it is told nothing any more.

Nothing is sent to an address, but the question whether it wants to be told, before it has answered with what was in the
question: so nobody can have the registry bother somebody else.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.domain import deliveries, events, locks, standing
from registry.domain.deliveries import CHALLENGE, Message, noted
from registry.domain.errors import Conflict
from registry.domain.mail import mail_user
from registry.domain.notifications import notify, owners, team_admins
from registry.models import Delivery, Extension, Team, User, Webhook, WebhookState, now
from registry.sealing import Sealer
from registry.urls import API
from registry.webhooks import new_secret

MOST = 10
# Challenges to the webhooks of one account; each may go to somebody who has never heard of it.
MOST_ASKED, ASKED_WITHIN = 50, datetime.timedelta(hours=1)
BOTH_VALID = datetime.timedelta(days=1)
PATIENCE = datetime.timedelta(days=5)
BY_OWNER = "Its owner has disabled it."
GONE = "It answered 410, so it is gone."
FAILING = "Nothing could be delivered to it for 5 days."
# Whoever records an event that a webhook is told of must not wait for its row with the chain of events in hand.
NO_KEY = {"key_share": True}
MAIL_KIND = "webhook-disabled"


@dataclass(frozen=True)
class Place:
    """Whose webhooks: an extension's, a publisher team's, or, with neither, the site's."""

    extension_id: int | None = None
    team_id: int | None = None

    @property
    def here(self) -> Sequence[Any]:
        return (
            Webhook.extension_id.is_(None)
            if self.extension_id is None
            else Webhook.extension_id == self.extension_id,
            Webhook.team_id.is_(None) if self.team_id is None else Webhook.team_id == self.team_id,
            Webhook.state != WebhookState.REMOVED,
        )


def create(
    session: Session, sealer: Sealer, place: Place, actor_id: int, url: str, types: Sequence[str]
) -> tuple[int, str]:
    """Have an address told of events of these types, once it wants to: the webhook's number and its secret."""
    _require(session, place, actor_id)
    if session.scalars(select(func.count()).select_from(Webhook).where(*place.here)).one() >= MOST:
        raise Conflict(f"There can be at most {MOST} webhooks here; remove some.", "TOO_MANY")
    secret = new_secret()
    row = Webhook(
        extension_id=place.extension_id,
        team_id=place.team_id,
        url=url,
        events=list(types),
        secret=sealer.seal(secret.encode()),
        created_by=actor_id,
    )
    session.add(row)
    session.flush()
    _ask(session, row)
    _record(session, "webhook.created", row, actor_id)
    return row.id, secret


def edit(
    session: Session,
    row_id: int,
    actor_id: int,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> None:
    """Change what is given. Another address, and one that was disabled, is asked first."""
    row = _held(session, row_id, actor_id)
    if events is not None:
        row.events = list(events)
    moved = url is not None and url != row.url
    if url is not None:
        row.url = url
    if enabled is False:
        row.state, row.reason = WebhookState.DISABLED, BY_OWNER
    elif moved or (enabled and row.state == WebhookState.DISABLED):
        row.state, row.reason, row.failing_since = WebhookState.PENDING, None, None
        _ask(session, row)
    session.flush()
    _record(session, "webhook.edited", row, actor_id)


def rotate(session: Session, sealer: Sealer, row_id: int, actor_id: int) -> str:
    """A new secret; for a day everything is signed with the old one as well."""
    row = _held(session, row_id, actor_id)
    secret = new_secret()
    row.former, row.former_until = row.secret, now() + BOTH_VALID
    row.secret = sealer.seal(secret.encode())
    session.flush()
    _record(session, "webhook.rotated", row, actor_id)
    return secret


def remove(session: Session, row_id: int, actor_id: int) -> None:
    """Tell it nothing any more. Its row stays for a while: what is being written may speak of it."""
    row = _held(session, row_id, actor_id)
    row.state, row.url, row.secret, row.former = WebhookState.REMOVED, "", b"", None
    session.flush()
    _record(session, "webhook.removed", row, actor_id)


def redeliver(session: Session, delivery_id: int, actor_id: int) -> int:
    """Send a message once more, under the same name: the number of the new delivery."""
    old = session.get_one(Delivery, delivery_id)
    row = _held(session, old.webhook_id, actor_id)
    wanted = WebhookState.PENDING if old.type == CHALLENGE else WebhookState.ACTIVE
    if row.state != wanted:
        raise Conflict(f"The webhook is {row.state}; it takes no such message.", "NOT_ACTIVE")
    if old.type == CHALLENGE:
        _check_asked(session, row)
    return deliveries.add(session, Message(row.id, old.message, old.type, old.event_seq))


def secrets(sealer: Sealer, row: Any) -> list[str]:
    """Those that count now, the newest first."""
    former = row.former if row.former_until is not None and row.former_until > now() else None
    return [sealer.open(sealed).decode() for sealed in (row.secret, former) if sealed is not None]


def delivered(session: Session, delivery_id: int, status: int) -> None:
    """It was taken; who answered the challenge is told of events from now on."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return
    delivery.status, delivery.delivered = status, now()
    row = session.get_one(Webhook, delivery.webhook_id)
    if row.failing_since is not None:
        row.failing_since = None
    if delivery.type == CHALLENGE and row.state == WebhookState.PENDING:
        row.state = WebhookState.ACTIVE
        session.flush()
        _record(session, "webhook.activated", row, None)


def failed(session: Session, delivery_id: int, status: int | None, *, gone: bool = False) -> None:
    """It was not taken; who takes nothing for days, or says that it is gone, is told nothing any more."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return
    noted(session, delivery_id, status)
    row = session.get_one(Webhook, delivery.webhook_id, with_for_update=NO_KEY)
    if row.state not in (WebhookState.ACTIVE, WebhookState.PENDING):
        return
    row.failing_since = row.failing_since or now()
    if gone or row.failing_since < now() - PATIENCE:
        _disable(session, row, GONE if gone else FAILING)


def _disable(session: Session, row: Webhook, reason: str) -> None:
    row.state, row.reason = WebhookState.DISABLED, reason
    session.flush()
    told, path, about = _people(session, row)
    data = {"webhook": row.url, "reason": reason, "path": f"{path}webhooks/{row.id}/deliveries/"}
    notify(session, told, "webhook.disabled", webhook=row.id, **about)
    for user_id in told:
        mail_user(session, user_id, MAIL_KIND, data)
    _record(session, "webhook.disabled", row, None)


def _people(session: Session, row: Webhook) -> tuple[Iterable[int], str, dict[str, int]]:
    """Who rules the webhook, where it is, and whose it is."""
    if row.extension_id is not None:
        name = session.scalars(select(Extension.name).where(Extension.id == row.extension_id)).one()
        where = f"{API}/extensions/{name}/"
        return sorted(set(owners(session, row.extension_id))), where, {"extension": row.extension_id}
    if row.team_id is not None:
        name = session.scalars(select(Team.name).where(Team.id == row.team_id)).one()
        return team_admins(session, row.team_id), f"{API}/teams/{name}/", {"team": row.team_id}
    admins = select(User.id).where(User.admin, User.disabled.is_(None)).order_by(User.id)
    return session.scalars(admins).all(), f"{API}/", {}


def _ask(session: Session, row: Webhook) -> None:
    _check_asked(session, row)
    serial = int(now().timestamp() * 1000)
    deliveries.add(session, Message(row.id, f"challenge_{row.id}_{serial}", CHALLENGE))


def _check_asked(session: Session, row: Webhook) -> None:
    """Raises Conflict when whoever has made it has had too many addresses asked."""
    asked = (
        select(func.count())
        .select_from(Delivery)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(
            Webhook.created_by == row.created_by,
            Delivery.type == CHALLENGE,
            Delivery.created > now() - ASKED_WITHIN,
        )
    )
    if session.scalars(asked).one() >= MOST_ASKED:
        raise Conflict(
            f"At most {MOST_ASKED} challenges are sent in an hour to the webhooks of one account; wait a while.",
            "TOO_MANY",
        )


def _held(session: Session, row_id: int, actor_id: int) -> Webhook:
    row = session.get_one(Webhook, row_id)
    _require(session, Place(row.extension_id, row.team_id), actor_id)
    session.refresh(row, with_for_update=NO_KEY)
    if row.state == WebhookState.REMOVED:
        raise Conflict("This webhook has been removed.", "REMOVED")
    return row


def _require(session: Session, place: Place, actor_id: int) -> None:
    if place.extension_id is not None:
        locks.extension(session, place.extension_id)
        right = standing.owns(place.extension_id, actor_id)
    elif place.team_id is not None:
        locks.team(session, place.team_id)
        right = standing.rules(place.team_id, actor_id)
    else:
        right = standing.administers(actor_id)
    standing.require(session, actor_id, right)


def _record(session: Session, kind: str, row: Webhook, actor_id: int | None) -> None:
    about: dict[str, Any] = {} if row.team_id is None else {"team": row.team_id}
    events.record(session, kind, actor_id=actor_id, extension_id=row.extension_id, webhook=row.id, **about)
