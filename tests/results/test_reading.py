"""What holds for every format: it is recognised, unpacked, limited, merged and summed up."""

import dataclasses
import gzip
import io

import pytest

from registry.results import (
    ANONYMOUS_LIMITS,
    DEFAULT_LIMITS,
    Fault,
    Outcome,
    Status,
    outcome,
    read_results,
    sniff,
    worst,
)
from support.result_files import FILES
from support.subunit import packet


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_its_format_itself_packed_or_not(name):
    # The three kinds of JSON are told apart when they are read.
    expected = "json" if FILES[name].startswith(b"{") else name
    assert sniff(FILES[name]) == sniff(gzip.compress(FILES[name])) == expected
    with (
        read_results(io.BytesIO(FILES[name])) as plain,
        read_results(io.BytesIO(gzip.compress(FILES[name]))) as packed,
    ):
        assert plain.summary.format == name
        assert list(plain) == list(packed)
        assert plain.summary == packed.summary
        assert plain.summary.size == len(FILES[name])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "RESULTS_EMPTY"),
        (b" \r\n\t", "RESULTS_EMPTY"),
        (b"\xef\xbb\xbf", "RESULTS_EMPTY"),
        (gzip.compress(b"", mtime=0), "RESULTS_EMPTY"),
        (b"PK\x03\x04", "UNKNOWN_FORMAT"),
        (b"all went well", "UNKNOWN_FORMAT"),
        (b'["a"]', "UNKNOWN_FORMAT"),
        (gzip.compress(gzip.compress(b"1..1\nok\n", mtime=0), mtime=0), "UNKNOWN_FORMAT"),
        (b"\x1f\x8b nonsense", "GZIP_DAMAGED"),
        (gzip.compress(b"1..1\nok\n", mtime=0)[:-1], "GZIP_DAMAGED"),
        (gzip.compress(b"1..1\nok\n", mtime=0) + b"more", "GZIP_DAMAGED"),
        (gzip.compress(b"1..1\nok\n", mtime=0) + gzip.compress(b"", mtime=0) * 10_001, "GZIP_DAMAGED"),
    ],
)
def test_files_that_are_no_results(read, data, code):
    with pytest.raises(Fault) as refused:
        read(data)
    assert refused.value.code == code
    assert not refused.value.too_large


def test_damaged_gzip_is_told_from_its_first_bytes():
    with pytest.raises(Fault, match="damaged"):
        sniff(b"\x1f\x8b nonsense")


def test_gzip_in_several_members_is_one_file(read):
    assert (
        read(gzip.compress(b"1..2\nok 1 - a\n", mtime=0) + gzip.compress(b"ok 2 - b\n", mtime=0))[0].tests
        == 2
    )


STREAM = b"".join(packet(f"test {number}", "success") for number in range(1000))


@pytest.mark.parametrize("data", [STREAM, gzip.compress(STREAM, mtime=0)])
def test_more_bytes_than_the_limit_are_too_large(read, data):
    read(data, dataclasses.replace(DEFAULT_LIMITS, unpacked_bytes=len(STREAM)))
    with pytest.raises(Fault, match="Too large") as refused:
        read(data, dataclasses.replace(DEFAULT_LIMITS, unpacked_bytes=len(STREAM) - 1))
    assert refused.value.too_large


def test_a_bomb_is_refused_before_it_is_unpacked(read):
    bomb = gzip.compress(b"1..1\nok 1\n" + (b"#" * 1000 + b"\n") * 10_000)
    with pytest.raises(Fault, match="100 times its packed size") as refused:
        read(bomb)
    assert refused.value.too_large


@pytest.mark.parametrize(
    "part",
    [
        packet(status="exists"),
        b"test: a\nsuccess: a\n",
        b"#\n",
        b"ok 1 - a\n",
    ],
)
def test_too_many_small_parts_are_refused(read, part):
    head = b"1..1\n" if part[:1] in (b"#", b"o") else b""
    limits = dataclasses.replace(DEFAULT_LIMITS, events=1000)
    read(head + part * 100, limits)
    with pytest.raises(Fault) as refused:
        read(head + part * 1100, limits)
    assert refused.value.code == "TOO_MANY_EVENTS"


@pytest.mark.parametrize("case", ["<testcase name='a'/>", "<x/>"])
def test_too_many_elements_are_refused(read, case):
    with pytest.raises(Fault) as refused:
        read(
            f"<testsuites>{case * 1100}</testsuites>".encode(),
            dataclasses.replace(DEFAULT_LIMITS, events=1000),
        )
    assert refused.value.code == "TOO_MANY_EVENTS"


@pytest.mark.parametrize(
    "document", [b'{"results": [' + b'"a",' * 1100 + b'"a"]}', b'{"x": [' + b"1," * 5000 + b"1]}"]
)
def test_too_many_values_are_refused(read, document):
    with pytest.raises(Fault) as refused:
        read(document, dataclasses.replace(DEFAULT_LIMITS, events=1000))
    assert refused.value.code == "TOO_MANY_EVENTS"


def test_anonymous_results_keep_no_attachments(read):
    _, results = read(packet("a", "success", name="x", data=b"."), ANONYMOUS_LIMITS)
    assert results["a"].attachments[0].sha256 is None


@pytest.mark.parametrize(
    ("counts", "more", "expected"),
    [
        ({Status.PASSED: 1}, {}, Outcome.PASSED),
        ({Status.PASSED: 1, Status.SKIPPED: 9, Status.XFAILED: 9}, {}, Outcome.PASSED),
        ({Status.PASSED: 1}, {"pass_only": True}, Outcome.PASS_ONLY),
        ({Status.PASSED: 1}, {"truncated": True}, Outcome.INCOMPLETE),
        ({Status.PASSED: 1, Status.NOT_RUN: 1}, {}, Outcome.INCOMPLETE),
        ({Status.PASSED: 1, Status.INCOMPLETE: 1}, {}, Outcome.INCOMPLETE),
        ({Status.PASSED: 1, Status.FAILED: 1}, {"truncated": True}, Outcome.FAILED),
        ({Status.PASSED: 1, Status.ERROR: 1}, {}, Outcome.FAILED),
        ({Status.PASSED: 1, Status.XPASSED: 1}, {}, Outcome.FAILED),
        ({Status.SKIPPED: 1, Status.XFAILED: 1}, {}, Outcome.NO_TESTS),
        ({}, {}, Outcome.NO_TESTS),
    ],
)
def test_what_results_come_to(counts, more, expected):
    assert outcome(counts, **more) is expected


def test_the_worst_counts():
    order = ["error", "failed", "xpassed", "xfailed", "skipped", "passed", "incomplete", "not_run"]
    for better, worse in zip(order[1:], order, strict=False):
        assert worst(Status(better), Status(worse)) is Status(worse)
        assert worst(Status(worse), Status(better)) is Status(worse)
