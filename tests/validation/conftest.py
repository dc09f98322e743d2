"""A registry that asks a stand-in for addons-linter, and one who publishes there."""

from collections.abc import Callable

import pytest

from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.settings import read
from support.linter import Linter


@pytest.fixture
def linter(tmp_path) -> Linter:
    return Linter(tmp_path / "linter")


@pytest.fixture
def ini(ini, linter, tmp_path) -> dict[str, str]:
    return ini | {
        "validators.addons_linter": str(linter.program),
        "validators.folder": f"{tmp_path}/validators",
        "validators.seconds": "20",
    }


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


@pytest.fixture
def context(ini):
    context = open_context(ini, read(ini))
    yield context
    context.database.dispose()


@pytest.fixture
def work(context) -> Callable[[], int]:
    """Do the jobs that are due, and those that come of them; their number."""

    def work() -> int:
        total = 0
        while done := runner.run_due(context):
            total += done
        return total

    return work
