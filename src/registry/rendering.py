"""JSON out: the renderer of every service, ETags and conditional answers.

An ETag is made of the bytes. Where a view sets ``request.revision``, that comes first: what `If-Match` is compared
with, since a download counted meanwhile (other bytes) is in no editor's way.
"""

import hashlib
from typing import Any

import orjson
from pyramid.request import Request

JSON = "application/json"
# Who asks decides about the answer.
VARY = "Authorization, Auth-Token, Cookie"


CACHE_CONTROL = "no-cache"


class JSONRenderer:
    """Bytes by orjson; the type is exactly ``application/json``, which some clients compare with."""

    def __init__(self, info: Any):
        pass

    def __call__(self, value: Any, system: dict[str, Any]) -> bytes:
        request: Request = system["request"]
        response = request.response
        if response.status_int == 204:
            response.content_type = None
            return b""
        response.headers["Content-Type"] = JSON
        body = orjson.dumps(value)
        revision = getattr(request, "revision", "")
        if request.method in ("GET", "HEAD") and response.status_int == 200:
            response.etag = revision + etag(body)
            response.conditional_response = True
            response.headers.setdefault("Cache-Control", CACHE_CONTROL)
            response.headers.setdefault("Vary", VARY)
        elif revision and response.status_int == 200:
            response.etag = revision + etag(body)
        return body


def etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def includeme(config: Any) -> None:
    config.add_renderer("json", JSONRenderer)
