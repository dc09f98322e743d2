"""How much one may ask for: numbers from the ini file, for each kind of request and each party.

A request is a read, a write, a review (or an answer to one, or a flag on one), a report, a publish (a package comes
in), part of a login, or an export of all that is held about one. Anonymous requests count for their address (a /64 of
IPv6); others for the credential they carry and, with all its credentials together and ACCOUNT_FACTOR times as much, for
the account. What is over the limit is a 429, before anything of its body is read; every answer says what is left.
Credentials that do not hold have a limit of their own for each address, which never stops anonymous reads, nor the
owner of a key elsewhere.

What costs nothing: answers that were kept or not modified (304), preflights, and polling: where a view says
``request.costs_nothing = True``, and all of it at the addresses of dialects whose clients cannot wait (_POLLS).
Reads are therefore charged when their answer is known.
"""

import ipaddress
import logging
import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from pyramid.request import Request
from pyramid.response import Response

from registry import errors, urls
from registry.authentication import CredentialError, Identity
from registry.domain.trusted_publishers import NotTrusted
from registry.oidc import IdentityRefused
from registry.settings import OFF, Settings

log = logging.getLogger(__name__)

ACCOUNT_FACTOR = 3
_EXCHANGE = "/api/v4/publish-tokens"
# Not what only begins like one of them: the package of an extension `login-helper`.
_LOGIN = re.compile(rf"(?:/login(?:/[^/]+(?:/callback)?)?|/device|/oauth/[^/.]+|{_EXCHANGE})/?")
_PACKAGES = ("/api/v4/extensions", "/api/v3/", "/api/v4/addons", "/api/v5/addons/upload")
_EXPORT = "/api/v4/users/me/export"
_READS = ("GET", "HEAD")
_FAILURES = (CredentialError, IdentityRefused, NotTrusted)
# What clients ask again and again until a version is signed, and give up over a single 429.
_POLLS = re.compile(
    r"/api/v[34]/addons/[^/]+/versions/[^/]+(?:/uploads/[^/]+)?/?"
    r"|/api/v5/addons/(?:upload/[^/]+|addon/[^/]+/versions/[^/]+)/?"
)
# The second half of a submission: whoever is stopped here has a version without its sources.
_SOURCES = re.compile(r"/api/v5/addons/addon/[^/]+/versions/[^/]+/?")
# What people say of extensions; what its owners, authors and admins do about it is a write like any other.
_FEEDBACK = re.compile(
    rf"{urls.API}/extensions/[^/]+/(?:reviews(?:/[^/]+(?:/flags|/reply)?)?|(?P<reports>reports))/?"
    r"|/extension/[^/]+/review/?|/api/v5/ratings/rating(?:/[^/]+(?:/flag|/reply)?)?/?|/api/v5/(?P<abuse>abuse)/.*"
)
# Questions that are too long for an address.
_QUESTIONS = ("/api/v4/updates",)

SWEEP_SECONDS = 10.0
# Nobody waits longer for the counters, nor asks those that are away again so soon.
PATIENCE_SECONDS, REST_SECONDS = 0.5, 5.0

# In the environ of a read that has been counted already.
CHARGED = "registry.charged"

Handler = Callable[[Request], Response]
Quota = tuple[RateLimitItem, tuple[str, ...]]


class _Memory(MemoryStorage):
    """Counters of this process, looked through for old ones now and then.

    The parent does so in a new thread for nearly every request, which costs more than all the rest of counting, and
    the more the more addresses there are.
    """

    def __init__(self) -> None:
        self._due = 0.0
        super().__init__(wrap_exceptions=True)

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802 - its private name there
        moment = time.monotonic()
        if moment >= self._due:
            self._due = moment + SWEEP_SECONDS
            super()._MemoryStorage__schedule_expiry()  # type: ignore[misc]


# Every class of storage has its methods wrapped for errors, once more in a subclass; memory has none.
for _name in ("get", "incr"):
    setattr(_Memory, _name, getattr(MemoryStorage, _name).__wrapped__)


def _storage(address: str) -> Storage:
    if address.startswith("memory:"):
        return _Memory()
    options: dict[str, Any] = {}
    if address.startswith("redis"):
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options = {"retry": Retry(NoBackoff(), 0)}
        options |= dict.fromkeys(("socket_timeout", "socket_connect_timeout"), PATIENCE_SECONDS)
    return cast(Storage, storage_from_string(address, wrap_exceptions=True, **options))


