"""CTRF, RefStack's JSON and our own: told apart by what they hold, and stricter than JSON."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from registry.results import DEFAULT_LIMITS, Fault, Outcome
from support.result_files import CTRF, OWN, REFSTACK


def statuses(results):
    return {r.id: str(r.status) for r in results.values()}


def test_ctrf(read):
    summary, results = read(CTRF)
    assert (summary.format, summary.producer, summary.outcome) == ("ctrf", "a-runner", Outcome.FAILED)
    assert statuses(results) == {
        "passes": "passed",
        "a > b > fails": "failed",
        "a > fails too": "error",
        "pending": "skipped",
        "expected": "xfailed",
        "neither": "incomplete",
    }
    passes, fails = results["passes"], results["a > b > fails"]
    assert (passes.duration, passes.started, passes.tags) == (0.25, 1764000000.0, ("fast",))
    assert (fails.message, fails.detail) == ("not ½", "at\nline 3")


def test_refstack_lists_passes_and_proves_no_more(read):
    summary, results = read(REFSTACK)
    assert (summary.format, summary.cpid, summary.duration) == ("refstack", "0123456789abcdef", 90.0)
    assert summary.outcome is Outcome.PASS_ONLY
    assert statuses(results) == {"tempest.a": "passed", "tempest.b": "passed"}
    assert results["tempest.b"].tags == ("id-3e1d2ae9-2a0b-4b2f-8c5e-4b8a1f0f3a61",)


def test_our_own(read):
    summary, results = read(OWN)
    assert (summary.format, summary.producer) == ("json", "own-runner")
    assert statuses(results) == {"a": "error", "b": "failed", "c": "not_run"}
    assert (results["a"].duration, results["a"].tags) == (1.5, ("x", "y"))
    assert results["a"].started == datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
    assert (results["b"].message, results["b"].detail) == ("not ½", "Traceback\nValueError")


def test_names_and_reasons_can_be_kept_in_any_database(read):
    tool = json.dumps({"tool": "a\0" + "b" * 200, "results": [{"id": "a", "status": "passed"}]}).encode()
    assert read(tool)[0].producer == "a\ufffd" + "b" * 98
    cloud = json.dumps({"cpid": "a\0b", "duration_seconds": 1, "results": ["a"]}).encode()
    assert read(cloud)[0].cpid == "a\ufffdb"
    with pytest.raises(Fault, match="levels deep") as refused:
        read(b'{"\\u0000": ' * 70 + b"1" + b"}" * 70)
    assert "\0" not in str(refused.value)


def test_a_byte_order_mark_is_no_harm(read):
    assert read(b"\xef\xbb\xbf" + OWN)[0].tests == 3


def test_a_long_list_is_read_piece_by_piece(read):
    items = [{"id": f"test {n}", "status": "passed", "detail": "x" * 100} for n in range(10_000)]
    assert read(json.dumps({"results": items}).encode())[0].tests == 10_000


def own(**item):
    return json.dumps({"results": [{"id": "a", "status": "passed", **item}]}).encode()


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b'{"results": [', "RESULTS_MALFORMED", "breaks off"),
        (b'{"results": ["a" "b"]}', "RESULTS_MALFORMED", "Expecting ',' delimiter"),
        (b'{"results": ["a"]} more', "RESULTS_MALFORMED", "Extra data"),
        (b'{"results": ["\xff"]}', "RESULTS_MALFORMED", "This is no JSON"),
        (b'{"results": []}', "RESULTS_EMPTY", "empty"),
        (b'{"other": []}', "RESULTS_MALFORMED", "no list of results"),
        (b'{"results": "a"}', "RESULTS_MALFORMED", "no list of results"),
        (b'{"results": [1]}', "RESULTS_MALFORMED", r"results\[0\]"),
        (b'{"results": [""]}', "TEST_ID_MISSING", r"results\[0\]"),
        (b'{"results": [{"uuid": "x"}]}', "TEST_ID_MISSING", r"results\[0\]"),
        (
            b'{"results": ["a", {"id": "b", "status": "passed"}]}',
            "RESULTS_MALFORMED",
            r"results\[1\]: All items",
        ),
        (b'{"results": ["a\\u0000b"]}', "RESULTS_MALFORMED", "NUL"),
        (b'{"duration": NaN, "results": ["a"]}', "RESULTS_MALFORMED", "This is no JSON"),
        (b'{"duration": 1e999, "results": ["a"]}', "RESULTS_MALFORMED", "larger than 64 bits hold"),
        (b'{"duration": -1, "results": ["a"]}', "RESULTS_MALFORMED", "duration: "),
        (b'{"duration": "1", "results": ["a"]}', "RESULTS_MALFORMED", "duration: "),
        (b'{"duration": true, "results": ["a"]}', "RESULTS_MALFORMED", "duration: "),
        (b'{"x": ' + b"9" * 5000 + b"}", "RESULTS_MALFORMED", "larger than 64 bits hold"),
        (b'{"a": 1, "a": 2}', "DUPLICATE_KEY", "'a' is there twice"),
        (
            b'{"results": [{"id": "a", "id": "b", "status": "passed"}]}',
            "DUPLICATE_KEY",
            "'id' is there twice",
        ),
        (b'{"x":' * 100 + b"1" + b"}" * 100, "TOO_DEEP", "64 levels"),
        (b'{"results": [' + b"[" * 100 + b"]" * 100 + b"]}", "TOO_DEEP", "64 levels"),
        (b'{"x": "' + b"x" * 2_000_000 + b'"}', "TOKEN_TOO_LONG", "too long"),
        (b'{"results": [[' + b"1," * 10_001 + b"1]]}", "TOO_MANY_EVENTS", "at most 10000 values"),
        (json.dumps(dict.fromkeys(map(str, range(1001)))).encode(), "TOO_MANY_EVENTS", "at most 1000 keys"),
        (own(status="great"), "RESULTS_MALFORMED", r"results\[0\]\.status: 'great' is none of not_run"),
        (own(status=1), "RESULTS_MALFORMED", r"results\[0\]\.status: This should be text"),
        (own(duration="1"), "RESULTS_MALFORMED", r"results\[0\]\.duration"),
        (own(duration=-0.1), "RESULTS_MALFORMED", r"results\[0\]\.duration"),
        (own(duration=10**400), "RESULTS_MALFORMED", "larger than 64 bits hold"),
        (own(seed=2**64 - 1), "RESULTS_MALFORMED", "larger than 64 bits hold"),
        (b'{"x": "\xed\xa0\x80"}', "RESULTS_MALFORMED", r"not UTF-8\. \(at byte 7\)"),
        (b'{"x": "\xed\xa0\x80" nonsense', "RESULTS_MALFORMED", r"not UTF-8\. \(at byte 7\)"),
        (own(duration=10**18), "RESULTS_MALFORMED", r"results\[0\]\.duration"),
        (own(started="noon"), "RESULTS_MALFORMED", r"results\[0\]\.started"),
        (own(started=5), "RESULTS_MALFORMED", r"results\[0\]\.started"),
        (own(started="0001-01-01T00:00:00Z"), "RESULTS_MALFORMED", r"results\[0\]\.started"),
        (own(message=["x"]), "RESULTS_MALFORMED", r"results\[0\]\.message"),
        (own(tags="x"), "RESULTS_MALFORMED", r"results\[0\]\.tags"),
        (own(tags=[1]), "RESULTS_MALFORMED", r"results\[0\]\.tags"),
        (own(tags=list("abcdefghijklmnopqrstu")), "TOO_MANY_TAGS", r"results\[0\]"),
        (own(id="x" * 1025), "TEST_ID_TOO_LONG", r"results\[0\]"),
        (
            b'{"results": {"tests": [{"name": "a", "status": "won"}]}}',
            "RESULTS_MALFORMED",
            r"tests\[0\]\.status",
        ),
        (
            b'{"results": {"tests": [{"name": "a", "status": "passed", "duration": []}]}}',
            "RESULTS_MALFORMED",
            "durat",
        ),
        (
            b'{"results": {"tests": ["a"]}}',
            "RESULTS_MALFORMED",
            r"results\.tests\[0\]: This should be an object",
        ),
    ],
)
def test_documents_that_are_refused(read, data, code, said):
    with pytest.raises(Fault, match=said) as refused:
        read(data)
    assert refused.value.code == code


def test_the_place_of_a_fault_is_exact_in_a_short_document(read):
    for mark in (b"", b"\xef\xbb\xbf"):
        with pytest.raises(Fault) as refused:
            read(mark + '{"results": ["½" "b"]}'.encode())
        assert refused.value.offset == len(mark + '{"results": ["½" '.encode())


def test_the_place_of_a_fault_is_near_in_a_long_document(read):
    data = b'{"results": [' + b'"a",' * 100_000 + b"nonsense]}"
    with pytest.raises(Fault, match="bytes from here on") as refused:
        read(data)
    assert 0 < len(data) - refused.value.offset <= 64 * 1024


def test_no_more_tests_than_the_limit(read):
    limits = dataclasses.replace(DEFAULT_LIMITS, tests=2)
    with pytest.raises(Fault, match=r"results\[2\]: A run may have at most 2 tests"):
        read(b'{"results": ["a", "b", "c"]}', limits)
