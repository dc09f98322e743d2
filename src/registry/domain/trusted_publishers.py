"""Trusted publishing: CI jobs that may publish an extension without a stored secret.

An owner names a workflow; a job of it exchanges the identity token that its issuer made for it for a token
that publishes versions of this extension for a quarter of an hour, as the owner who named it and only
while they own it. A name of a repository can get into other hands when it is given up, so the numbers
of repository and owner that the first job showed are asked of every later one.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from registry.domain import credentials, events, locks, once, standing
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.notifications import notify, owners
from registry.models import Extension, Token, TrustedPublisher, now
from registry.oidc import Pipeline

MOST = 20
MINUTES = 15
SCOPES = ("publish",)
KEPT_DAYS = 90

_TRUSTED = (
    select(
        TrustedPublisher.id,
        TrustedPublisher.environment,
        Extension.id.label("extension_id"),
        Extension.name,
    )
    .join(Extension, Extension.id == TrustedPublisher.extension_id)
    .where(
        or_(Extension.name == bindparam("extension"), Extension.guid == bindparam("extension")),
        TrustedPublisher.removed.is_(None),
        TrustedPublisher.issuer == bindparam("issuer"),
        TrustedPublisher.repository == bindparam("repository"),
        TrustedPublisher.workflow == bindparam("workflow"),
    )
    .order_by(TrustedPublisher.environment.is_(None), TrustedPublisher.id)
)


class NotTrusted(Forbidden):
    """The job may be anybody's, but is not one that the extension trusts."""


@dataclass(frozen=True)
class Exchanged:
    """A publish token in full, and what it is for."""

    token_id: int
    token: str
    expires: datetime.datetime
    extension: str
    trusted_publisher_id: int


def add(
    session: Session,
    extension_id: int,
    actor_id: int,
    *,
    issuer: str,
    repository: str,
    workflow: str,
    environment: str | None,
) -> int:
    """Trust a workflow, whose names are as `Pipeline` has them: its number. Raises Conflict, and Forbidden."""
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    mine = (TrustedPublisher.extension_id == extension_id, TrustedPublisher.removed.is_(None))
    named = {"issuer": issuer, "repository": repository, "workflow": workflow, "environment": environment}
    same = select(TrustedPublisher.id).where(*mine).filter_by(**named)
    if (found := session.scalar(same)) is not None:
        raise Conflict("This workflow is trusted already.", "ALREADY_TRUSTED", id=found)
    if (session.scalar(select(func.count()).where(*mine)) or 0) >= MOST:
        raise Conflict(f"An extension has at most {MOST} trusted publishers; remove some.", "TOO_MANY")
    row = TrustedPublisher(extension_id=extension_id, added_by=actor_id, **named)
    session.add(row)
    session.flush()
    _tell(session, "trusted-publisher.added", row, actor_id)
    return int(row.id)


def remove(session: Session, trusted_publisher_id: int, actor_id: int) -> bool:
    """Trust it no more, nor the tokens it has got; False when it was removed before. Raises Forbidden."""
    extension_id = session.get_one(TrustedPublisher, trusted_publisher_id).extension_id
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    row = session.get_one(TrustedPublisher, trusted_publisher_id, populate_existing=True)
    if row.removed is not None:
        return False
    row.removed = now()
    session.flush()
    live = select(Token.id).where(
        Token.trusted_publisher_id == row.id, Token.revoked.is_(None), Token.expires > now()
    )
    for token_id in session.scalars(live).all():
        credentials.revoke_token(session, token_id, actor_id)
    _tell(session, "trusted-publisher.removed", row, actor_id)
    return True


