"""The signing API where an outside validator is asked: clients wait for it, and read what it found."""

import pytest

from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.settings import read
from support.amo import GUID, local, submission
from support.linter import Linter
from support.samples import webextension


@pytest.fixture
def ini(ini, tmp_path):
    return ini | {
        "validators.addons_linter": str(Linter(tmp_path / "linter").program),
        "validators.folder": f"{tmp_path}/validators",
    }


@pytest.fixture
def work(ini):
    context = open_context(ini, read(ini))

    def work():
        while runner.run_due(context):
            pass

    yield work
    context.database.dispose()


def test_clients_wait_for_the_verdict(app, ann, sign, work):
    made = sign(webextension(), status=201).json
    assert [made[name] for name in ("processed", "valid", "reviewed")] == [False] * 3
    assert made["validation_results"] is None
    work()
    signed = app.get(local(made["url"]), headers=ann).json
    assert [signed[name] for name in ("processed", "valid", "passed_review")] == [True] * 3
    found = signed["validation_results"]
    assert (found["success"], found["errors"], found["warnings"]) == (True, 0, 1)
    assert (found["messages"][0]["file"], found["messages"][0]["line"]) == ("b.js", 3)


def test_what_is_not_valid(app, ann, sign, work):
    package = webextension(files={"behave": b"errors"})
    made = sign(package, status=201).json
    work()
    refused = app.get(local(made["url"]), headers=ann).json
    assert [refused[name] for name in ("processed", "valid", "reviewed", "active")] == [True] + [False] * 3
    assert refused["files"][0]["signed"] is False
    found = refused["validation_results"]
    assert (found["success"], found["errors"], found["warnings"]) == (False, 2, 1)
    assert {message["id"][0] for message in found["messages"]} == {
        "BAD_MANIFEST",
        "EVAL_IN_FILE",
        "DANGEROUS_EVAL",
    }
    assert found["metadata"] == {**found["metadata"], "id": GUID, "version": "1.0", "listed": False}
    assert sign(package, status=200).json == refused
    app.get(submission(), headers=ann, status=200)
