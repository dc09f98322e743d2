"""What differs between two runs."""

import pytest

from support import shelf
from support.wire import assert_failure

KINDS = ("new_failures", "fixed", "still_failing", "appeared", "disappeared")


def test_every_kind(tested, on, stocked):
    before = {
        "breaks": "passed",
        "breaks skipped": "skipped",
        "mended": "failed",
        "mended xfail": "error",
        "bad": "failed",
        "bad otherwise": "error",
        "gone": "passed",
        "gone bad": "failed",
        "skipped now": "failed",
        "good": "passed",
    }
    now = {
        "breaks": "failed",
        "breaks skipped": "xpassed",
        "mended": "passed",
        "mended xfail": "xfailed",
        "bad": "failed",
        "bad otherwise": "failed",
        "new": "passed",
        "new bad": "failed",
        "skipped now": "skipped",
        "good": "passed",
    }
    base, run = tested(on(), before), tested(on(), now)
    answer = stocked.get(f"{run['url']}diff/?base={base['id']}").json
    found = {
        kind: sorted((each["test"], each["before"], each["status"]) for each in answer[kind])
        for kind in KINDS
    }
    assert found == {
        "new_failures": [("breaks", "passed", "failed"), ("breaks skipped", "skipped", "xpassed")],
        "fixed": [("mended", "failed", "passed"), ("mended xfail", "error", "xfailed")],
        "still_failing": [("bad", "failed", "failed"), ("bad otherwise", "error", "failed")],
        "appeared": [("new", None, "passed"), ("new bad", None, "failed")],
        "disappeared": [("gone", "passed", None), ("gone bad", "failed", None)],
    }
    assert answer["counts"] == dict.fromkeys(KINDS, 2)
    assert (answer["run"], answer["base"]) == (run["url"], base["url"])
    for kind in KINDS:
        for each in answer[kind]:
            assert stocked.get(each["url"]).json["test"] == each["test"]
    same = stocked.get(f"{run['url']}diff/?base={run['id']}").json
    assert {kind: len(same[kind]) for kind in KINDS if same[kind]} == {"still_failing": 5}


def test_many_are_counted_and_the_first_are_shown(tested, on, stocked):
    names = [f"t{number:04}" for number in range(1000)]
    base = tested(on(), dict.fromkeys(names, "passed"))
    run = tested(on(), dict.fromkeys(names[:600], "failed"))
    answer = stocked.get(f"{run['url']}diff/?base={base['id']}").json
    assert answer["counts"] == {
        "new_failures": 600,
        "fixed": 0,
        "still_failing": 0,
        "appeared": 0,
        "disappeared": 400,
    }
    assert [each["test"] for each in answer["new_failures"]] == names[:200]
    assert [each["test"] for each in answer["disappeared"]] == names[600:800]


@pytest.mark.parametrize("base", ["", "0", "x", "999", str(2**63)])
def test_a_base_that_is_not_there(tested, on, stocked, base):
    run = tested(on())
    answer = stocked.get(f"{run['url']}diff/?base={base}", expect_errors=True)
    assert "base" in assert_failure(answer, 400)


def test_runs_of_another_extension(tested, on, stocked):
    run = tested(on())
    other = tested(on(), of=f"/api/v4/extensions/{shelf.ADDON}/versions/{shelf.SIGNED}/")
    answer = stocked.get(f"{run['url']}diff/?base={other['id']}", expect_errors=True)
    assert "base" in assert_failure(answer, 400)
