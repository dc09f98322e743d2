"""Deleting an account: what is personal is gone at once, what others rely on stays under a tombstone.

The tombstone is the account's row without its name, without a way in, and with nobody behind it. It stays in the
events, which hold numbers only; as who submitted a version; and as the owner of extensions that nobody else owns,
so that names and versions are given to nobody. A site admin may name another owner for those.

- Reviews keep their stars and lose their text, present and former: a text is personal, and the stars are part of a
  count that others trust and that must not change with an account. Answers to the reviews of others go.
- Reports, appeals and flags stay as they are: they are what the registry's team decides by, and a report that could be
  withdrawn by deleting an account could be bought off. Their reporter is the tombstone, whom nobody knows.
- A team with nobody else in it is dissolved, and what it alone owned is the tombstone's. A team with others stays
  theirs, so its last admin cannot go.

The name is kept as a hash, so nobody else gets it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from registry.domain import admins, events, locks, standing, teams, transfers, uploads
from registry.domain.errors import Conflict
from registry.domain.notifications import notify, owners, team_admins
from registry.models import (
    ApiKey,
    DeviceLogin,
    Extension,
    FormerReview,
    Identity,
    Invitation,
    LoginSession,
    Mail,
    MailAddress,
    Membership,
    Notification,
    Ownership,
    OwnershipRole,
    PublicKey,
    Review,
    Team,
    Token,
    Transfer,
    TrustedPublisher,
    User,
    Webhook,
    WebhookState,
    now,
    table,
)

# An account's rows that are nobody else's business.
PERSONAL = (
    ApiKey,
    DeviceLogin,
    Identity,
    Invitation,
    LoginSession,
    Mail,
    MailAddress,
    Notification,
    PublicKey,
    Token,
)
MOST_NAMED = 100


@dataclass(frozen=True)
class _Reach:
    """The numbers of what an account has a part in, which is held while it goes."""

    owned: frozenset[int]
    reviewed: frozenset[int]
    offered: frozenset[int]
    teams: frozenset[int]
    # Those of the teams in which nobody else is.
    alone_in: frozenset[int]


def delete_account(session: Session, user_id: int, confirmed: bool) -> None:
    """Delete the account for good. Raises Conflict when something stands in the way, or before it is confirmed.

    The Conflict says what: the teams whose last admin they are, whether they are the last site admin; and what
    would become of the rest: the extensions that would have no owner, the teams that would be dissolved.
    """
    reach = _reach(session, user_id)
    locks.extensions(session, reach.owned | reach.reviewed | reach.offered)
    for team_id in sorted(reach.teams):
        locks.team(session, team_id, alone=True)
    other_admins = admins.held(session, user_id) - {user_id}
    locks.user(session, user_id, alone=True)
    if _reach(session, user_id) != reach:
        raise Conflict("Somebody changed something about this account meanwhile; ask again.", "CHANGED")
    user = session.get_one(User, user_id, populate_existing=True)
    orphans = frozenset(session.scalars(_orphaned(user_id, reach)))
    _refuse(session, user, reach, last_site_admin=user.admin and not other_admins)
    if not confirmed:
        raise Conflict(
            'This cannot be undone. Send {"confirm": "your user name"} to delete the account.',
            "CONFIRM_DELETION",
            orphaned_extensions=_names(session, Extension, orphans),
            dissolved_teams=_names(session, Team, reach.alone_in),
        )
    _bury(session, user)
    _hand_over(session, user_id, reach, orphans)
    _leave_teams(session, user_id, reach)
    events.record(
        session, "user.deleted", actor_id=user_id, changes=reach.owned | reach.reviewed, user=user_id
    )


def _bury(session: Session, user: User) -> None:
    for model in PERSONAL:
        session.execute(delete(model).where(table(model).c.user_id == user.id))
    mine = select(Review.id).where(Review.user_id == user.id)
    former = update(FormerReview).where(FormerReview.review_id.in_(mine))
    for texts in (update(Review).where(Review.user_id == user.id), former):
        session.execute(texts.values(title=None, body=None))
    session.execute(
        update(Review).where(Review.replied_by == user.id).values(reply=None, replied=None, replied_by=None)
    )
    session.execute(
        update(TrustedPublisher)
        .where(TrustedPublisher.added_by == user.id, TrustedPublisher.removed.is_(None))
        .values(removed=now())
    )
    session.execute(
        update(Webhook)
        .where(Webhook.created_by == user.id, Webhook.state != WebhookState.REMOVED)
        .values(state=WebhookState.DISABLED, reason="The account that made it has been deleted.")
    )
    uploads.forget_of(session, user.id)
    user.former = hashlib.sha256(user.username.encode()).digest()
    user.username = f"deleted~{user.id}"  # no account can be given such a name
    user.admin, user.disabled, user.deleted = False, now(), now()
    session.flush()


def _reach(session: Session, user_id: int) -> _Reach:
    mine = frozenset(session.scalars(select(Membership.team_id).where(Membership.user_id == user_id)))
    others = select(Membership.team_id).where(Membership.team_id.in_(mine), Membership.user_id != user_id)
    alone_in = mine - frozenset(session.scalars(others))
    holds = (Ownership.user_id == user_id) | Ownership.team_id.in_(alone_in)
    offers = (Transfer.from_user_id == user_id) | (Transfer.to_user_id == user_id)
    offers |= Transfer.from_team_id.in_(alone_in) | Transfer.to_team_id.in_(alone_in)
    return _Reach(
        owned=frozenset(session.scalars(select(Ownership.extension_id).where(holds))),
        reviewed=frozenset(session.scalars(_reviewed(user_id))),
        offered=frozenset(session.scalars(select(Transfer.extension_id).where(offers))),
        teams=mine,
        alone_in=alone_in,
    )


def _reviewed(user_id: int) -> Select[Any]:
    """The extensions that they said something of, or answered somebody who did."""
    mine = (Review.user_id == user_id) | (Review.replied_by == user_id)
    return select(Review.extension_id).where(mine)


def _orphaned(user_id: int, reach: _Reach) -> Select[Any]:
    """The extensions that only they, or their own teams, own."""
    theirs = aliased(Ownership)
    leaving = (theirs.user_id == user_id) | theirs.team_id.in_(reach.alone_in)
    staying = standing.living_owners(theirs.extension_id).where(
        (Ownership.user_id.is_(None) | (Ownership.user_id != user_id)),
        (Ownership.team_id.is_(None) | Ownership.team_id.not_in(reach.alone_in)),
    )
    return select(theirs.extension_id).where(
        leaving, theirs.role == OwnershipRole.OWNER, ~staying.correlate(theirs).exists()
    )


def _refuse(session: Session, user: User, reach: _Reach, *, last_site_admin: bool) -> None:
    ruled = [
        team_id for team_id in reach.teams - reach.alone_in if team_admins(session, team_id) == [user.id]
    ]
    if not ruled and not last_site_admin:
        return
    reasons = ["You are the only admin of a team that has other members."] if ruled else []
    reasons += ["You are the only site admin."] if last_site_admin else []
    raise Conflict(
        f"The account cannot be deleted yet. {' '.join(reasons)} Make somebody else an admin first.",
        "DELETION_BLOCKED",
        teams=_names(session, Team, ruled),
        last_site_admin=last_site_admin,
    )


def _names(session: Session, model: type[Extension] | type[Team], ids: Iterable[int]) -> list[str]:
    some = sorted(ids)[: locks.AT_ONCE]
    found = select(model.name).where(model.id.in_(some)).order_by(model.name).limit(MOST_NAMED)
    return list(session.scalars(found))


def _hand_over(session: Session, user_id: int, reach: _Reach, orphans: frozenset[int]) -> None:
    """What others own is theirs alone now; the rest is the tombstone's."""
    transfers.end_offers_with(session, user_id, user_id=user_id, team_ids=reach.alone_in)
    leaving = (Ownership.user_id == user_id) | Ownership.team_id.in_(reach.alone_in)
    session.execute(delete(Ownership).where(leaving))
    if orphans:
        rows = [
            {"extension_id": extension_id, "user_id": user_id, "role": OwnershipRole.OWNER}
            for extension_id in sorted(orphans)
        ]
        session.execute(insert(Ownership), rows)
    session.expire_all()
    for extension_id in sorted(reach.owned - orphans):
        told = set(owners(session, extension_id)) - {user_id}
        notify(session, told, "owner.removed", extension=extension_id, user=user_id)
        events.record(session, "owner.removed", actor_id=user_id, extension_id=extension_id, user=user_id)
    for extension_id in sorted(orphans):
        events.record(session, "owner.deleted", actor_id=user_id, extension_id=extension_id, user=user_id)


def _leave_teams(session: Session, user_id: int, reach: _Reach) -> None:
    for team_id in sorted(reach.alone_in):
        teams.end(session, session.get_one(Team, team_id), user_id)
    for team_id in sorted(reach.teams - reach.alone_in):
        session.execute(
            delete(Membership).where(Membership.team_id == team_id, Membership.user_id == user_id)
        )
        notify(
            session, set(team_admins(session, team_id)) - {user_id}, "team.left", team=team_id, user=user_id
        )
        events.record(session, "team.left", actor_id=user_id, team=team_id, user=user_id)
