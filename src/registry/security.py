"""May they: one policy for every door.

``permits`` = the ACLs from the node up to the root, AND the scopes of the credential, AND its list of
extensions. Who is asking is ``authentication``'s business.
"""

from typing import Any

from pyramid.authorization import ACLAllowed, ACLHelper, Everyone
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request, RequestLocalCache
from pyramid.response import Response
from pyramid.security import Denied
from zope.interface import implementer

from registry import errors, permissions
from registry.authentication import Authenticator, CredentialError, Identity, Sessions
from registry.permissions import Permission
from registry.settings import HttpsRequired

_ANONYMOUS = frozenset([Everyone])
# All that a CI job may with what it got for its identity token, however much more its scope covers.
_OF_PIPELINES = frozenset([Permission.PUBLISH_VERSION, Permission.READ_PRIVATE])


class ScopeDenied(Denied):
    """The ACL would allow it, the token does not; ``missing`` says what it lacks."""

    def __new__(cls, missing: str) -> "ScopeDenied":
        denied: ScopeDenied = super().__new__(cls, "%s", missing)
        denied.missing = missing
        return denied


@implementer(ISecurityPolicy)
class SecurityPolicy:
    """Pyramid's security policy over the tree's ACLs."""

    def __init__(self) -> None:
        self._acl = ACLHelper()
        self._cache = RequestLocalCache(lambda request: request.registry["authenticator"].identify(request))

    def identity(self, request: Request) -> Identity | None:
        """Who asks; None for anonymous. Raises CredentialError."""
        identity: Identity | None = self._cache.get_or_create(request)
        return identity

    def become(self, request: Request, identity: Identity) -> None:
        """Who asks has said so in the body, where headers are not to be had."""
        self._cache.set(request, identity)

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


def _within(identity: Identity, context: Any, permission: Permission) -> ScopeDenied | None:
    """What keeps this credential from a permission that its user has."""
    scope = permission.scope
    if scope is None:
        return None
    if identity.scopes is not None and not permissions.covers(identity.scopes, scope):
        if scope == "login":
            return ScopeDenied("No token can do this; log in, or use an API key.")
        return ScopeDenied(f"The token lacks the scope `{scope}`.")
    if identity.pipeline and permission not in _OF_PIPELINES:
        return ScopeDenied("A CI job's token publishes new versions of its extension and does nothing else.")
    if identity.extensions is not None:
        while context is not None and getattr(context, "extension_name", None) is None:
            context = context.__parent__
        names = ", ".join(sorted(identity.extensions)) or "no extension"
        if context is None:
            return ScopeDenied(
                f"The token is limited to: {names}. It counts at and below their own addresses only."
            )
        if context.extension_name not in identity.extensions:
            return ScopeDenied(f"The token is limited to: {names}.")
    return None


def credential_error(exc: CredentialError, request: Request) -> Response:
    return errors.unauthorized(str(exc), exc.code)


def furnish(registry: Any) -> None:
    settings = registry["settings"]
    secure = settings.public_url.startswith("https:") or settings.https_required == HttpsRequired.TRUE
    sessions = Sessions(settings.secret, secure=secure)
    registry["sessions"] = sessions
    registry["authenticator"] = Authenticator(registry["sealer"], sessions)


def includeme(config: Any) -> None:
    config.add_exception_view(credential_error, context=CredentialError)
    config.add_request_method(lambda request: request.registry["sessions"], "sessions", property=True)
    config.set_security_policy(SecurityPolicy())
