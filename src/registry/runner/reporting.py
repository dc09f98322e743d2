"""What a runner and its registry say to each other: RefStack's calls, version 1, with the run's token.

The token goes to the operator's registry and nowhere else, whatever addresses its answers hold. What did not get
through is said again, with longer and longer waits; the registry knows what it has heard before.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from registry.client import said
from registry.oidc.fetch import is_secure
from registry.runner.faults import Cancelled, Exit, RunFault

TIMEOUT = (5, 60)  # seconds to connect, and between two pieces of an answer
SCHEMA = "1"
_STATUSES = (429, 500, 502, 503, 504)
_TEXT = 1000  # characters; the registry takes some more
_Sections = dict[str, dict[str, str]]


class Reporter:
    """Speaks to the registry at ``url`` of one run. All raise RunFault, and Cancelled once the run has ended there."""

    def __init__(self, url: str, run_id: int, token: str, retries: int = 6):
        self.url, self.run_id = url.rstrip("/"), run_id
        if not is_secure(self.url):
            raise RunFault(f"{self.url} is no https address; tokens are sent over https only.", Exit.USAGE)
        self._credential = {"Authorization": f"Bearer {token}"}
        self._patient, self._hasty = _session(retries), _session(0)

    def configuration(self) -> _Sections:
        """What is to be tested. The run has begun when this has been asked for."""
        response = self._ask("GET", f"/v1/get-miniconf?test_id={self.run_id}")
        try:
            found: _Sections = response.json()
            schema = found["meta"]["schema"]
        except (ValueError, KeyError, TypeError):
            raise RunFault("The registry did not answer with a configuration.", Exit.REGISTRY) from None
        if schema != SCHEMA:
            text = f"The configuration is of schema {schema!r}; this runner knows {SCHEMA!r} only."
            raise RunFault(text, Exit.REGISTRY)
        return found

    def say(self, text: str, *, hasty: bool = False, **more: Any) -> None:
        """Say how it goes. ``hasty``: once, and no more if it does not get through."""
        body = {"status": text[:_TEXT], **{name: value for name, value in more.items() if value is not None}}
        answer = self._ask("POST", f"/v1/update-test-status/{self.run_id}", hasty=hasty, json=body)
        if _object(answer).get("cancel_requested"):
            raise Cancelled

    def send(self, file: Path, *, last: bool, hasty: bool = False) -> dict[str, Any]:
        """Send a file of results: the run, as the registry has it then."""
        with file.open("rb") as body:
            answer = self._ask(
                "POST",
                f"/v1/post-result?test_id={self.run_id}&finished={str(last).lower()}",
                hasty=hasty,
                data=body,
                headers={"Content-Type": "application/octet-stream"},
            )
        return _object(answer)

    def look(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """The run as it is by now, as anybody can see it."""
        return _object(self._public(str(run["url"]), "run"))

    def download(self, url: str) -> requests.Response:
        """A file of the registry's, to be read in pieces."""
        return self._public(url, "package", stream=True, headers={"Accept-Encoding": "identity"})

    def _public(self, url: str, what: str, **options: Any) -> requests.Response:
        """What anybody may read, at an address that the registry has said; without the token."""
        if not _same_origin(url, self.url):
            raise RunFault(f"The {what} is said to be at {url}, which is another server.", Exit.REGISTRY)
        response = self._send(self._patient, "GET", url, **options)
        if response.status_code != 200:
            raise RunFault(f"The {what} cannot be had: {said(response)}", Exit.REGISTRY)
        return response

    def _ask(self, method: str, path: str, *, hasty: bool = False, **options: Any) -> requests.Response:
        options["headers"] = {"Accept": "application/json", **options.get("headers", {}), **self._credential}
        session = self._hasty if hasty else self._patient
        response = self._send(session, method, f"{self.url}{path}", **options)
        if response.status_code in (200, 201, 202):
            return response
        if response.status_code == 400 and "RUN_CLOSED" in response.text:
            raise Cancelled(said(response))
        raise RunFault(f"The registry said no: {said(response)}", Exit.REGISTRY)

    def _send(self, session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        try:
            return session.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise RunFault(f"{self.url} cannot be reached: {type(error).__name__}.", Exit.REGISTRY) from error


class Heartbeat:
    """Says every so many seconds that the run goes on, while this context does.

    ``ended`` says why it should not: the registry has cancelled it.
    """

    def __init__(self, say: Callable[..., None], text: str, every: float):
        self._say, self._text, self._every = say, text, every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self.ended: Cancelled | None = None

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()

    def _beat(self) -> None:
        while not self._done.wait(self._every):
            try:
                self._say(self._text, hasty=True)
            except Cancelled as ended:
                self.ended = ended
                return
            except RunFault:
                continue  # the next beat may get through


def _session(retries: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no credentials from a .netrc, and no other authorities
    policy = Retry(
        total=retries,
        status_forcelist=_STATUSES,
        allowed_methods=None,
        backoff_factor=1,
        backoff_jitter=1,
        retry_after_max=120,
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=policy))
    return session


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RunFault("The registry did not answer with a JSON object.", Exit.REGISTRY)
    return found


def _same_origin(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]
