"""Fetching from other registries: without any credential, bounded in size and time, and never somewhere else.

https only, whose certificate is checked, or this machine; no redirects, no proxies, nothing out of a ``.netrc``.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import requests

from registry.client import ClientError
from registry.oidc.fetch import is_secure
from registry.packages.manifest import ManifestError, parse_object

TIMEOUT = (5, 30)  # seconds to connect, and between two pieces of the answer
LONGEST = 600.0  # seconds for all of it
BLOCK = 64 * 1024
# Answers that may be other ones in a while.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class Unavailable(ClientError):
    """The other side is away, or busy: try again later. ``retry_after`` is what it said, in seconds."""

    def __init__(self, message: str, retry_after: float = 0):
        super().__init__(message)
        self.retry_after = retry_after


class Fetcher:
    """GET requests to addresses below ``base``; a context, for it keeps connections."""

    def __init__(self, base: str):
        if not is_secure(base):
            raise ClientError(f"{base} is not an https address.")
        self.base = base.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "extension-registry"

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def data(self, url: str, limit: int) -> bytes | None:
        """At most ``limit`` bytes; None when there is nothing at ``url`` (404, 410). Raises ClientError."""
        found = self.answer(url, limit)
        return None if found is None else found[0]

    def answer(self, url: str, limit: int) -> tuple[bytes, Mapping[str, str]] | None:
        """As ``data``, with the headers, whose names are in any case."""
        data = bytearray()
        headers = self._get(url, data.extend, limit, "gzip, identity")
        return None if headers is None else (bytes(data), headers)

    def json(self, url: str, limit: int) -> dict[str, Any] | None:
        """The JSON object at ``url``; None when there is nothing. Raises ClientError."""
        data = self.data(url, limit)
        try:
            return None if data is None else parse_object(data)
        except ManifestError as error:
            raise ClientError(f"{url}: {error}") from None

    def into(self, url: str, write: Callable[[bytes], object], limit: int) -> bool:
        """Give what is at ``url`` to ``write``, at most ``limit`` bytes; False when there is nothing there.

        Raises Unavailable when it may work later, ClientError when it will not.
        """
        return self._get(url, write, limit, "identity") is not None

    def _get(
        self, url: str, write: Callable[[bytes], object], limit: int, encoding: str
    ) -> Mapping[str, str] | None:
        if not url.startswith(f"{self.base}/"):
            raise ClientError(f"{url} is not below {self.base}.")
        try:
            with self._session.get(
                url,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                headers={"Accept-Encoding": encoding},
            ) as response:
                if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                    return None
                _check(response)
                for block in _blocks(response, limit):
                    write(block)
                return response.headers
        except requests.RequestException as error:
            raise Unavailable(f"{url} cannot be had: {type(error).__name__}.") from error


def _check(response: requests.Response) -> None:
    status = response.status_code
    if status in PASSING:
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdecimal() and len(wait) < 6 else 0
        raise Unavailable(f"{response.url} answered with the status {status}.", seconds)
    if status != HTTPStatus.OK:
        raise ClientError(f"{response.url} answered with the status {status}.")


def _blocks(response: requests.Response, limit: int) -> Iterator[bytes]:
    size, end = 0, time.monotonic() + LONGEST
    for block in response.iter_content(BLOCK):
        size += len(block)
        if size > limit:
            raise ClientError(f"{response.url} is larger than the {limit} bytes that are allowed.")
        if time.monotonic() > end:
            raise Unavailable(f"{response.url} took longer than {LONGEST:.0f} s.")
        yield block
    length = response.headers.get("Content-Length", "")
    if "Content-Encoding" not in response.headers and length.isdecimal() and int(length) != size:
        raise Unavailable(f"{response.url} ended before its end.")
