"""Sessions: what is left of a login, in a browser as a cookie, elsewhere as short-lived JWTs.

A session is a row with a secret. A browser keeps the secret in a cookie; a program keeps it as its
refresh token and exchanges it for JWTs that hold for a quarter of an hour. Both are looked up on every
request, so a logout counts at once, whatever a JWT says of its own lifetime.

A browser sends its cookie with requests that other sites make it send. So a verb that changes something
needs the session's CSRF token too, as the header ``X-CSRF-Token`` or in a form as ``csrf_token``.
A cookie that does not hold is nobody's, not an error: the browser could not log in again otherwise.
"""

import hashlib
import hmac
import time
from typing import Any

import jwt
from pyramid.request import Request
from pyramid.response import Response
from pyramid_jwt.policy import JWTAuthenticationPolicy
from sqlalchemy import bindparam, select

from registry.authentication.base import PERSON, CredentialError, Identity, identity
from registry.domain.sessions import DEVICE
from registry.models import LoginSession, Membership, User, now

ISSUER = "registry"  # no API key has this name
ALGORITHM = "HS256"
JWT_SECONDS = 900
LEEWAY = 60
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
FORM_BYTES = 10_000

_SESSION = (
    select(
        *PERSON,
        LoginSession.id.label("credential_id"),
        LoginSession.scopes,
        LoginSession.used,
        LoginSession.sha256,
    )
    .select_from(LoginSession)
    .join(User, User.id == LoginSession.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(
        LoginSession.revoked.is_(None), LoginSession.expires > bindparam("moment"), User.disabled.is_(None)
    )
)
_BY_ID = _SESSION.where(LoginSession.id == bindparam("id"))
_BY_COOKIE = _SESSION.where(LoginSession.sha256 == bindparam("sha256"), LoginSession.origin != DEVICE)


class Sessions:
    """Makes and reads what stands for a session. ``secret`` is the site's (`registry.secret`)."""

    def __init__(self, secret: str, *, secure: bool):
        self._codec = JWTAuthenticationPolicy(_derived(secret, "session JWT"), algorithm=ALGORITHM)
        self._csrf_key = _derived(secret, "CSRF token").encode()
        self.secure = secure
        # The prefix keeps other hosts of the same domain from setting it (RFC 6265bis, 4.1.3.2).
        self.cookie = "__Host-registry-session" if secure else "registry-session"

    def jwt(self, user_id: int, session_id: int) -> str:
        moment = int(time.time())
        claims = {"iss": ISSUER, "sub": str(user_id), "sid": str(session_id), "iat": moment}
        return jwt.encode(
            claims | {"exp": moment + JWT_SECONDS}, self._codec.private_key, algorithm=ALGORITHM
        )

    def by_jwt(self, request: Request, token: str) -> Identity:
        """Whose session JWT this is. Raises CredentialError."""
        options: Any = {"require": ["iss", "sub", "sid", "iat", "exp"], "verify_aud": False}
        try:
            claims = jwt.decode(
                token,
                self._codec.public_key,
                algorithms=[ALGORITHM],
                leeway=LEEWAY,
                issuer=ISSUER,
                options=options,
            )
            session_id, user_id = int(claims["sid"]), int(claims["sub"])
        except jwt.ExpiredSignatureError:
            raise CredentialError(
                "The session's JWT has expired; refresh it.", "ERROR_SIGNATURE_EXPIRED"
            ) from None
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise CredentialError(
                "This is not a session's JWT of this registry.", "ERROR_DECODING_SIGNATURE"
            ) from None
        rows = request.read.execute(_BY_ID, {"id": session_id, "moment": now()}).all()
        if not rows or rows[0].id != user_id:
            raise CredentialError("The session has ended; log in again.", "ERROR_SIGNATURE_EXPIRED")
        return _identity(rows, "session")

    def by_cookie(self, request: Request) -> Identity | None:
        """Whose browser this is; None without a cookie that holds."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        rows = request.read.execute(_BY_COOKIE, {"sha256": digest, "moment": now()}).all()
        return _identity(rows, "browser") if rows else None

    def csrf_token(self, request: Request) -> str:
        """What the session of this request's cookie has to send with every change."""
        secret = request.cookies.get(self.cookie, "")
        return hmac.new(self._csrf_key, secret.encode("utf-8", "replace"), "sha256").hexdigest()

    def may_change(self, request: Request) -> bool:
        """Whether a request that comes with a cookie was meant by the page it comes from."""
        if request.method in SAFE:
            return True
        sent = request.headers.get("X-CSRF-Token")
        small = 0 < (request.content_length or 0) <= FORM_BYTES
        if sent is None and small and request.content_type.lower() == FORM:
            sent = request.POST.get("csrf_token")
        return sent is not None and hmac.compare_digest(
            sent.encode("utf-8", "replace"), self.csrf_token(request).encode()
        )

    def remember(self, response: Response, secret: str, seconds: int) -> None:
        """Give the browser its cookie."""
        response.set_cookie(
            self.cookie, secret, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )

    def forget(self, response: Response) -> None:
        # None is a date that has passed, for clients that do not know Max-Age.
        response.set_cookie(
            self.cookie, None, max_age=0, path="/", secure=self.secure, httponly=True, samesite="Lax"
        )


def _identity(rows: Any, kind: Any) -> Identity:
    scopes = rows[0].scopes
    return identity(rows, kind, rows[0].credential_id, None if scopes is None else frozenset(scopes))


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), purpose.encode(), "sha256").hexdigest()
