"""Failures of the signing API in the words of its clients: the message is at ``error``.

A 401 and a 429 keep ``detail``; the other failures have both, since a client's people read one and its programs the
code beside the other. Of a 400 all messages go into the one text. This is a tween, because the tree, the ACLs and
maintenance mode answer before any view of ours.
"""

import re
from collections.abc import Callable
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

ADDRESSES = re.compile(r"/api/v[34]/addons(?:/[^/]+/versions/[^/]+(?:/uploads/[^/]+)?)?/?")
_WITH_DETAIL_ONLY = (401, 429)


def tween_factory(handler: Callable[[Request], Response], registry: Any) -> Callable[[Request], Response]:
    def in_their_words(request: Request) -> Response:
        response = handler(request)
        status = response.status_int
        if (
            status >= 400
            and status not in _WITH_DETAIL_ONLY
            and ADDRESSES.fullmatch(request.environ["PATH_INFO"])
        ):
            response.body = orjson.dumps(_said(status, orjson.loads(response.body)))
        return response

    return in_their_words


def _said(status: int, body: dict[str, Any]) -> dict[str, Any]:
    if status == 400:
        return {"error": "\n".join(message for messages in body.values() for message in messages)}
    said = body["detail"]
    if download := body.get("download_url"):
        said += f" It is {body['state']}; its file: {download}"
    return {"error": said, **body}


def includeme(config: Any) -> None:
    config.add_tween(
        "registry.dialects.amo.problems.tween_factory", over="pyramid.tweens.excview_tween_factory"
    )
