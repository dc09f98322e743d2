"""Finished bytes: what everybody reads is computed when something changes, not whenever somebody asks.

A layer in front of Pyramid keeps the answers to anonymous GETs whose views allow it with their ETags, and
serves them without any of the application; compressed, too, as soon as somebody takes them so. An answer
may be kept until its extension changes, or until anything in the catalogue does (``Extension.changed``);
every process looks for newer changes at most every ``registry.look_every`` seconds, so all of them see one
within that time. Counters (downloads) change nothing; they are as old as LONGEST at most.

Requests that carry a credential, a cookie or a Range pass by, and so does everything that is not a GET or
HEAD; nothing they are answered is ever kept. Query parameters that only defeat caches (``_``) are taken
out in front of the application, and so are those that a fixed address does not know (``parameters``); the
order in which parameters stand makes no difference. So nobody fills the memory with one answer over and over.
"""

import functools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isal import igzip
from pyramid.request import Request

from registry import urls
from registry.documents import Documents
from registry.fragments import ENVIRON, Fragments
from registry.lookout import LONGEST, Changes
from registry.models import Database

KEEP = "registry.keep"
LARGEST = 1024 * 1024  # of one answer, in bytes
SMALLEST_GZIP = 600
# A third of what the best one costs, for a hundredth more bytes.
_LEVEL = 2
# Of the request, not of what it is answered.
_PERSONAL = ("x-request-id", "ratelimit", "x-ratelimit", "date")
_PASSING = ("HTTP_AUTHORIZATION", "HTTP_AUTH_TOKEN", "HTTP_COOKIE", "HTTP_RANGE", "HTTP_ORIGIN_TRIAL")
_JSON = "application/json"
_ENCODINGS = "HTTP_ACCEPT_ENCODING"
_UNWANTED = ("q=0", "q=0.0", "q=0.00", "q=0.000")

Headers = list[tuple[str, str]]
Key = tuple[str, str, str]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(slots=True)
class Permit:
    """A view's leave to keep its answer: until this extension changes, None for anything at all.

    ``counted`` is the version whose download it is; ``seconds`` is how long it may be kept at most.
    """

    extension_id: int | None = None
    counted: int | None = None
    seconds: float = LONGEST


@dataclass(slots=True)
class Kept:
    """An answer, plain and compressed, and what it was true for; ``size`` is what it takes of the memory."""

    permit: Permit
    seq: int
    until: float
    is_json: bool
    etag: str | None
    plain: Headers
    body: bytes
    unchanged: Headers
    secure: Headers
    compresses: bool
    # Made when somebody first takes it.
    zipped: Headers = field(default_factory=list)
    zipped_body: bytes = b""
    size: int = 0

    def zip(self) -> None:
        """Compress it. Other bytes need another strong ETag (RFC 9110, 8.8.3.3); both are known to If-None-Match."""
        # Without the time: every process makes the same bytes of the same answer.
        self.zipped_body = igzip.compress(self.body, _LEVEL, mtime=0)
        replaced = [("Content-Length", str(len(self.zipped_body))), ("Content-Encoding", "gzip")]
        if self.etag is not None:
            replaced.append(("ETag", f'{self.etag}-gzip"'))
        self.zipped = [
            header for header in self.plain if header[0] not in ("ETag", "Content-Length")
        ] + replaced


