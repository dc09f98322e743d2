"""``Authorization: Bearer`` and ``Auth-Token``: personal tokens, with scopes and perhaps a list of extensions; and the
tokens of test runs, each good for its run alone."""

from pyramid.authorization import Everyone
from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import permissions
from registry.authentication.base import NOBODY, PERSON, CredentialError, Identity, identity
from registry.domain import credentials, test_runs
from registry.models import Membership, TestRun, Token, User, now

_BY_TOKEN = (
    select(
        *PERSON,
        Token.id.label("credential_id"),
        Token.expires,
        Token.scopes,
        Token.extensions,
        Token.used,
        Token.trusted_publisher_id,
    )
    .select_from(Token)
    .join(User, User.id == Token.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(Token.sha256 == bindparam("sha256"), Token.revoked.is_(None), User.disabled.is_(None))
)


_BY_RUN_TOKEN = select(TestRun.id, TestRun.finished).where(TestRun.token == bindparam("sha256"))


def identify(request: Request, token: str) -> Identity:
    """Whose token this is. Raises CredentialError."""
    if credentials.is_token(token, credentials.OF_RUN):
        return _of_run(request, token)
    if not credentials.is_token(token):
        raise CredentialError(
            "This is not a token of this registry, or part of it is missing.", "ERROR_DECODING_SIGNATURE"
        )
    rows = request.read.execute(_BY_TOKEN, {"sha256": credentials.digest(token)}).all()
    if not rows:
        raise CredentialError("The token is unknown or has been revoked.", "ERROR_DECODING_SIGNATURE")
    row = rows[0]
    if row.expires is not None and row.expires <= now():
        raise CredentialError(
            f"The token expired at {row.expires:%Y-%m-%dT%H:%M:%SZ}.", "ERROR_SIGNATURE_EXPIRED"
        )
    limit = None if row.extensions is None else frozenset(row.extensions)
    pipeline = row.trusted_publisher_id is not None
    return identity(rows, "token", row.credential_id, frozenset(row.scopes), limit, pipeline)


def _of_run(request: Request, token: str) -> Identity:
    row = request.read.execute(_BY_RUN_TOKEN, {"sha256": credentials.digest(token)}).one_or_none()
    if row is None:
        raise CredentialError("The token is unknown or has been revoked.", "ERROR_DECODING_SIGNATURE")
    if not test_runs.holds_token(row):
        raise CredentialError("The test run has ended, and its token with it.", "ERROR_SIGNATURE_EXPIRED")
    return Identity(
        id=NOBODY,
        username="",
        principals=frozenset({Everyone, permissions.run(row.id)}),
        kind="run",
        credential_id=row.id,
        used=now(),
        scopes=frozenset({"test-results"}),
    )
