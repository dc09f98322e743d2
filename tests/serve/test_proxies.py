"""Behind a proxy, with both servers: what it says of the client is believed, what anybody else says is not."""

import re

import pytest
import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import select

from registry.domain import credentials
from registry.models import Database, Event
from registry.serving.web import answers
from support.serving import running, until, write_ini

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
WAITRESS = {
    "trusted_proxy": PROXY,
    "trusted_proxy_count": 1,
    "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto",
}
GRANIAN = {"trusted_proxy": PROXY, "workers": 1}
KEYS = {
    "registry.production": "false",
    "registry.require_https": "true",
    "registry.secret": "a-secret-for-tests-only-of-forty-characters",
    "login.developer": "true",
    "limits.failure": "3/minute",
    "limits.login": "1000/minute",
}
ME = "/api/v4/users/me/"


class From(HTTPAdapter):
    """Connections from one address of this machine."""

    def __init__(self, address: str):
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self._address, 0), **options)


class Client:
    def __init__(self, root: str, address: str):
        self._root, self.session = root, requests.Session()
        self.session.mount("http://", From(address))

    def ask(self, path: str, forwarded: str = "", proto: str = "https", verb: str = "GET", **options):
        headers = options.pop("headers", {})
        if forwarded:
            headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": proto, **headers}
        return self.session.request(
            verb, f"{self._root}{path}", headers=headers, timeout=10, allow_redirects=False, **options
        )

    def developer_login(self, forwarded: str):
        """Log in as `ann`; the session's cookie is not wanted."""
        page = self.ask("/login/developer", forwarded, headers={"Accept": "text/html"})
        state = re.search(r'name="state" value="([^"]+)"', page.text)
        form = {"state": state[1] if state else "", "username": "ann"}
        # A browser would not send it over http.
        cookie = {"Cookie": page.headers.get("Set-Cookie", "").partition(";")[0]}
        return self.ask("/login/developer", forwarded, verb="POST", data=form, headers=cookie)


@pytest.fixture(params=["development.ini", "production.ini"])
def root(request, tmp_path, database_url):
    server = WAITRESS if request.param == "development.ini" else GRANIAN
    ini = write_ini(tmp_path, database_url, KEYS, template=request.param, server=server)
    port = re.search(r"^port = (\d+)", ini.read_text(), re.MULTILINE)[1]
    with running("web", ini):
        until(lambda: answers(("127.0.0.1", int(port))), "the server listens")
        yield f"http://127.0.0.1:{port}"


def networks(database: Database, kind: str) -> list[str]:
    with database.read() as connection:
        rows = connection.scalars(select(Event.data).where(Event.kind == kind).order_by(Event.seq))
        return [data["cause"]["network"] for data in rows if "cause" in data]


def test_only_the_proxy_is_believed(root, database):
    def ann(session):
        return credentials.create_token(session, credentials.create_user(session, "ann"), "test")

    token = {"Auth-Token": database.write(ann)}
    proxy, stranger = Client(root, PROXY), Client(root, STRANGER)

    # The proxy: its client's scheme and address count, for limits and events too.
    secure = proxy.ask(ME, "198.51.100.7", headers=token)
    assert secure.status_code == 200
    assert "max-age" in secure.headers["Strict-Transport-Security"]
    body = {"name": "x", "scopes": ["read"]}
    for forwarded in (
        "198.51.100.7",
        "203.0.113.9, 198.51.100.7",
    ):  # what a client says itself stands in front
        made = proxy.ask(f"{ME}tokens/", forwarded, verb="POST", json=body, headers=token)
        assert made.status_code == 201
    assert networks(database, "token.created") == ["198.51.100.0/24"] * 2
    plain = proxy.ask(ME, "198.51.100.7", proto="http", headers=token)
    assert (plain.status_code, plain.json()["code"]) == (403, "ERROR_HTTPS_REQUIRED")
    assert proxy.developer_login("198.51.100.7").status_code == 403
    wrong = {"Auth-Token": "nonsense"}
    found = [proxy.ask(ME, f"198.51.100.{number}", headers=wrong).status_code for number in (1, 1, 1, 1, 2)]
    assert found == [401, 401, 401, 429, 401]

    # Somebody who only says the same: nothing of it counts.
    forged = stranger.ask(ME, "198.51.100.7", headers=token)
    assert (forged.status_code, forged.json()["code"]) == (403, "ERROR_HTTPS_REQUIRED")
    public = stranger.ask("/api/v4/extensions/", "198.51.100.7")
    assert public.status_code == 200
    assert "Strict-Transport-Security" not in public.headers
    assert stranger.developer_login("198.51.100.7").status_code == 303
    assert networks(database, "session.opened") == ["127.0.0.0/24"]
    other = Client(root, STRANGER)  # without the cookie that one has now
    left = [
        int(other.ask("/login/", f"192.0.2.{number}").headers["RateLimit-Remaining"]) for number in (1, 2, 3)
    ]
    assert left == [left[0], left[0] - 1, left[0] - 2]
