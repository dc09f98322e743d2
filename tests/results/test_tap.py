"""TAP: directives, YAML, subtests and plans."""

import pytest

from registry.results import Fault, Outcome, Status
from support.result_files import TAP


def test_points_directives_yaml_and_subtests(read):
    summary, results = read(TAP.encode())
    assert [(r.id, str(r.status)) for r in results.values()] == [
        ("passes", "passed"),
        ("fails", "failed"),
        ("skipped", "skipped"),
        ("expected", "xfailed"),
        ("unexpected", "xpassed"),
        ("suite > inner # 1", "passed"),
        ("suite > #2", "failed"),
        ("#7", "passed"),
    ]
    fails = results["fails"]
    assert (fails.message, fails.duration) == ("not ½", 0.0035)
    assert fails.detail.endswith("  at: line 3\n# and it said this\n")
    assert results["passes"].duration == 0.0125
    assert (results["skipped"].message, results["expected"].message) == ("why", "later")
    assert summary.truncated is None


def statuses(read, text):
    return {r.id: str(r.status) for r in read(text.encode())[1].values()}


def test_a_test_with_subtests_counts_only_where_it_failed_of_itself(read):
    inner = "# Subtest: p\n    ok 1 - a\n    1..1\n"
    assert statuses(read, f"{inner}ok 1 - p\n1..1\n") == {"p > a": "passed"}
    assert statuses(read, f"{inner}not ok 1 - p\n1..1\n") == {"p > a": "passed", "p": "failed"}
    failing = inner.replace("ok 1 - a", "not ok 1 - a")
    assert statuses(read, f"{failing}not ok 1 - p\n1..1\n") == {"p > a": "failed"}


def test_subtests_without_a_name_are_told_apart_by_number(read):
    text = "1..2\n    ok 1 - a\n    1..1\nok 1 - p\n    not ok 1 - a\n    1..1\nnot ok 2 - q\n"
    assert statuses(read, text) == {"#1 > a": "passed", "#2 > a": "failed"}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("1..1\nok 1\n", Outcome.PASSED),
        ("ok 1\n1..1\n", Outcome.PASSED),
        ("1..2\nok 1\n", Outcome.INCOMPLETE),
        ("ok 1\n", Outcome.INCOMPLETE),
        ("1..1\nok 1\nok 2\n", Outcome.INCOMPLETE),
        ("1..999999999\nok 1\n", Outcome.INCOMPLETE),
        ("1..1\n    1..2\n    ok 1 - a\nok 1 - p\n", Outcome.INCOMPLETE),
        ("1..0 # SKIP no tests here\n", Outcome.NO_TESTS),
        ("1..1\nok 1 # skip all\n", Outcome.NO_TESTS),
        ("1..2\nok 1\nBail out! The disk is full\n", Outcome.FAILED),
    ],
)
def test_plans(read, text, outcome):
    assert read(text.encode())[0].outcome is outcome


def test_bail_out_is_an_error_and_says_why(read):
    _, results = read(b"1..1\nBail out! The disk is full\n")
    assert results["Bail out!"].status is Status.ERROR
    assert results["Bail out!"].message == "The disk is full"


def test_what_tests_print_is_passed_over(read):
    summary, results = read(b"starting\nTAP version 13\nokay then\n1..1\nok 1 - a\n\0\xff\n")
    assert list(results) == ["a"]
    assert summary.stray_bytes > 0


def test_a_time_that_is_none_is_no_time(read):
    _, results = read(b"1..2\nok 1 - a # time=1.2.3ms\nok 2 - b # time=2s\n")
    assert (results["a"].duration, results["b"].duration) == (None, 2.0)


def test_a_reason_with_many_blanks_in_it_is_no_work(read):
    said = f"x{' ' * 1_000_000}y"
    _, results = read(f"1..1\nnot ok 1 - a\n  ---\n  message: ' {said}'  \n  ...\n".encode())
    assert results["a"].message == f" {said}"[:1024]


def test_no_deeper_than_the_limit(read):
    with pytest.raises(Fault, match="64 levels"):
        read(b"1..1\n" + b" " * 4 * 65 + b"ok 1\n")
