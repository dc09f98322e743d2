"""Who is asking: from what a request carries to an Identity.

base       what an identity is
api_keys   ``Authorization: JWT``, by an API key
tokens     ``Authorization: Bearer`` and ``Auth-Token``, personal tokens
sessions   after a login: a browser's cookie, and JWTs for programs (``Authorization: JWT`` or ``Bearer``)

A credential in a header that does not hold is an error on every address, public ones too (``edge`` sees
to that), so nobody is taken for anonymous by mistake.
"""

from pyramid.request import Request

from registry.authentication import tokens
from registry.authentication.api_keys import ApiKeys, issuer
from registry.authentication.base import CredentialError, Identity
from registry.authentication.sessions import ISSUER, Sessions
from registry.sealing import Sealer

__all__ = ["Authenticator", "CredentialError", "Identity", "Sessions", "sent"]


class Authenticator:
    def __init__(self, sealer: Sealer, sessions: Sessions):
        self._keys = ApiKeys(sealer)
        self._sessions = sessions

    def identify(self, request: Request) -> Identity | None:
        """Who sent the request; None for anonymous. Raises CredentialError."""
        credential = sent(request)
        if credential is None:
            return self._sessions.by_cookie(request)
        kind, text = credential
        if kind == "token":
            return tokens.identify(request, text)
        by = issuer(text)
        return (
            self._sessions.by_jwt(request, text) if by == ISSUER else self._keys.identify(request, text, by)
        )


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
    kind = {"jwt": "jwt", "bearer": "token"}.get(scheme.lower())
    if kind is None or not text or " " in text:
        raise CredentialError(
            "The Authorization header must read `JWT <token>` (by an API key or a session) "
            "or `Bearer <personal token, or JWT of a session>`.",
            "ERROR_INVALID_HEADER",
        )
    # A program that logged in by OAuth says Bearer to its session's JWT (RFC 6750).
    return ("jwt" if kind == "token" and text.count(".") == 2 else kind), text
