"""A credential over plain http from another machine is refused before anybody looks at it."""

import pytest
import webtest

from support.application import configure
from support.wire import assert_failure, send

PUBLIC = "/api/v4/extensions/"
HERE = ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1")
ELSEWHERE = ("192.0.2.7", "10.0.0.1", "0.0.0.0", "2001:db8::1", "::ffff:192.0.2.7", "fe80::1%eth0", "::", "")
ELSEWHERE += ("localhost", "unix:", "127.0.0.1.example.org", "127.0.0.1, 192.0.2.7")


@pytest.fixture
def token(accounts):
    return {"Authorization": f"Bearer {accounts.token('ann')}"}


def test_loopback_is_trusted(app, token):
    for address in HERE:
        assert send(app, "GET", PUBLIC, token, REMOTE_ADDR=address).status_int == 200


def test_from_elsewhere_it_is_refused_unseen(app, accounts, token):
    credentials = (
        token,
        accounts.jwt("ann"),
        {"Auth-Token": "x"},
        {"Authorization": ""},
        {"Authorization": "Basic x"},
    )
    for address in ELSEWHERE:
        for headers in credentials:
            for method, path in (("GET", PUBLIC), ("POST", PUBLIC), ("GET", "/nowhere")):
                answer = send(app, method, path, headers, REMOTE_ADDR=address)
                assert "revoke" in assert_failure(answer, 403, "ERROR_HTTPS_REQUIRED")["detail"]


def test_the_database_is_not_asked(app, config, token, monkeypatch):
    def asked():
        raise AssertionError

    monkeypatch.setattr(config.registry["database"], "read", asked)
    assert_failure(send(app, "GET", PUBLIC, token, REMOTE_ADDR="192.0.2.7"), 403, "ERROR_HTTPS_REQUIRED")


def test_headers_of_a_client_make_no_https(app, token):
    """What a trusted proxy says, the server in front of the application turns into the url scheme."""
    forged = token | {
        "X-Forwarded-Proto": "https",
        "Forwarded": "proto=https;for=127.0.0.1",
        "X-Forwarded-Ssl": "on",
    }
    forged |= {"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "Host": "127.0.0.1"}
    assert_failure(send(app, "GET", PUBLIC, forged, REMOTE_ADDR="192.0.2.7"), 403, "ERROR_HTTPS_REQUIRED")


def test_over_https(app, token):
    over = {"REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "https"}
    assert send(app, "GET", PUBLIC, token, **over).status_int == 200
    assert_failure(send(app, "GET", PUBLIC, {"Auth-Token": "x"}, **over), 401)


def test_anonymous_needs_none(app):
    assert send(app, "GET", PUBLIC, REMOTE_ADDR="192.0.2.7").status_int == 200
    assert_failure(send(app, "POST", PUBLIC, REMOTE_ADDR="192.0.2.7"), 401)


def test_preflights_carry_none(app):
    headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    assert send(app, "OPTIONS", PUBLIC, headers, REMOTE_ADDR="192.0.2.7").status_int == 204


def test_when_the_ini_allows_it(ini, token):
    config = configure({**ini, "registry.require_https": "false"})
    app = webtest.TestApp(config.make_wsgi_app())
    assert send(app, "GET", PUBLIC, token, REMOTE_ADDR="192.0.2.7").status_int == 200
    assert_failure(send(app, "GET", PUBLIC, {"Auth-Token": "x"}, REMOTE_ADDR="192.0.2.7"), 401)
    config.registry["database"].dispose()


def test_when_https_is_required(ini, token):
    """Not even from this machine; and browsers are told to stay with it."""
    config = configure({**ini, "registry.require_https": "true"})
    app = webtest.TestApp(config.make_wsgi_app())
    cookie = {"Cookie": f"{config.registry['sessions'].cookie}=x"}
    for headers in (token, cookie):
        answer = send(app, "GET", PUBLIC, headers, REMOTE_ADDR="127.0.0.1")
        assert_failure(answer, 403, "ERROR_HTTPS_REQUIRED")
    over = {"REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "https"}
    for path in (PUBLIC, "/nowhere"):
        assert "max-age=" in send(app, "GET", path, token, **over).headers["Strict-Transport-Security"]
    plain = send(app, "GET", PUBLIC, REMOTE_ADDR="192.0.2.7")
    assert plain.status_int == 200
    assert "Strict-Transport-Security" not in plain.headers
    config.registry["database"].dispose()


def test_what_a_login_provider_sends_back_is_a_credential_too(ini):
    config = configure({**ini, "registry.require_https": "true"})
    app = webtest.TestApp(config.make_wsgi_app())
    answer = send(app, "GET", "/login/corp/callback?code=x&state=y", REMOTE_ADDR="127.0.0.1")
    assert_failure(answer, 403, "ERROR_HTTPS_REQUIRED")
    assert send(app, "GET", "/login/", REMOTE_ADDR="127.0.0.1").status_int == 200
    over = {"REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "https"}
    assert_failure(send(app, "GET", "/login/corp/callback?code=x&state=y", **over), 404)
    config.registry["database"].dispose()


def test_production_requires_it():
    from registry.settings import HttpsRequired, Settings

    assert Settings(production=True).https_required == HttpsRequired.TRUE
    assert Settings(production=False).https_required == HttpsRequired.LOOPBACK
    assert Settings(production=True, require_https="loopback").https_required == HttpsRequired.LOOPBACK
