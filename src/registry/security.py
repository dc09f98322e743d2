"""Who is asking, and may they: one policy for every door.

Three credentials: ``Authorization: JWT`` (HS256 by an API key, as Mozilla's signing clients send it),
``Authorization: Bearer`` and ``Auth-Token`` (a personal token). A credential that is there but wrong is
an error on every address, public ones too (``edge`` sees to that), so nobody is taken for anonymous by
mistake. pyramid_jwt serves as the codec only: its own policy accepts tokens without `exp` and takes
bad ones for nobody.

``permits`` = the ACLs from the node up to the root, AND the scopes of the token, AND its list of extensions.
"""

import datetime
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
from pyramid.authorization import ACLAllowed, ACLHelper, Authenticated, Everyone
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request, RequestLocalCache
from pyramid.response import Response
from pyramid.security import Denied
from pyramid_jwt.policy import JWTAuthenticationPolicy
from sqlalchemy import bindparam, select
from zope.interface import implementer

from registry import errors, permissions
from registry.domain import credentials
from registry.models import ApiKey, Membership, Token, User, now
from registry.permissions import Permission
from registry.sealing import Sealer

LIFETIME = 310  # seconds; real clients read the clock twice and mint 301
LEEWAY = 60

_PERSON = (User.id, User.username, User.admin, Membership.team_id, Membership.role)
_BY_TOKEN = (
    select(Token.expires, Token.scopes, Token.extensions, *_PERSON)
    .join(User, User.id == Token.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(Token.sha256 == bindparam("sha256"), Token.revoked.is_(None), User.disabled.is_(None))
)
_BY_KEY = (
    select(ApiKey.secret, *_PERSON)
    .join(User, User.id == ApiKey.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(ApiKey.key == bindparam("key"), ApiKey.revoked.is_(None), User.disabled.is_(None))
)


class CredentialError(Exception):
    """A credential that was sent and does not hold; ``code`` is one of ``errors.CODES``."""

    def __init__(self, detail: str, code: str):
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as a plain value. ``scopes`` and ``extensions`` None mean all of them."""

    id: int
    username: str
    principals: frozenset[str]
    scopes: frozenset[str] | None = None
    extensions: frozenset[str] | None = None


class ScopeDenied(Denied):
    """The ACL would allow it, the token does not; ``missing`` says what it lacks."""

    def __new__(cls, missing: str) -> "ScopeDenied":
        denied: ScopeDenied = super().__new__(cls, "%s", missing)
        denied.missing = missing
        return denied


class ApiKeyCodec(JWTAuthenticationPolicy):
    """pyramid_jwt's codec with one secret for each API key, and with the reasons for a refusal."""

    def __init__(self) -> None:
        super().__init__(private_key="", algorithm="HS256", leeway=LEEWAY)

    def issuer(self, token: str) -> str:
        """Whose key a token claims to be signed by; nothing of it is proven yet."""
        try:
            claims = jwt.decode(
                token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False}
            )
        except jwt.InvalidTokenError:
            raise _undecodable() from None
        issuer = claims.get("iss")
        # What is not printable is no key, and neither are lone surrogates and NUL, which databases choke on.
        if not isinstance(issuer, str) or not 0 < len(issuer) <= 100 or not issuer.isprintable():
            raise CredentialError("The JWT names no API key in `iss`.", "ERROR_DECODING_SIGNATURE")
        return issuer

    def claims(self, token: str, secret: str) -> dict[str, Any]:
        options: Any = {
            "require": ["iss", "iat", "exp"],
            "verify_aud": False,
            "verify_sub": False,
            "verify_jti": False,
        }
        try:
            claims: dict[str, Any] = jwt.decode(
                token, secret, algorithms=[self.algorithm], leeway=self.leeway, options=options
            )
            numbers = all(type(claims[name]) in (int, float) for name in ("iat", "exp"))
            lifetime = float(claims["exp"]) - float(claims["iat"])
        except jwt.ExpiredSignatureError:
            raise CredentialError(
                f"The JWT has expired. {_clocks(token)}", "ERROR_SIGNATURE_EXPIRED"
            ) from None
        except jwt.ImmatureSignatureError:
            raise CredentialError(
                f"The JWT is from the future. {_clocks(token)}", "ERROR_CLOCK_SKEW"
            ) from None
        except jwt.MissingRequiredClaimError as error:
            raise CredentialError(f"The JWT has no `{error.claim}`.", "ERROR_DECODING_SIGNATURE") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise _undecodable() from None
        if not numbers:
            raise CredentialError(
                "`iat` and `exp` of the JWT must be numbers: seconds since 1970.", "ERROR_DECODING_SIGNATURE"
            )
        if not 0 <= lifetime <= LIFETIME:
            raise CredentialError(
                f"The JWT lives {lifetime:.0f} seconds; at most {LIFETIME} are allowed.",
                "ERROR_TOKEN_LIFETIME",
            )
        return claims


@implementer(ISecurityPolicy)
class SecurityPolicy:
    """Pyramid's security policy over the credentials above."""

    def __init__(self, sealer: Sealer):
        self._sealer = sealer
        self._nobodys_secret = sealer.seal(secrets.token_hex(32).encode())
        self._codec = ApiKeyCodec()
        self._acl = ACLHelper()
        self._cache = RequestLocalCache(self._load)

    def identity(self, request: Request) -> Identity | None:
        """Who asks; None for anonymous. Raises CredentialError."""
        identity: Identity | None = self._cache.get_or_create(request)
        return identity

    def authenticated_userid(self, request: Request) -> str | None:
        identity = self.identity(request)
        return str(identity.id) if identity else None

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        identity = self.identity(request)
        result = self._acl.permits(context, identity.principals if identity else _ANONYMOUS, permission)
        if identity is not None and isinstance(result, ACLAllowed):
            denied = _within(identity, context, Permission(permission))
            return result if denied is None else denied  # a Denied is false, so no `or`
        return result

    def remember(self, request: Request, userid: str, **kw: Any) -> list[Any]:
        return []

    def forget(self, request: Request, **kw: Any) -> list[Any]:
        return []

    def _load(self, request: Request) -> Identity | None:
        credential = sent(request)
        if credential is None:
            return None
        kind, text = credential
        return self._by_key(request, text) if kind == "jwt" else self._by_token(request, text)

    def _by_token(self, request: Request, token: str) -> Identity:
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
        return _identity(rows, frozenset(row.scopes), limit)

    def _by_key(self, request: Request, token: str) -> Identity:
        rows = request.read.execute(_BY_KEY, {"key": self._codec.issuer(token)}).all()
        # An unknown key takes the same path as a wrong secret, and the same time.
        sealed = rows[0].secret if rows else self._nobodys_secret
        try:
            secret = self._sealer.open(sealed).decode()
        except ValueError:
            raise CredentialError(
                "This API key was made under another `registry.secret` and is lost; make a new one.",
                "ERROR_DECODING_SIGNATURE",
            ) from None
        self._codec.claims(token, secret)
        if not rows:
            raise _undecodable()
        return _identity(rows)


def sent(request: Request) -> tuple[str, str] | None:
    """The credential of a request as ``(kind, text)``, kind ``jwt`` or ``token``; None when there is none."""
    header, personal = request.headers.get("Authorization"), request.headers.get("Auth-Token")
    if header is None and personal is None:
        return None
    if header is not None and personal is not None:
        raise CredentialError(
            "Send one credential: Authorization or Auth-Token, not both.", "ERROR_INVALID_HEADER"
        )
    if header is None:
        return "token", (personal or "").strip()
    scheme, _, text = header.strip().partition(" ")
    kind = {"jwt": "jwt", "bearer": "token"}.get(scheme.lower())
    if kind is None or not text or " " in text:
        raise CredentialError(
            "The Authorization header must read `JWT <token>` (by an API key) or `Bearer <personal token>`.",
            "ERROR_INVALID_HEADER",
        )
    return kind, text


def _within(identity: Identity, context: Any, permission: Permission) -> ScopeDenied | None:
    """What keeps this token from a permission that its user has."""
    scope = permission.scope
    if scope is None:
        return None
    if identity.scopes is not None and not permissions.covers(identity.scopes, scope):
        return ScopeDenied(f"The token lacks the scope `{scope}`.")
    if identity.extensions is not None:
        while context is not None and not hasattr(context, "extension_name"):
            context = context.__parent__
        if context is None or context.extension_name not in identity.extensions:
            return ScopeDenied(f"The token is limited to: {', '.join(sorted(identity.extensions))}.")
    return None


def _identity(
    rows: Any, scopes: frozenset[str] | None = None, extensions: frozenset[str] | None = None
) -> Identity:
    row = rows[0]
    principals = {Everyone, Authenticated, permissions.user(row.id)}
    if row.admin:
        principals.add(permissions.ADMIN)
    for membership in rows:
        if membership.team_id is not None:
            principals.add(permissions.team(membership.team_id))
            if membership.role == "admin":
                principals.add(permissions.team(membership.team_id, admin=True))
    return Identity(row.id, row.username, frozenset(principals), scopes, extensions)


def _undecodable() -> CredentialError:
    return CredentialError(
        "The JWT cannot be decoded with the key it names: wrong key, wrong secret, or damaged on the way.",
        "ERROR_DECODING_SIGNATURE",
    )


def _clocks(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False})
    times = [f"{name} {_time(claims[name])}" for name in ("iat", "exp") if name in claims]
    return f"Its {' and '.join(times)}; our clock says {_time(now().timestamp())}."


def _time(seconds: Any) -> str:
    try:
        return f"{datetime.datetime.fromtimestamp(float(seconds), datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError, TypeError):
        return "(no time)"


_ANONYMOUS = frozenset([Everyone])


def credential_error(exc: CredentialError, request: Request) -> Response:
    return errors.unauthorized(str(exc), exc.code)


def includeme(config: Any) -> None:
    config.add_exception_view(credential_error, context=CredentialError)
    config.set_security_policy(SecurityPolicy(config.registry["sealer"]))
