"""The command line as a client of a registry: logs in once, remembers it, speaks to nobody else.

A credential is sent over https only, whose certificate is checked, or to this machine; there is no switch
against that. What is remembered lies in one file that only its user can read.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from registry.oidc.fetch import is_secure

TIMEOUT = (5, 40)
# A JWT that is about to expire is not worth sending.
MARGIN = 30


class ClientError(Exception):
    """The registry said no, or nothing; the text is for people."""


class Remembered:
    """The logins of this user, by the address of the registry, in ``credentials.json``."""

    def __init__(self, folder: Path | None = None):
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self.path = (folder or base / "registry") / "credentials.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads to change it meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def get(self, url: str) -> dict[str, Any] | None:
        found = self._all().get(url)
        return found if isinstance(found, dict) else None

    def put(self, url: str, login: dict[str, Any] | None) -> None:
        """Remember a login, or forget it if it is None."""
        logins = {**self._all(), url: login}
        if login is None:
            del logins[url]
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(logins, file, indent=2)
        draft.replace(self.path)

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class Client:
    """Requests to the registry at ``url``, with a personal token or as the user who logged in there."""

    def __init__(self, url: str, remembered: Remembered | None = None, token: str | None = None):
        self.url = url.rstrip("/")
        self.remembered = remembered or Remembered()
        if not is_secure(self.url):
            raise ClientError(f"{self.url} is not an https address; credentials are sent over https only.")
        self._token = token
        self._session = requests.Session()
        self._session.trust_env = False

    def post(self, path: str, **fields: str) -> requests.Response:
        """Send a form without any credential but what is in it."""
        return self._send("POST", path, data=fields)

    def get(self, path: str) -> Any:
        """What is at ``path``, asked for with one's login. Raises ClientError."""
        response = self.request("GET", path)
        if response.status_code != 200:
            raise ClientError(said(response))
        return response.json()

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """The answer to a request with one's credential and, unless it is None, a JSON ``body``."""
        credential = {"Authorization": f"Bearer {self._token or self._access_token()}"}
        return self._send(method, path, json=body, headers={**(headers or {}), **credential})

    def keep(self, tokens: dict[str, Any]) -> None:
        """Remember what the token endpoint answered."""
        self.remembered.put(
            self.url,
            {
                "access_token": tokens["access_token"],
                "refresh_token": tokens["refresh_token"],
                "expires": time.time() + tokens["expires_in"],
            },
        )

    def _access_token(self) -> str:
        # Of two commands that refresh at once the second would look like a thief.
        with self.remembered.locked():
            return self._fresh_token()

    def _fresh_token(self) -> str:
        login = self.remembered.get(self.url)
        if login is None:
            raise ClientError(f"You are not logged in at {self.url}. Run: registry login {self.url}")
        if login["expires"] - MARGIN < time.time():
            response = self.post(
                "/oauth/token", grant_type="refresh_token", refresh_token=login["refresh_token"]
            )
            if response.status_code == 400:
                self.remembered.put(self.url, None)
                raise ClientError(f"{said(response)} Run: registry login {self.url}")
            if response.status_code != 200:
                raise ClientError(said(response))
            self.keep(response.json())
            login = self.remembered.get(self.url) or login
        return str(login["access_token"])

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self.url}{path}", timeout=TIMEOUT, allow_redirects=False, **options
            )
        except requests.RequestException as error:
            raise ClientError(f"{self.url} cannot be reached: {type(error).__name__}.") from error


def said(response: requests.Response) -> str:
    """What an answer says is wrong."""
    try:
        body = response.json()
        if response.status_code == 400 and "detail" not in body:
            text = " ".join(f"{field}: {message}" for field in body for message in body[field])
        else:
            text = str(body["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The registry answered with the status {response.status_code}."
    return "".join(character if character.isprintable() else "?" for character in text)


def error_of(response: requests.Response) -> str:
    """OAuth's word for what is wrong."""
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return "unknown"
