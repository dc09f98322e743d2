"""Which addresses may be told something: https, at the usual port, on the public internet.

The lists are our own: ``ipaddress.is_global`` lets through what leads back inside (NAT64, 6to4, site-local).
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

Resolver = Callable[[str, int], list[str]]

LONGEST_URL = 2000
RESOLVE_SECONDS = 5.0
PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]{2,45}")
_VISIBLE = re.compile(r"[!-~]+")
# RFC 6890 and its successors: what is not on the public internet, or is another machine's word for it.
_DENIED_4 = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 "
        "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    ).split()
]
# Of IPv6 only global unicast, without what holds IPv4 addresses (Teredo, 6to4) or is for documentation.
_ALLOWED_6 = ipaddress.ip_network("2000::/3")
_DENIED_6 = [ipaddress.ip_network(text) for text in "2001::/23 2001:db8::/32 2002::/16 3fff::/20".split()]
# A name whose server says nothing holds a thread for as long as the system waits, and nobody else's.
AT_ONCE = 4
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="resolve")
_turns = threading.BoundedSemaphore(AT_ONCE)


class BadTarget(Exception):
    """Nothing is sent there; the text is for people and tells nothing that they did not know."""


class Busy(BadTarget):
    """So many names are being looked up that this one was not."""


@dataclass(frozen=True)
class Target:
    """Where to send. ``path`` is with its query."""

    scheme: str
    host: str
    port: int
    path: str


def parse(url: str, *, allow_local: bool = False) -> Target:
    """The parts of an address. Raises BadTarget for one that cannot be a webhook's."""
    if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise BadTarget(f"This must be an https address of at most {LONGEST_URL} ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadTarget("This is not an address.") from None
    if parts.scheme != "https" and not (allow_local and parts.scheme == "http"):
        raise BadTarget("This must be an https address.")
    if "@" in parts.netloc or parts.fragment:
        raise BadTarget("There can be no user name, password or fragment in it.")
    if not _HOST.fullmatch(host):
        raise BadTarget("There is no host in it, or not one in ASCII.")
    usual = PORTS[parts.scheme]
    if port not in (None, usual) and not allow_local:
        raise BadTarget(f"The port can only be {usual}.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, usual if port is None else port, path)


def resolve(
    target: Target, resolver: Resolver, *, allow_local: bool = False, patience: float = 0.0
) -> list[str]:
    """The numbers to connect to. Raises BadTarget when there are none, or one of them is not to be connected to.

    Raises Busy when others' names are looked up for longer than ``patience`` seconds.
    """
    found = _look_up(target, resolver, patience)
    if not found:
        raise BadTarget("The name of its host cannot be resolved.")
    if not all(is_safe(address, allow_local=allow_local) for address in found):
        raise BadTarget("Its host is not one on the public internet.")
    return list(dict.fromkeys(found))


def _look_up(target: Target, resolver: Resolver, patience: float) -> list[str]:
    if not _turns.acquire(timeout=patience):
        raise Busy("Too many names are being looked up; try again later.")

    def work() -> list[str]:
        try:
            return resolver(target.host, target.port)
        finally:
            _turns.release()

    try:
        return _threads.submit(work).result(RESOLVE_SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        return []


def is_safe(address: str, *, allow_local: bool = False) -> bool:
    """Whether anybody on the internet could connect to that number; this machine too if ``allow_local``."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if allow_local and ip.is_loopback:
        return True
    if ip.version == 4:
        return not any(ip in network for network in _DENIED_4)
    return ip in _ALLOWED_6 and not any(ip in network for network in _DENIED_6)


def system(host: str, port: int) -> list[str]:
    """What this machine says is behind a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