def match(connection: Connection, extension: str, pipeline: Pipeline) -> Any:
    """What trusts that job, if it is for the extension of that name or guid: its row.

    Raises NotTrusted, in the same words whether the extension trusts others, trusts nobody, or does not exist.
    """
    wanted = {
        "extension": extension,
        "issuer": pipeline.issuer,
        "repository": pipeline.repository,
        "workflow": pipeline.workflow,
    }
    for row in connection.execute(_TRUSTED, wanted):
        if row.environment in (None, pipeline.environment):
            return row
    environment = "no environment" if pipeline.environment is None else f"environment {pipeline.environment}"
    raise NotTrusted(
        f"{extension} does not trust this job: repository {pipeline.repository}, workflow {pipeline.workflow}, "
        f"{environment}, issuer {pipeline.issuer}. An owner of {extension} has to name exactly these as a trusted "
        f"publisher (an environment may be left out).",
        "NOT_TRUSTED",
    )


def exchange(session: Session, extension: str, pipeline: Pipeline) -> Exchanged:
    """A publish token for a job that `Pipelines` has verified.

    Raises NotTrusted, and Conflict when its identity token has been exchanged before.
    """
    found = match(session.connection(), extension, pipeline)
    locks.extension(session, found.extension_id)
    row = session.get_one(TrustedPublisher, found.id, populate_existing=True)
    if row.removed is not None:
        raise NotTrusted(f"{extension} has just ceased to trust this job.", "NOT_TRUSTED")
    _same_repository(row, pipeline)
    _named_by_an_owner(session, row, found.name)
    try:
        once.spend(session, f"identity token {pipeline.issuer} {pipeline.jti}", pipeline.expires)
    except Invalid:
        raise Conflict(
            "This identity token has been exchanged before; ask for a new one.", "ALREADY_USED"
        ) from None
    row.used = now()
    token_id, token = credentials.make_token(
        session,
        row.added_by,
        f"{row.repository} {row.workflow}"[:100],
        scopes=SCOPES,
        extensions=[found.name],
        days=MINUTES / (24 * 60),
        trusted_publisher_id=row.id,
        extension_id=row.extension_id,
        trusted_publisher=row.id,
        run=pipeline.run,
    )
    expires = session.get_one(Token, token_id).expires or now()
    return Exchanged(token_id, token, expires, found.name, row.id)


def forget(session: Session) -> None:
    """Remove publish tokens that have been over for long: there is one for each run of a job."""
    long_ago = now() - datetime.timedelta(days=KEPT_DAYS)
    session.execute(delete(Token).where(Token.trusted_publisher_id.is_not(None), Token.expires < long_ago))


def _named_by_an_owner(session: Session, row: TrustedPublisher, name: str) -> None:
    """Raises NotTrusted unless whoever named it has an account that is in use, and owns the extension."""
    try:
        locks.user(session, row.added_by, alone=True)  # it is about to get a token
        standing.require(session, row.added_by, standing.owns(row.extension_id, row.added_by))
    except (Conflict, Forbidden):
        raise NotTrusted(
            f"Whoever named this job does not own {name} any more; an owner has to remove it and name it anew.",
            "NAMED_BY_NO_OWNER",
        ) from None


def _same_repository(row: TrustedPublisher, pipeline: Pipeline) -> None:
    """Learn who it is the first time; afterwards raise NotTrusted for anybody else."""
    if row.repository_id is None:
        row.repository_id, row.repository_owner_id = pipeline.repository_id, pipeline.repository_owner_id
    if (row.repository_id, row.repository_owner_id) != (pipeline.repository_id, pipeline.repository_owner_id):
        raise NotTrusted(
            f"{pipeline.repository} is not the repository that was trusted, but another one that has its name now "
            f"(repository_id {pipeline.repository_id}, repository_owner_id {pipeline.repository_owner_id}). If that is "
            "as it should be, an owner has to remove the trusted publisher and name it anew.",
            "OTHER_REPOSITORY",
        )


def _tell(session: Session, kind: str, row: TrustedPublisher, actor_id: int) -> None:
    said: dict[str, Any] = {
        "trusted_publisher": row.id,
        "issuer": row.issuer,
        "repository": row.repository,
        "workflow": row.workflow,
        "environment": row.environment,
    }
    told = set(owners(session, row.extension_id)) - {actor_id}
    notify(session, told, kind, extension=row.extension_id, by=actor_id, **said)
    events.record(session, kind, actor_id=actor_id, extension_id=row.extension_id, **said)
