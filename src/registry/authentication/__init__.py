"""Who is asking: from what a request carries to an Identity.

base       what an identity is
api_keys   ``Authorization: JWT``, by an API key
tokens     ``Authorization: Bearer`` and ``Auth-Token``, personal tokens
sessions   after a login: a browser's cookie, and JWTs for programs (``Authorization: JWT`` or ``Bearer``)

RefStack's runners know Basic only, with a token as the password; and no cookie counts where they are spoken to.

A credential in a header that does not hold is an error on every address, public ones too (``edge`` sees
to that), so nobody is taken for anonymous by mistake.
"""

import base64
import binascii

from pyramid.request import Request

from registry.authentication import tokens
from registry.authentication.api_keys import ApiKeys, issuer
from registry.authentication.base import CredentialError, Identity
from registry.authentication.sessions import ISSUER, Sessions
from registry.sealing import Sealer

__all__ = ["Authenticator", "CredentialError", "Identity", "Sessions", "sent"]


_REFSTACK = "/v1/"


class Authenticator:
    def __init__(self, sealer: Sealer, sessions: Sessions):
        self._keys = ApiKeys(sealer)
        self._sessions = sessions

    def identify(self, request: Request) -> Identity | None:
        """Who sent the request; None for anonymous. Raises CredentialError."""
        credential = sent(request)
        if credential is None:
            return None if is_refstack(request) else self._sessions.by_cookie(request)
        kind, text = credential
        if kind == "token":
            return tokens.identify(request, text)
        by = issuer(text)
        return (
            self._sessions.by_jwt(request, text) if by == ISSUER else self._keys.identify(request, text, by)
        )


def is_refstack(request: Request) -> bool:
    """Whether it is one of those that RefStack's runners send."""
    return bool(request.environ.get("PATH_INFO", "").startswith(_REFSTACK))


def sent(request: Request) -> tuple[str, str] | None:
    """The credential in the headers of a request as ``(kind, text)``, kind ``jwt`` or ``token``; None without one."""
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
    if scheme.lower() == "basic" and is_refstack(request):
        return "token", _password(text)
    kind = {"jwt": "jwt", "bearer": "token"}.get(scheme.lower())
    if kind is None or not text or " " in text:
        raise CredentialError(
            "The Authorization header must read `JWT <token>` (by an API key or a session) "
            "or `Bearer <personal token, or JWT of a session>`.",
            "ERROR_INVALID_HEADER",
        )
    # A program that logged in by OAuth says Bearer to its session's JWT (RFC 6750).
    return ("jwt" if kind == "token" and text.count(".") == 2 else kind), text


def _password(text: str) -> str:
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise CredentialError("The Basic credentials are not base64.", "ERROR_INVALID_HEADER") from None
    return pair.partition(":")[2]
