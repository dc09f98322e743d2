"""One POST to a number that has been checked: no redirects, no proxies, little time, little of the answer."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry.webhooks.targets import Target

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MOST_BYTES = 64 * 1024


class NotDelivered(Exception):
    """No answer came; the text is for people."""


@dataclass(frozen=True)
class Answer:
    """``body`` is the beginning of it, at most MOST_BYTES."""

    status: int
    body: bytes


def post(target: Target, addresses: Sequence[str], body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send ``body`` to the target at one of these numbers, whatever its name says by now. Raises NotDelivered."""
    end = time.monotonic() + TOTAL_SECONDS
    try:
        with _connected(target, addresses, end) as plain, _cut_off(plain, end):
            stream = _secured(target, plain)
            kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
            connection = kind(target.host, target.port)
            connection.sock = stream
            with contextlib.closing(connection):
                connection.request("POST", target.path, body, dict(headers))
                response = connection.getresponse()
                return Answer(response.status, response.read(MOST_BYTES))
    except ssl.SSLCertVerificationError as error:
        raise NotDelivered(f"Its certificate does not hold: {error.verify_message}.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = "it took too long" if time.monotonic() >= end else type(error).__name__
        raise NotDelivered(f"It could not be reached, or did not answer: {what}.") from error


@contextlib.contextmanager
def _connected(target: Target, addresses: Sequence[str], end: float) -> Iterator[socket.socket]:
    left = min(CONNECT_SECONDS, end - time.monotonic())
    with _first(target, addresses, time.monotonic() + left) as plain:
        plain.settimeout(max(0.1, end - time.monotonic()))
        yield plain


def _first(target: Target, addresses: Sequence[str], end: float) -> socket.socket:
    """A connection to the first number that takes one."""
    failure: OSError = TimeoutError("no time left")
    for address in addresses:
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            failure = error
    raise failure


def _secured(target: Target, plain: socket.socket) -> socket.socket:
    if target.scheme != "https":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)


@contextlib.contextmanager
def _cut_off(plain: socket.socket, end: float) -> Iterator[None]:
    """However slowly the other side speaks: time-outs of sockets begin anew with each byte."""
    descriptor = socket.socket(fileno=socket.dup(plain.fileno()))

    def cut() -> None:
        with contextlib.suppress(OSError):
            descriptor.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        descriptor.close()
