"""One bounded request to a provider: https (http on loopback only), no redirects, little time, little text."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

TIMEOUT = (5, 10)  # seconds to connect, and between two pieces of the answer
LARGEST = 256 * 1024


class ProviderUnavailable(Exception):
    """The provider cannot be reached, or its answer cannot be used; the text is for people."""


def is_secure(url: str) -> bool:
    """Whether nobody on the way can read or change what is said to that address."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme != "http":
        return False
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def fetch_json(url: str, headers: dict[str, str] | None = None) -> Any:
    """What is at ``url``. Raises ProviderUnavailable."""
    return read_json(send("GET", url, headers={"Accept": "application/json", **(headers or {})}))


def send(method: str, url: str, **options: Any) -> requests.Response:
    """The answer to one request, at most LARGEST bytes of it. Raises ProviderUnavailable."""
    if not is_secure(url):
        raise ProviderUnavailable(f"{url} is not an https address.")
    options |= {"timeout": TIMEOUT, "allow_redirects": False, "stream": True}
    try:
        with requests.Session() as session:
            session.trust_env = False  # no credentials from a .netrc
            response = session.request(method, url, **options)
            response._content = b"".join(_bounded(response))
    except requests.RequestException as error:
        raise ProviderUnavailable(f"{_host(url)} cannot be reached: {type(error).__name__}.") from error
    return response


def read_json(response: requests.Response) -> Any:
    """The JSON object in an answer with status 200. Raises ProviderUnavailable."""
    if response.status_code != 200:
        raise ProviderUnavailable(f"{_host(response.url)} answered with the status {response.status_code}.")
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"{_host(response.url)} did not answer with a JSON object.")
    return found


def _bounded(response: requests.Response) -> Any:
    size = 0
    for chunk in response.iter_content(16 * 1024):
        size += len(chunk)
        if size > LARGEST:
            raise requests.RequestException("the answer is too large")
        yield chunk


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
