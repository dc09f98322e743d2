"""A version to be tested, and runs of its tests."""

import pytest
import time_machine

from support import shelf

NOW = 1_900_000_000


@pytest.fixture
def stocked(app, accounts, work):
    """The application with the extensions of `support.shelf`."""
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def clock(stocked):
    """Time stands still, some time after the version was signed."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def runs():
    """Where the runs of the version are."""
    return f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.SIGNED}/test-runs/"


@pytest.fixture
def make(clock, stocked, accounts, runs):
    """Make a run with these options: the answer's JSON."""
    headers = {}

    def make(user=shelf.OWNER, **options):
        if user not in headers:
            headers[user] = accounts.bearer(user)
        return stocked.post_json(runs, options, headers=headers[user], status=201).json

    return make


@pytest.fixture
def post(stocked):
    """What RefStack's runners send; the answer, whatever it is."""

    def post(path, body=b"", token=None, **headers):
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return stocked.post(f"/v1/{path}", body, headers=headers, expect_errors=True)

    return post
