"""The express lane: what strangers ask for most is answered without the tree, when nothing speaks against it.

It lies between `finished`, which keeps what it answers, and Pyramid. A service may have a `Shortcut`: a function
that finds what the service's own view would answer to an anonymous GET. It is given a request that no router has
seen: without a context, and nothing of it validated. Where the address ends in a variable segment, that is its
``name``, and a query string goes to the tree. So does everything else, since the tree knows more: other addresses,
conditions and types, what is not there or not for everybody, a client that has asked for too much, and every failure.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import orjson
from pyramid.interfaces import IRequestFactory
from pyramid.registry import Registry
from pyramid.request import Request

from registry import cors, edge, rendering
from registry.domain.errors import RuleError
from registry.errors import ApiError, BadRequest
from registry.finished import KEEP, LARGEST, Application, Headers, accepts_json
from registry.limits import CHARGED, Limits

log = logging.getLogger(__name__)

# What it answers, None where the tree is to be asked. It says how long that holds by ``keep_until_changed``.
Shortcut = Callable[[Request, str], dict[str, Any] | None]
_COMMON: Headers = [
    ("Content-Type", rendering.JSON),
    ("Cache-Control", rendering.CACHE_CONTROL),
    ("Vary", rendering.VARY),
    ("X-Content-Type-Options", "nosniff"),
    *cors.HEADERS,
]


class Express:
    """A WSGI application around ``application``.

    ``shortcuts`` are the functions by the address, or by what comes before its last segment where that is variable:
    with a slash at the end then. ``fixed`` are all addresses without variables.
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
        self._request: type[Request] = furniture.getUtility(IRequestFactory)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        made = self._make(environ)
        if made is None:
            return self._application(environ, start_response)
        etag, body = made
        required = self._furniture["settings"].https_required
        headers = [
            *_COMMON,
            ("ETag", f'"{etag}"'),
            ("Content-Length", str(len(body))),
            *edge.insistence(environ["wsgi.url_scheme"], required),
        ]
        start_response("200 OK", headers)
        return [body]

    def _make(self, environ: dict[str, Any]) -> tuple[str, bytes] | None:
        """The ETag and the body."""
        # Where there is no KEEP, somebody may have sent a credential.
        if KEEP not in environ or "HTTP_IF_NONE_MATCH" in environ:
            return None
        path = environ.get("PATH_INFO", "").removesuffix("/")
        shortcut, name = self._find(path, environ.get("QUERY_STRING", ""))
        if shortcut is None or not accepts_json(environ):
            return None
        quotas = self._limits.quotas("read", None, environ.get("REMOTE_ADDR"))
        if not self._limits.charge(quotas):
            return None
        environ[CHARGED] = True
        made = self._ask(shortcut, environ | {"PATH_INFO": path}, name)
        if made is None or len(made[2]) > LARGEST:
            return None
        environ[KEEP], etag, body = made
        return etag, body

    def _find(self, path: str, query: str) -> tuple[Shortcut | None, str]:
        if path in self._fixed:
            return self._shortcuts.get(path), ""
        folder, _, name = path.rpartition("/")
        plain = name.isascii() and name.isprintable() and name[:1].isalnum()
        return (self._shortcuts.get(f"{folder}/") if plain and not query else None), name

    def _ask(self, shortcut: Shortcut, environ: dict[str, Any], name: str) -> tuple[Any, str, bytes] | None:
        """The permit to keep the answer, its ETag and its body."""
        request = self._request(environ)
        request.registry, request.validated = self._furniture, {}
        try:
            answer = shortcut(request, name)
            body = b"" if answer is None else orjson.dumps(answer)
        except (ApiError, BadRequest, RuleError, UnicodeDecodeError):
            return None
        except Exception as error:  # noqa: BLE001 - the tree will fail too, and knows what to say then
            log.warning("%s was left to the tree: %r", environ["PATH_INFO"], error)
            return None
        finally:
            request._process_finished_callbacks()
        if answer is None:
            return None
        return environ[KEEP], getattr(request, "revision", "") + rendering.etag(body), body
