"""Subunit version 1: its lines are told from what tests print, and what is wrong in them is refused with its place."""

import dataclasses

import pytest

from registry.results import DEFAULT_LIMITS, Fault, Outcome, Status
from support.result_files import V1


def test_statuses_details_tags_and_times(read):
    summary, results = read(V1.encode())
    assert summary.format == "subunit-v1"
    assert [(r.id, str(r.status)) for r in results.values()] == [
        ("a.passes", "passed"),
        ("a.fails[x [1]]", "failed"),
        ("a.skipped", "skipped"),
        ("a.error", "error"),
        ("a.expected", "xfailed"),
        ("a.unexpected", "xpassed"),
    ]
    passes, fails, skipped, *_ = results.values()
    assert (passes.duration, passes.tags, passes.detail) == (1.25, ("worker-1",), "hello")
    assert [(a.name, a.media_type, a.size) for a in passes.attachments] == [("shot", "image/png", 4)]
    assert fails.detail == "Traceback:\n]\nValueError: ½\n"
    assert fails.message == "ValueError: ½"
    assert (skipped.message, skipped.tags) == ("why", ("slow",))
    assert summary.stray_bytes == len("printed by a test\n")


def test_a_test_without_a_result_is_incomplete(read):
    summary, results = read(b"test: a\nsuccess: a\ntest: b\n")
    assert results["b"].status is Status.INCOMPLETE
    assert summary.outcome is Outcome.INCOMPLETE
    assert "1 tests" in summary.truncated


@pytest.mark.parametrize(
    "end",
    [
        b"failure: a [\nTraceback\n",
        b"success: a [ multipart\n",
        b"success: a [ multipart\nContent-Type: text/plain\nlog\n5\r\nhel",
        b"success: a [ multipart\nContent-Type: text/plain\nlog\nFFFFFFFF\r\nhello",
    ],
)
def test_details_that_break_off_are_a_run_that_was_not_finished(read, end):
    summary, results = read(b"test: a\n" + end)
    assert summary.truncated
    assert summary.outcome in (Outcome.INCOMPLETE, Outcome.FAILED)
    assert list(results) == ["a"]


def test_what_a_test_prints_is_not_taken_for_a_result(read):
    stream = (
        b"test: a\nerror: no such file\nfailure to connect\ntest data loaded\nsuccess: a\nerror of no test\n"
    )
    summary, results = read(stream)
    assert [(r.id, str(r.status)) for r in results.values()] == [("a", "passed")]
    assert summary.outcome is Outcome.PASSED


def test_two_streams_one_behind_the_other_lose_nothing(read):
    _, results = read(b"test: a\ntest: b\nfailure: b\nsuccess: a\n")
    assert {r.id: str(r.status) for r in results.values()} == {"a": "passed", "b": "failed"}


def test_details_may_be_empty_and_files_begin_with_a_byte_order_mark(read):
    _, results = read(b"\xef\xbb\xbftest: a\nfailure: a [\n]\ntest: b\nskip: b [\n]")
    assert {r.id: (str(r.status), r.detail) for r in results.values()} == {
        "a": ("failed", ""),
        "b": ("skipped", ""),
    }


def test_line_ends_of_windows(read):
    _, results = read(b"test: a\r\nsuccess: a\r\n")
    assert results["a"].status is Status.PASSED


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"success: never begun\n", "NOT_BEGUN"),
        (b"time: yesterday\n", "BAD_TIME"),
        (b"time: 1969-12-31 23:59:59Z\n", "BAD_TIME"),
        (b"time: 0001-01-01 00:00:00+14:00\n", "BAD_TIME"),
        (b"test: \xff\n", "RESULTS_MALFORMED"),
        (b"test:  \n", "TEST_ID_MISSING"),
        (b"test: " + b"x" * 1025 + b"\n", "TEST_ID_TOO_LONG"),
        (b"tags: " + b" ".join(b"t%d" % n for n in range(21)) + b"\n", "TOO_MANY_TAGS"),
        (b"x" * (1024 * 1024 + 1), "LINE_TOO_LONG"),
        (b"x\n" * (32 * 1024 + 1), "TOO_MUCH_STRAY_TEXT"),
    ],
)
def test_what_no_writer_writes_is_refused_with_its_place(read, bad, code):
    good = b"test: a\nsuccess: a\n"
    with pytest.raises(Fault) as refused:
        read(good + bad)
    assert refused.value.code == code
    assert refused.value.format == "subunit-v1"
    assert len(good) <= refused.value.offset <= len(good) + 64 * 1024


@pytest.mark.parametrize(
    "part", [b"Content-Type: nonsense\nx\n", b"nothing\n", b"Content-Type: a/b\nx\n-1\r\n"]
)
def test_parts_that_are_wrong_are_refused(read, part):
    with pytest.raises(Fault, match="Here should be"):
        read(b"test: a\nsuccess: a [ multipart\n" + part + b"0\r\n]\n")


def test_many_short_lines_in_a_detail_are_no_work(read):
    """As many as take python-subunit minutes; the cap on lines is not for them."""
    limits = dataclasses.replace(DEFAULT_LIMITS, events=100)
    _, results = read(b"test: a\nfailure: a [\n" + b"x\n" * 2_000_000 + b"]\ntest: b\nsuccess: b\n", limits)
    assert results["a"].detail_cut
    assert results["b"].status is Status.PASSED
