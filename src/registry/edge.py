"""In front of routing: one spelling of every path, and no credential that is not looked at first.

The slash at the end of a path is optional everywhere; it is taken off here rather than redirected,
because clients lose bodies and credentials on redirects. A credential over plain http from another
machine is refused before it is read, and one that does not hold is refused on public addresses too.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from registry import errors


def edge_tween_factory(
    handler: Callable[[Request], Response], registry: Any
) -> Callable[[Request], Response]:
    http_credentials = registry["settings"].http_credentials

    def edge(request: Request) -> Response:
        path = request.environ.get("PATH_INFO", "")
        if len(path) > 1 and path.endswith("/"):
            request.environ["PATH_INFO"] = path[:-1]
        if "Authorization" in request.headers or "Auth-Token" in request.headers:
            if request.scheme != "https" and not http_credentials and not _loopback(request.remote_addr):
                return errors.problem(
                    403,
                    "Credentials are taken over https only. This one has crossed the network in the clear: revoke it.",
                    "ERROR_HTTPS_REQUIRED",
                )
            request.identity  # noqa: B018 - raises when the credential does not hold
        return handler(request)

    return edge


def _loopback(address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    # How a server that listens on IPv6 and IPv4 at once spells an IPv4 client.
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def includeme(config: Any) -> None:
    config.add_tween("registry.edge.edge_tween_factory", under="pyramid.tweens.excview_tween_factory")
