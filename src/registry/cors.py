"""Cross-origin access: one policy for the whole API, on errors too.

Any origin may read and send credentials it holds itself (headers); cookies are never part of it, so
there is no Access-Control-Allow-Credentials. Preflights are answered before anything is looked up.
"""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

EXPOSED = (
    "Allow, Content-Disposition, ETag, Link, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Registry-Signature, Retry-After, X-Request-Id"
)
# Of every answer.
HEADERS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", EXPOSED))
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
DAY = "86400"


def cors_tween_factory(
    handler: Callable[[Request], Response], registry: Any
) -> Callable[[Request], Response]:
    def cors(request: Request) -> Response:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = Response(status=204)
            response.headers["Access-Control-Allow-Methods"] = METHODS
            asked = request.headers.get(
                "Access-Control-Request-Headers", "Authorization, Auth-Token, Content-Type"
            )
            response.headers["Access-Control-Allow-Headers"] = _one_line(asked)
            response.headers["Access-Control-Max-Age"] = DAY
        else:
            response = handler(request)
        response.headers.update(HEADERS)
        return response

    return cors


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isascii() and character.isprintable())[:1000]


def includeme(config: Any) -> None:
    config.add_tween("registry.cors.cors_tween_factory", over="pyramid.tweens.excview_tween_factory")
