"""Everything that is held about an account, in sections, a batch of rows at a time.

What proves who one is, secrets and hashes of them, is left out: whoever reads an export could use it. Each section
is a statement that an index of the account's number serves, read on by the last column of its order, so that an
account with a million events takes no more memory than one with ten.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import aliased

from registry.models import (
    ApiKey,
    Appeal,
    Database,
    DeviceLogin,
    Event,
    EventSubject,
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
    PublicKey,
    Report,
    ReportEvidence,
    Review,
    ReviewFlag,
    Team,
    TestRun,
    Token,
    Transfer,
    TrustedPublisher,
    Upload,
    User,
    Version,
    Webhook,
    table,
)

BATCH = 500
_ME: Any = bindparam("user_id")
_FROM_TEAM, _TO_TEAM = aliased(Team), aliased(Team)


@dataclass(frozen=True)
class Section:
    """``rows`` are those of the parameter ``user_id``, in the order of ``key``, a number that no two share."""

    name: str
    rows: Any
    key: Any
    trim: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def read(self, database: Database, user_id: int) -> Iterator[dict[str, Any]]:
        """All of them. No connection is held between two batches."""
        last = -1
        ordered = self.rows.add_columns(self.key.label("_key")).order_by(self.key).limit(BATCH)
        while True:
            with database.read() as connection:
                batch = (
                    connection.execute(ordered.where(self.key > last), {"user_id": user_id}).mappings().all()
                )
            for row in batch:
                yield self.trim({name: value for name, value in row.items() if name != "_key"})
            if len(batch) < BATCH:
                return
            last = batch[-1]["_key"]


def _columns(model: Any, *left_out: str) -> list[Any]:
    return [column for column in table(model).c if column.name not in left_out]


def _without_cause(event: dict[str, Any]) -> dict[str, Any]:
    """From where others did something is not one's own data."""
    return event | {"data": {name: value for name, value in event["data"].items() if name != "cause"}}


