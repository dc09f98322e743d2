"""``Authorization: Bearer`` and ``Auth-Token``: personal tokens, with scopes and perhaps a list of extensions."""

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry.authentication.base import PERSON, CredentialError, Identity, identity
from registry.domain import credentials
from registry.models import Membership, Token, User, now

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


def identify(request: Request, token: str) -> Identity:
    """Whose token this is. Raises CredentialError."""
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