class Finished:
    """The layer, as a WSGI application around ``application``.

    ``count(environ, version_id)`` is called for each whole download that is served from here. ``parameters`` are
    the names of all query parameters that an address (without its last slash) looks at.
    """

    def __init__(
        self,
        application: Application,
        database: Database,
        *,
        most_bytes: int,
        look_every: float,
        documents: Documents,
        count: Callable[[dict[str, Any], int], None],
        parameters: Mapping[str, Collection[str]],
    ):
        self._parameters = parameters
        self._application = application
        self._most_bytes, self._count = most_bytes, count
        self._documents = documents
        self._changes = Changes(database, look_every, documents)
        self._fragments = Fragments(self._changes)
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD") or any(name in environ for name in _PASSING):
            return self._application(environ, start_response)
        key = self._key(environ)
        if key[1] in self._documents.paths:
            self._changes.look()
            document = self._documents.find(key[1])
            if document is not None and (document.for_all or accepts_json(environ)):
                return document.serve(environ, start_response, _accepts_gzip(environ.get(_ENCODINGS, "")))
        kept = self._find(key)
        if kept is None:
            if method == "HEAD":
                return self._application(environ, start_response)
            made = self._make(key, environ, start_response)
            if not isinstance(made, Kept):
                return made
            kept = made
        elif kept.is_json and not accepts_json(environ):
            return self._application(environ, start_response)
        return self._serve(key, kept, environ, start_response)

    def _key(self, environ: dict[str, Any]) -> Key:
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        if query:
            environ["QUERY_STRING"] = query = urls.canonical_query(query, self._parameters.get(path))
        return environ["wsgi.url_scheme"], path, query

    def _find(self, key: Key) -> Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._changes.since(kept.seq, kept.permit.extension_id):
            return None
        return kept if kept.until > time.monotonic() or self._changes.blind else None

    def _serve(self, key: Key, kept: Kept, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        own: Headers = [("X-Request-Id", os.urandom(16).hex()), *kept.secure]
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is not None and kept.etag is not None and (kept.etag in known or known.strip() == "*"):
            start_response("304 Not Modified", kept.unchanged + own)
            return ()
        head = environ["REQUEST_METHOD"] == "HEAD"
        if kept.permit.counted is not None and not head:
            self._count(environ, kept.permit.counted)
        if kept.compresses and _accepts_gzip(environ.get(_ENCODINGS, "")):
            if not kept.zipped:
                kept.zip()
                self._keep(key, kept)
            start_response("200 OK", kept.zipped + own)
            return () if head else [kept.zipped_body]
        start_response("200 OK", kept.plain + own)
        # A list, since the server sends what is one as it is.
        return () if head else [kept.body]

    def _make(self, key: Key, environ: dict[str, Any], start_response: Any) -> Kept | Iterable[bytes]:
        """The application's answer: kept, if its view allows that, or passed on as it is."""
        seq = self._changes.generation()  # before the application looks at anything
        environ[KEEP], environ[ENVIRON] = None, self._fragments
        said: list[Any] = []

        def hear(status: str, headers: Headers, exc_info: Any = None) -> None:
            said[:] = (status, headers, exc_info)

        answer = self._application(environ, hear)
        permit: Permit | None = environ[KEEP]
        status, headers, exc_info = said
        names = {name.lower(): value for name, value in headers}
        size = int(names.get("content-length", LARGEST + 1))
        if permit is None or not status.startswith("200") or size > LARGEST or "set-cookie" in names:
            start_response(status, headers, *([exc_info] if exc_info else []))
            return answer
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        kept = _finish(permit, seq, headers, body)
        self._keep(key, kept)
        return kept

    def _keep(self, key: Key, kept: Kept) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes -= before.size if before else 0
            kept.size = len(kept.body) + len(kept.zipped_body) + 2000
            self._bytes += kept.size
            self._kept[key] = kept
            while self._bytes > self._most_bytes and self._kept:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.size


def _finish(permit: Permit, seq: int, headers: Headers, body: bytes) -> Kept:
    """The answer as it is kept. ``headers`` name each header once."""
    plain: Headers = []
    secure: Headers = []
    kind = vary = etag = ""
    for name, value in headers:
        lower = name.lower()
        if lower == "strict-transport-security":
            secure.append((name, value))
        elif lower == "content-type":
            kind = value
        elif lower == "vary":
            vary = value
        elif lower == "etag":
            etag = value
        elif lower != "content-length" and not lower.startswith(_PERSONAL):
            plain.append((name, value))
    text = kind.startswith((_JSON, "text/", "application/xml", "application/rss", "application/atom"))
    if text:
        vary = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    if vary:
        plain.append(("Vary", vary))
    tag = [("ETag", etag)] if etag else []
    unchanged = plain + tag
    if kind:
        plain.append(("Content-Type", kind))
    return Kept(
        permit=permit,
        seq=seq,
        until=time.monotonic() + permit.seconds,
        is_json=kind.startswith(_JSON),
        etag=etag[:-1] or None,
        plain=[*plain, *tag, ("Content-Length", str(len(body)))],
        body=body,
        unchanged=unchanged,
        secure=secure,
        compresses=text and len(body) >= SMALLEST_GZIP,
    )


def _accepts_gzip(accepted: str) -> bool:
    return "gzip" in accepted and _choices(accepted).get("gzip", False)


def accepts_json(environ: dict[str, Any]) -> bool:
    """Whether it surely does; the application decides the other cases."""
    accepted = environ.get("HTTP_ACCEPT")
    if not accepted:
        return True
    choices = _choices(accepted)
    return choices.get(_JSON, choices.get("*/*", False))


@functools.lru_cache(256)
def _choices(accepted: str) -> Mapping[str, bool]:
    """What such a header names, and whether it is wanted: with another weight than 0 (RFC 9110, 12.4.2), or none."""
    choices = {}
    for part in accepted.split(","):
        choice, _, weight = part.partition(";")
        weight = weight.replace(" ", "")
        wanted = not weight or weight.startswith("q=")
        choices[choice.strip().lower()] = wanted and weight not in _UNWANTED
    return choices


def _keep_until_changed(
    request: Request, extension_id: int | None = None, counted: int | None = None, seconds: float = LONGEST
) -> None:
    """Allow that this answer is kept until that extension changes, or anything does if it is None."""
    if KEEP in request.environ:
        request.environ[KEEP] = Permit(extension_id, counted, seconds)


def includeme(config: Any) -> None:
    config.add_request_method(_keep_until_changed, "keep_until_changed")
