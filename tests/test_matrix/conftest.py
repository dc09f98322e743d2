"""Versions that were tested, on this and that."""

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
def extension():
    return f"/api/v4/extensions/{shelf.PUBLIC}/"


@pytest.fixture
def version(extension):
    return f"{extension}versions/{shelf.SIGNED}/"


@pytest.fixture
def tested(clock, stocked, accounts, version):
    """Test a version on something, with these statuses by the names of the tests: the run, as it ended."""

    def tested(env, results=None, user=shelf.OWNER, of=version, **options):
        headers = accounts.bearer(user)
        run = stocked.post_json(f"{of}test-runs/", {"env": env, **options}, headers=headers).json
        names = {"t": "passed"} if results is None else results
        body = {"results": [{"id": name, "status": status} for name, status in names.items()]}
        return stocked.post_json(f"{run['url']}results/", body, headers=headers, status=201).json

    return tested


@pytest.fixture
def on():
    """An environment."""

    def on(host_version="1.14.2", os="linux", **more):
        return {"host_app": "brackets", "host_version": host_version, "os": os, **more}

    return on
