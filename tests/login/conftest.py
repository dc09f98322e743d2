import pytest
import webtest

from registry.wsgi import application
from support import issuer
from support.application import configure
from support.browser import Browser


@pytest.fixture(scope="session")
def openid():
    with issuer.openid_provider() as url:
        yield url


@pytest.fixture(scope="session")
def github():
    with issuer.serving(issuer.GitHub) as provider:
        yield provider


@pytest.fixture(scope="session")
def signer():
    with issuer.serving(issuer.Issuer) as provider:
        yield provider


@pytest.fixture
def site(ini, openid, github):
    """The application with two providers."""
    config = configure(
        {
            **ini,
            "huey.class": "huey.MemoryHuey",
            "login.providers": "corp github",
            "login.corp.issuer": openid,
            "login.corp.title": "Example Corp",
            "login.corp.client_id": "registry",
            "login.corp.client_secret": "secret",
            "login.github.client_id": "registry",
            "login.github.client_secret": "secret",
            "login.github.url": github.url,
            "login.github.api_url": github.url,
        }
    )
    yield config
    config.registry["database"].dispose()


@pytest.fixture
def browser(site):
    """Makes browsers, each with cookies of its own."""
    app = application(site)
    return lambda: Browser(webtest.TestApp(app, extra_environ={"REMOTE_ADDR": "127.0.0.1"}))
