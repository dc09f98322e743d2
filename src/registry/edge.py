"""In front of routing: one spelling of every path, and no credential that is not looked at first.

The slash at the end of a path is optional everywhere; it is taken off here rather than redirected,
because clients lose bodies and credentials on redirects. A credential over plain http is refused before
it is read (`registry.require_https`), and one that does not hold is refused on public addresses too.
A browser's cookie counts for a change only with the CSRF token of its session.

Every request gets a number, which its answer (``X-Request-Id``), the log and the events it causes carry.
"""

import functools
import ipaddress
import logging
import re
import uuid
from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import DBAPIError

from registry import errors
from registry.authentication import Identity, is_refstack
from registry.domain import credentials, events
from registry.models import now
from registry.settings import HttpsRequired

log = logging.getLogger(__name__)

CLEAR = "Credentials are taken over https only. This one has crossed the network in the clear: revoke it."
YEAR = 365 * 24 * 3600
# Where the body is a credential, or holds one; and the query does.
_IN_BODY = ("/api/v4/publish-tokens", "/oauth/revoke", "/oauth/token")
_CALLBACK = re.compile("/login/[^/]+/callback")


def edge_tween_factory(
    handler: Callable[[Request], Response], registry: Any
) -> Callable[[Request], Response]:
    required = registry["settings"].https_required

    def edge(request: Request) -> Response:
        path = request.environ.get("PATH_INFO", "")
        if len(path) > 1 and path.endswith("/"):
            request.environ["PATH_INFO"] = path[:-1]
        request_id = uuid.uuid4().hex
        request.add_response_callback(lambda _, response: _mark(request, response, request_id, required))
        with events.caused_by(request=request_id, network=network(request.remote_addr)):
            return _refusal(request, required) or handler(request)

    return edge


@functools.lru_cache(4096)
def network(address: str | None) -> str | None:
    """The network an address is in, coarse enough not to tell who it was: a /24, or a /48 of IPv6."""
    try:
        ip = _ip(address)
    except ValueError:
        return None
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def _refusal(request: Request, required: HttpsRequired) -> Response | None:
    """What is wrong with the request's credential, if anything is. Raises CredentialError."""
    in_header = "Authorization" in request.headers or "Auth-Token" in request.headers
    in_cookie = "Cookie" in request.headers and request.sessions.cookie in request.cookies
    in_cookie = in_cookie and not is_refstack(request)
    path = request.environ.get("PATH_INFO", "")
    elsewhere = _CALLBACK.fullmatch(path) or (request.method == "POST" and path in _IN_BODY)
    if not in_header and not in_cookie and not elsewhere:
        return None
    if in_the_clear(request, required):
        return errors.problem(403, CLEAR, "ERROR_HTTPS_REQUIRED")
    identity = request.identity
    if identity is None:
        return None
    if identity.kind == "browser" and not request.sessions.may_change(request):
        return errors.problem(
            403,
            "A browser's session changes something only with its CSRF token: GET /api/v4/users/me/sessions/current/ "
            "tells it; send it as X-CSRF-Token.",
            "ERROR_CSRF",
        )
    if credentials.is_stale(identity.used):
        request.add_finished_callback(functools.partial(_note_use, identity))
    return None


def _note_use(identity: Identity, request: Request) -> None:
    try:
        request.database.write(credentials.note_use, identity.kind, identity.credential_id, now())
    except DBAPIError as error:
        log.warning("the use of a credential was not noted: %s", error.orig)


def _mark(request: Request, response: Response, request_id: str, required: HttpsRequired) -> None:
    response.headers["X-Request-Id"] = request_id
    response.headers.update(insistence(request.scheme, required))


def insistence(scheme: str, required: HttpsRequired) -> list[tuple[str, str]]:
    """The header that asks browsers for https from now on, where it is due."""
    due = scheme == "https" and required == HttpsRequired.TRUE
    return [("Strict-Transport-Security", f"max-age={YEAR}")] if due else []


def in_the_clear(request: Request, required: HttpsRequired) -> bool:
    """Whether others could have read the request on its way, and may not."""
    return bool(request.scheme != "https" and not _trusted(request.remote_addr, required))


def _trusted(address: str | None, required: HttpsRequired) -> bool:
    """Whether a credential may come from there in the clear."""
    if required == HttpsRequired.LOOPBACK:
        return is_loopback(address)
    return required == HttpsRequired.FALSE


def is_loopback(address: str | None) -> bool:
    try:
        return _ip(address).is_loopback
    except ValueError:
        return False


def _ip(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address or "")
    # How a server that listens on IPv6 and IPv4 at once spells an IPv4 client.
    return getattr(ip, "ipv4_mapped", None) or ip


def includeme(config: Any) -> None:
    config.add_tween("registry.edge.edge_tween_factory", under="pyramid.tweens.excview_tween_factory")
