"""Tests about which runs of the same bytes on the same platform do not agree."""

import pytest

from registry.domain import test_flakes as flakes
from support import shelf

BAD, GOOD, SKIPPED = ({"t": status} for status in ("failed", "passed", "skipped"))


@pytest.fixture
def flaky(stocked, extension):
    """Whether the test is, by version."""

    def flaky(query=""):
        where = stocked.get(f"{extension}tests/{query}").json["results"][0]["url"]
        return {each["version"]: each["flaky"] for each in stocked.get(f"{where}{query}").json["results"]}

    return flaky


def test_runs_that_do_not_agree(tested, on, flaky):
    tested(on(), GOOD)
    assert flaky() == {shelf.SIGNED: False}
    tested(on(), BAD)
    assert flaky() == {shelf.SIGNED: True}


@pytest.mark.parametrize(
    "other",
    [
        {"host_version": "1.13"},
        {"os": "windows"},
        {"arch": "arm64"},
        {"locale": "de"},
        {"os_version": "12"},
        {"runtime": "cef"},
    ],
)
def test_another_platform_may_differ(tested, on, flaky, other):
    tested(on(), GOOD)
    tested(on(**other), BAD)
    assert flaky() == {shelf.SIGNED: False}


def test_what_was_not_tried_says_nothing(tested, on, flaky):
    tested(on(), GOOD)
    tested(on(), SKIPPED)
    tested(on(), {"another": "failed"})
    assert flaky() == {shelf.SIGNED: False}


def test_others_are_asked_for_apart(tested, on, flaky):
    tested(on(), GOOD)
    tested(on(), GOOD, user="bob")
    tested(on(), BAD, user="bob")
    assert flaky() == {shelf.SIGNED: False}
    assert flaky("?source=community") == {shelf.SIGNED: True}


def test_a_run_that_is_taken_back(tested, on, flaky, stocked, accounts):
    tested(on(), GOOD)
    run = tested(on(), BAD)
    tested(on(), GOOD)
    assert flaky() == {shelf.SIGNED: True}
    stocked.delete(run["url"], headers=accounts.bearer(shelf.OWNER))
    assert flaky() == {shelf.SIGNED: False}


def test_what_agrees_again(tested, on, flaky, monkeypatch):
    for results in (BAD, GOOD, GOOD):
        tested(on(), results)
    assert flaky() == {shelf.SIGNED: True}
    monkeypatch.setattr(flakes, "MOST_RUNS", 2)
    assert flaky("?source=owner") == {shelf.SIGNED: False}


def test_diffs_say_so(tested, on, stocked):
    base = tested(on(), {"shaky": "passed", "firm": "passed", "gone": "passed"})
    tested(on(), {"shaky": "failed"})
    run = tested(on(), {"shaky": "failed", "firm": "failed", "new": "failed"})
    changes = stocked.get(f"{run['url']}diff/?base={base['id']}").json
    assert {each["test"]: each["flaky"] for each in changes["new_failures"]} == {"shaky": True, "firm": True}
    again = tested(on("1.13"), {"shaky": "failed", "firm": "failed"})
    changes = stocked.get(f"{again['url']}diff/?base={run['id']}").json
    assert {each["test"]: each["flaky"] for each in changes["still_failing"]} == {"shaky": True, "firm": True}