class Limits:
    """The quotas of the ini file, counted in ``limits.storage``; while that is away nobody is limited."""

    def __init__(self, settings: Settings):
        self._away_until = 0.0
        self._limiter = SlidingWindowCounterRateLimiter(_storage(settings.limits_storage))
        texts = {
            "read": settings.limit_read,
            "write": settings.limit_write,
            "review": settings.limit_review,
            "report": settings.limit_report,
            "publish": settings.limit_publish,
            "login": settings.limit_login,
            "export": settings.limit_export,
            "failure": settings.limit_failure,
        }
        self._items = {kind: parse(text) for kind, text in texts.items() if text != OFF}

    def quotas(self, kind: str, identity: Identity | None, address: str | None) -> list[Quota]:
        """What a request of that kind counts for."""
        item = self._items.get(kind)
        if item is None:
            return []
        if identity is None:
            return [(item, (kind, "address", party(address)))]
        if identity.kind == "run":
            return [(item, (kind, identity.kind, str(identity.credential_id)))]
        shared = type(item)(item.amount * ACCOUNT_FACTOR, item.multiples)
        return [
            (item, (kind, identity.kind, str(identity.credential_id))),
            (shared, (kind, "account", str(identity.id))),
        ]

    def allowed(self, quotas: list[Quota]) -> bool:
        return self._safely(lambda: all(self._limiter.test(item, *names) for item, names in quotas), True)

    def charge(self, quotas: list[Quota]) -> bool:
        """Count one request; False when it was one too many for any of them."""
        return self._safely(
            lambda: False not in [self._limiter.hit(item, *names) for item, names in quotas], True
        )

    def headers(self, quotas: list[Quota]) -> list[tuple[str, str]]:
        """What is left of the tightest quota: ``RateLimit-Limit``, ``-Remaining`` and ``-Reset`` (seconds)."""
        found = self._safely(
            lambda: [(self._limiter.get_window_stats(*_flat(quota)), quota) for quota in quotas], []
        )
        if not found:
            return []
        (reset, remaining), (item, _) = min(found, key=lambda pair: pair[0].remaining)
        return [
            ("RateLimit-Limit", str(item.amount)),
            ("RateLimit-Remaining", str(max(0, remaining))),
            ("RateLimit-Reset", str(max(1, round(reset - time.time() + 0.5)))),
        ]

    def _safely(self, ask: Callable[[], Any], otherwise: Any) -> Any:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return ask()
        except StorageError as error:
            self._away_until = time.monotonic() + REST_SECONDS
            log.warning("requests are not limited now, the counters are away: %s", error)
            return otherwise


@lru_cache(4096)
def party(address: str | None) -> str:
    """Who an address is, for counting: itself, or the /64 that one customer of a network has."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 4:
        return str(ip)
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped) if mapped else str(ipaddress.ip_network((ip, 64), strict=False))


def kind_of(request: Request) -> str | None:
    """What a request counts as; None for what is never limited."""
    path = request.environ.get("PATH_INFO", "")
    if _LOGIN.fullmatch(path):
        return "login"
    if path == _EXPORT:
        return "export"
    if request.method in _READS and _POLLS.fullmatch(path):
        return None
    if (
        request.method == "PATCH"
        and request.content_type.lower() == "multipart/form-data"
        and _SOURCES.fullmatch(path)
    ):
        return None
    if request.method in _READS or path.startswith(_QUESTIONS):
        return "read"
    if request.method != "DELETE" and (about := _FEEDBACK.fullmatch(path)):
        return "report" if about["reports"] or about["abuse"] else "review"
    is_package = path.startswith(_PACKAGES) and request.content_type.lower() != "application/json"
    return "publish" if request.method in ("POST", "PUT") and is_package else "write"


def quotas_tween_factory(handler: Handler, registry: Any) -> Handler:
    """Behind the look at the credential, in front of everything else."""
    limits: Limits = registry["limits"]

    def limited(request: Request) -> Response:
        if request.method == "OPTIONS":
            return handler(request)
        kind = kind_of(request)
        quotas = kind and limits.quotas(kind, request.identity, request.remote_addr)
        if not quotas:
            return handler(request)
        # Headers are set on whatever answer there will be, errors too.
        request.add_response_callback(lambda _, response: response.headers.update(limits.headers(quotas)))
        if kind != "read":
            return handler(request) if limits.charge(quotas) else _too_many(limits.headers(quotas))
        if request.environ.pop(CHARGED, False):
            return handler(request)
        if not limits.allowed(quotas):
            return _too_many(limits.headers(quotas))
        response = handler(request)
        if not _is_known(request, response) and not getattr(request, "costs_nothing", False):
            limits.charge(quotas)
        return response

    return limited


def failures_tween_factory(handler: Handler, registry: Any) -> Handler:
    """In front of the look at the credential: whoever guesses is slowed."""
    limits: Limits = registry["limits"]

    def guarded(request: Request) -> Response:
        in_header = "Authorization" in request.headers or "Auth-Token" in request.headers
        if not in_header and not request.environ.get("PATH_INFO", "").startswith(_EXCHANGE):
            return handler(request)
        quotas = limits.quotas("failure", None, request.remote_addr)
        if not limits.allowed(quotas):
            return _too_many(limits.headers(quotas))
        try:
            return handler(request)
        except _FAILURES:
            limits.charge(quotas)
            raise

    return guarded


def _is_known(request: Request, response: Response) -> bool:
    """Whether the client has this answer already, and it will be a 304."""
    asked = "If-None-Match" in request.headers and response.etag is not None
    return response.status_int == 304 or (asked and response.etag in request.if_none_match)


def _flat(quota: Quota) -> tuple[Any, ...]:
    item, names = quota
    return item, *names


def _too_many(headers: list[tuple[str, str]]) -> Response:
    wait = dict(headers).get("RateLimit-Reset", "60")
    return errors.problem(
        429,
        f"That was too much for now; try again in {wait} seconds.",
        "ERROR_TOO_MANY_REQUESTS",
        [("Retry-After", wait), *headers],
    )


def furnish(registry: Any) -> None:
    registry["limits"] = Limits(registry["settings"])


def includeme(config: Any) -> None:
    excview, edge = "pyramid.tweens.excview_tween_factory", "registry.edge.edge_tween_factory"
    config.add_tween("registry.limits.failures_tween_factory", under=excview, over=edge)
    config.add_tween("registry.limits.quotas_tween_factory", under=edge)
