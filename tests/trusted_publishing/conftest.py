import threading
from collections import namedtuple

import pytest

from support import issuer, shelf
from support.samples import brackets

US = "http://127.0.0.1:6543"
PUBLIC = f"/api/v4/extensions/{shelf.PUBLIC}/"
TRUSTED = f"{PUBLIC}trusted-publishers/"
EXCHANGE = "/api/v4/publish-tokens/"
ME = "/api/v4/users/me/"
Paths = namedtuple("Paths", "us public trusted exchange me")


@pytest.fixture(scope="session")
def signer():
    with issuer.serving(issuer.Issuer) as provider:
        yield provider


@pytest.fixture(scope="session")
def other_signer():
    """An issuer that the registry has not been told of."""
    with issuer.serving(issuer.Issuer) as provider:
        yield provider


@pytest.fixture
def ini(ini, signer):
    return {**ini, "trusted_publishing.issuers": signer.url}


@pytest.fixture
def at():
    """The addresses that these tests speak of; ``us`` is the audience that an identity token must have."""
    return Paths(US, PUBLIC, TRUSTED, EXCHANGE, ME)


@pytest.fixture
def ann(app, accounts, work):
    """The owner of an extension, as headers."""
    shelf.stock(app, accounts, work)
    return accounts.bearer(shelf.OWNER)


@pytest.fixture
def trust(app, ann):
    """Name a trusted publisher, as ann unless said otherwise; its number."""

    def trust(headers=None, **fields):
        body = {"repository": "acme/word-tally", "workflow": "release.yml", **fields}
        return app.post_json(TRUSTED, body, headers=headers or ann, status=201).json["id"]

    return trust


@pytest.fixture
def exchange(app, signer):
    """The answer to an identity token: that one, or one of a good job with other claims."""

    def exchange(token=None, extension=shelf.PUBLIC, **claims):
        body = {"token": signer.sign_job(US, **claims) if token is None else token, "extension": extension}
        return app.post_json(EXCHANGE, body, expect_errors=True)

    return exchange


@pytest.fixture
def publish(app):
    """Send a version with a token; the status of the answer."""

    def publish(token, version="7.0.0", path=f"{PUBLIC}versions/", name=shelf.PUBLIC):
        headers = {"Auth-Token": token}
        return app.post(path, brackets(name, version), headers=headers, expect_errors=True)

    return publish


@pytest.fixture
def at_once():
    """Call a function in many threads; their results, in no order."""

    def run(function, times):
        results = []
        threads = [threading.Thread(target=lambda: results.append(function())) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