_EXTENSION = Extension.name.label("extension")
_SEEN = select(Event.seq, Event.at, Event.kind, Event.actor_id, _EXTENSION, Event.data).outerjoin(
    Extension, Extension.id == Event.extension_id
)
SECTIONS = (
    Section("profile", select(*_columns(User, "former")).where(User.id == _ME), User.id),
    Section("identities", select(*_columns(Identity, "user_id")).where(Identity.user_id == _ME), Identity.id),
    Section(
        "addresses",
        select(*_columns(MailAddress, "user_id", "digested_id")).where(MailAddress.user_id == _ME),
        MailAddress.user_id,
    ),
    Section("mail", select(*_columns(Mail, "user_id")).where(Mail.user_id == _ME), Mail.id),
    Section(
        "sessions",
        select(*_columns(LoginSession, "user_id", "sha256", "previous")).where(LoginSession.user_id == _ME),
        LoginSession.id,
    ),
    Section(
        "devices",
        select(
            DeviceLogin.id, DeviceLogin.client, DeviceLogin.scopes, DeviceLogin.state, DeviceLogin.created
        ).where(DeviceLogin.user_id == _ME),
        DeviceLogin.id,
    ),
    Section("tokens", select(*_columns(Token, "user_id", "sha256")).where(Token.user_id == _ME), Token.id),
    Section("keys", select(*_columns(ApiKey, "user_id", "secret")).where(ApiKey.user_id == _ME), ApiKey.id),
    Section(
        "public_keys",
        select(*_columns(PublicKey, "user_id")).where(PublicKey.user_id == _ME),
        PublicKey.id,
    ),
    Section(
        "teams",
        select(Team.name.label("team"), Membership.role, Membership.created)
        .join(Membership, Membership.team_id == Team.id)
        .where(Membership.user_id == _ME),
        Membership.team_id,
    ),
    Section(
        "ownerships",
        select(_EXTENSION, Ownership.role, Ownership.created)
        .join(Ownership, Ownership.extension_id == Extension.id)
        .where(Ownership.user_id == _ME),
        Ownership.id,
    ),
    Section(
        "invitations",
        select(
            Invitation.id, Team.name.label("team"), Invitation.role, Invitation.user_id, Invitation.invited_by
        )
        .add_columns(Invitation.created)
        .join(Team, Team.id == Invitation.team_id)
        .where(or_(Invitation.user_id == _ME, Invitation.invited_by == _ME)),
        Invitation.id,
    ),
    Section(
        "transfers",
        select(_EXTENSION, *_columns(Transfer, "extension_id", "from_team_id", "to_team_id"))
        .add_columns(_FROM_TEAM.name.label("from_team"), _TO_TEAM.name.label("to_team"))
        .join(Extension, Extension.id == Transfer.extension_id)
        .outerjoin(_FROM_TEAM, _FROM_TEAM.id == Transfer.from_team_id)
        .outerjoin(_TO_TEAM, _TO_TEAM.id == Transfer.to_team_id)
        .where(
            or_(Transfer.from_user_id == _ME, Transfer.to_user_id == _ME, Transfer.offered_by == _ME),
        ),
        Transfer.id,
    ),
    Section(
        "trusted_publishers",
        select(_EXTENSION, *_columns(TrustedPublisher, "extension_id", "added_by"))
        .join(Extension, Extension.id == TrustedPublisher.extension_id)
        .where(TrustedPublisher.added_by == _ME),
        TrustedPublisher.id,
    ),
    Section(
        "notifications",
        select(*_columns(Notification, "user_id")).where(Notification.user_id == _ME),
        Notification.id,
    ),
    Section(
        "reviews",
        select(_EXTENSION, *_columns(Review, "extension_id", "user_id", "replied_by"))
        .join(Extension, Extension.id == Review.extension_id)
        .where(Review.user_id == _ME),
        Review.id,
    ),
    Section(
        "former_reviews",
        select(_EXTENSION, *_columns(FormerReview, "review_id"))
        .join(Review, Review.id == FormerReview.review_id)
        .join(Extension, Extension.id == Review.extension_id)
        .where(Review.user_id == _ME),
        FormerReview.id,
    ),
    Section(
        "review_replies",
        select(_EXTENSION, Review.id, Review.reply, Review.replied)
        .join(Extension, Extension.id == Review.extension_id)
        .where(Review.replied_by == _ME),
        Review.id,
    ),
    Section(
        "review_flags",
        select(_EXTENSION, *_columns(ReviewFlag, "user_id"))
        .join(Review, Review.id == ReviewFlag.review_id)
        .join(Extension, Extension.id == Review.extension_id)
        .where(ReviewFlag.user_id == _ME),
        ReviewFlag.id,
    ),
    Section(
        "reports",
        select(_EXTENSION, *_columns(Report, "extension_id", "reporter_id", "claimed_by", "decided_by"))
        .join(Extension, Extension.id == Report.extension_id)
        .where(Report.reporter_id == _ME),
        Report.id,
    ),
    Section(
        "report_evidence",
        select(_EXTENSION, *_columns(ReportEvidence))
        .join(Report, Report.id == ReportEvidence.report_id)
        .join(Extension, Extension.id == Report.extension_id)
        .where(Report.reporter_id == _ME),
        ReportEvidence.id,
    ),
    Section(
        "appeals",
        select(_EXTENSION, *_columns(Appeal, "extension_id", "user_id", "decided_by"))
        .join(Extension, Extension.id == Appeal.extension_id)
        .where(Appeal.user_id == _ME),
        Appeal.id,
    ),
    Section(
        "versions",
        select(
            _EXTENSION,
            Version.version,
            Version.channel,
            Version.state,
            Version.upload_sha256,
            Version.created,
        )
        .join(Extension, Extension.id == Version.extension_id)
        .where(Version.submitted_by == _ME),
        Version.id,
    ),
    Section("uploads", select(*_columns(Upload, "user_id")).where(Upload.user_id == _ME), Upload.id),
    Section(
        "webhooks",
        select(*_columns(Webhook, "secret", "former", "created_by")).where(Webhook.created_by == _ME),
        Webhook.id,
    ),
    Section(
        "test_runs",
        select(Extension.name.label("extension"), *_columns(TestRun, "extension_id", "created_by", "token"))
        .outerjoin(Extension, Extension.id == TestRun.extension_id)
        .where(TestRun.created_by == _ME),
        TestRun.id,
    ),
    Section("events_by", _SEEN.where(Event.actor_id == _ME), Event.seq),
    Section(
        "events_about",
        _SEEN.join(EventSubject, EventSubject.seq == Event.seq).where(EventSubject.user_id == _ME),
        EventSubject.seq,
        _without_cause,
    ),
)
