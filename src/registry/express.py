"""The express lane: what strangers ask for most is answered without the tree, when nothing speaks against it.

It lies between `finished`, which keeps what it answers, and Pyramid. A service may have a `Shortcut`: a function that
finds, by the last segment of an address, what the service's own view would answer to an anonymous GET without
parameters. Everything else goes to the tree, which knows more: other addresses, conditions and types, what is
not there or not for everybody, a client that has asked for too much, and every failure.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from pyramid.registry import Registry

from registry import cors, edge, rendering
from registry.finished import KEEP, LARGEST, Application, Headers, Permit, accepts_json
from registry.limits import Limits

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """An answer that holds until the extension changes; ``revision`` begins its ETag, see ``rendering``."""

    extension_id: int
    revision: str
    answer: dict[str, Any]


Shortcut = Callable[[Registry, str], Found | None]
_COMMON: Headers = [
    ("Content-Type", rendering.JSON),
    ("Cache-Control", rendering.CACHE_CONTROL),
    ("Vary", rendering.VARY),
    ("X-Content-Type-Options", "nosniff"),
    *cors.HEADERS,
]


class Express:
    """A WSGI application around ``application``.

    ``shortcuts`` are the functions by what comes before the last segment. ``fixed`` are addresses that are not theirs.
    """

    def __init__(
        self,
        application: Application,
        furniture: Registry,
        shortcuts: Mapping[str, Shortcut],
        fixed: Collection[str],
    ):
        self._application, self._furniture = application, furniture
        self._shortcuts, self._fixed = shortcuts, fixed
        self._limits: Limits = furniture["limits"]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        made = self._make(environ)
        if made is None:
            return self._application(environ, start_response)
        found, body = made
        environ[KEEP] = Permit(found.extension_id)
        required = self._furniture["settings"].https_required
        headers = [
            *_COMMON,
            ("ETag", f'"{found.revision}{rendering.etag(body)}"'),
            ("Content-Length", str(len(body))),
            *edge.insistence(environ["wsgi.url_scheme"], required),
        ]
        start_response("200 OK", headers)
        return [body]

    def _make(self, environ: dict[str, Any]) -> tuple[Found, bytes] | None:
        # Where there is no KEEP, somebody may have sent a credential.
        if KEEP not in environ or environ.get("QUERY_STRING") or "HTTP_IF_NONE_MATCH" in environ:
            return None
        path = environ.get("PATH_INFO", "").removesuffix("/")
        folder, _, name = path.rpartition("/")
        shortcut = self._shortcuts.get(f"{folder}/")
        plain = name.isascii() and name.isprintable() and name[:1].isalnum()
        if shortcut is None or not plain or path in self._fixed or not accepts_json(environ):
            return None
        quotas = self._limits.quotas("read", None, environ.get("REMOTE_ADDR"))
        if not self._limits.allowed(quotas):
            return None
        try:
            found = shortcut(self._furniture, name)
            body = b"" if found is None else orjson.dumps(found.answer)
        except Exception as error:  # noqa: BLE001 - the tree will fail too, and knows what to say then
            log.warning("%s was left to the tree: %r", path, error)
            return None
        if found is None or len(body) > LARGEST:
            return None
        self._limits.charge(quotas)
        return found, body
