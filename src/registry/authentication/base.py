"""What every kind of credential has in common: an identity when it holds, an error when it does not."""

import datetime
from dataclasses import dataclass
from typing import Any, Literal

from pyramid.authorization import Authenticated, Everyone

from registry import permissions
from registry.models import Membership, TeamRole, User

Kind = Literal["browser", "key", "run", "session", "token"]

# Of whoever is no account; no row of anything is theirs.
NOBODY = 0

# What every statement that looks a credential up selects of its user, once for each of their teams.
PERSON = (User.id, User.username, User.admin, Membership.team_id, Membership.role)


class CredentialError(Exception):
    """A credential that was sent and does not hold; ``code`` is one of ``errors.CODES``."""

    def __init__(self, detail: str, code: str):
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as a plain value, and the credential that spoke for them: a row's number by its kind.

    ``scopes`` and ``extensions`` None mean all of them. A ``browser`` is a session that came as a cookie. A
    ``pipeline`` is a CI job that publishes for the person who named it, and does nothing else. A ``run`` is no person:
    whoever runs the tests that its token is for.
    """

    id: int
    username: str
    principals: frozenset[str]
    kind: Kind
    credential_id: int
    used: datetime.datetime | None = None
    scopes: frozenset[str] | None = None
    extensions: frozenset[str] | None = None
    pipeline: bool = False

    @property
    def session_id(self) -> int | None:
        return self.credential_id if self.kind in ("browser", "session") else None

    @property
    def token_id(self) -> int | None:
        return self.credential_id if self.kind == "token" else None

    @property
    def is_admin(self) -> bool:
        return permissions.ADMIN in self.principals


def identity(
    rows: Any,
    kind: Kind,
    credential_id: int,
    scopes: frozenset[str] | None = None,
    extensions: frozenset[str] | None = None,
    pipeline: bool = False,
) -> Identity:
    """The identity of rows with PERSON's columns, and a column ``used``."""
    row = rows[0]
    principals = {Everyone, Authenticated, permissions.user(row.id)}
    if row.admin:
        principals.add(permissions.ADMIN)
    for membership in rows:
        if membership.team_id is not None:
            principals.add(permissions.team(membership.team_id))
            if membership.role == TeamRole.ADMIN:
                principals.add(permissions.team(membership.team_id, admin=True))
    return Identity(
        row.id,
        row.username,
        frozenset(principals),
        kind,
        credential_id,
        row.used,
        scopes,
        extensions,
        pipeline,
    )
