"""Subunit version 2: what its writers write is read, and what they never write is refused, with its place."""

import dataclasses
import hashlib
import io

import pytest

from registry.results import DEFAULT_LIMITS, Fault, Outcome, Status, read_results
from registry.results.sources import CHUNK
from support.subunit import framed, number, packet, string

START = 1_700_000_000.0


def ended(id, status, **parts):
    return packet(id, "inprogress", time=START) + packet(id, status, time=START + 1.5, **parts)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("exists", Status.NOT_RUN),
        ("inprogress", Status.INCOMPLETE),
        ("success", Status.PASSED),
        ("uxsuccess", Status.XPASSED),
        ("skip", Status.SKIPPED),
        ("fail", Status.FAILED),
        ("xfail", Status.XFAILED),
    ],
)
def test_each_status_is_one_of_ours(read, said, status):
    summary, results = read(packet("a.test", said))
    assert results["a.test"].status is status
    assert summary.counts[status] == summary.tests == 1
    assert summary.format == "subunit-v2"


@pytest.mark.parametrize(
    "order", [("fail", "success"), ("success", "fail"), ("exists", "fail", "inprogress")]
)
def test_the_worst_of_several_results_of_a_test_counts(read, order):
    summary, results = read(b"".join(packet("a", status) for status in order))
    assert results["a"].status is Status.FAILED
    assert summary.tests == 1
    assert summary.outcome is Outcome.FAILED


def test_a_test_runs_from_inprogress_to_its_end(read):
    stream = packet("a", "exists", time=START - 100) + ended("a", "success")
    summary, results = read(stream)
    assert results["a"].started == START
    assert results["a"].duration == 1.5
    assert summary.started.timestamp() == START
    assert summary.duration == 1.5


def test_tests_that_run_side_by_side_are_told_apart(read):
    stream = packet("a", "inprogress", time=START, route="0") + packet(
        "b", "inprogress", time=START + 1, route="1"
    )
    stream += packet("a", "success", time=START + 3, route="0") + packet(
        "b", "fail", time=START + 2, route="1"
    )
    _, results = read(stream)
    assert [(r.id, r.status, r.duration) for r in results.values()] == [
        ("a", "passed", 3.0),
        ("b", "failed", 1.0),
    ]


def test_the_setting_up_of_a_class_that_failed_is_an_error_and_its_tests_have_not_run(read):
    stream = packet("mod.Class.test", "exists") + packet("setUpClass (mod.Class)", "fail")
    summary, results = read(stream)
    assert results["setUpClass (mod.Class)"].status is Status.ERROR
    assert results["mod.Class.test"].status is Status.NOT_RUN
    assert summary.outcome is Outcome.FAILED


def test_texts_are_the_detail_and_other_files_are_attachments(read):
    def piece(id, name, media_type, data):
        return packet(id, name=name, media_type=media_type, data=data)

    stream = (
        piece("a", "traceback", 'text/plain;charset="utf8"', b"Traceback:\n  it was ")
        + piece("b", "log", "text/plain", b"of another")
        + piece("a", "traceback", 'text/plain;charset="utf8"', "not 4 but ½\n".encode())
        + piece("a", "shot.png", "image/png", b"\x89PNG")
        + piece("a", "shot.png", "image/png", b"\r\n")
        + packet("a", "fail")
    )
    with read_results(io.BytesIO(stream)) as results:
        a, b = results
        assert a.detail == "Traceback:\n  it was not 4 but ½\n"
        assert a.message == "it was not 4 but ½"
        assert (b.detail, b.message) == ("of another", "")
        (shot,) = a.attachments
        assert (shot.name, shot.media_type, shot.size) == ("shot.png", "image/png", 6)
        assert shot.sha256 == hashlib.sha256(b"\x89PNG\r\n").hexdigest()
        assert results.content(shot) == b"\x89PNG\r\n"


def test_more_than_one_text_is_told_apart_by_name(read):
    stream = packet("a", name="stdout", media_type="text/plain", data=b"hello")
    stream += packet("a", "fail", name="traceback", media_type="text/plain", data=b"Error\n")
    _, results = read(stream)
    assert results["a"].detail == "stdout:\nhello\ntraceback:\nError\n"


def test_a_long_detail_is_cut_and_says_so(read):
    stream = b"".join(
        packet("a", name="log", media_type="text/plain", data="½".encode() * 10_001) for _ in range(5)
    )
    _, results = read(stream + packet("a", "fail"))
    assert results["a"].detail_cut
    assert 64 * 1024 - 2 <= len(results["a"].detail.encode()) <= 64 * 1024


def test_attachments_beyond_a_limit_are_told_of_and_not_kept(read):
    limits = dataclasses.replace(DEFAULT_LIMITS, attachment_bytes=10, attachments_bytes=15)
    stream = b"".join(
        packet(id, "success", name="x", data=b"." * size) for id, size in [("a", 11), ("b", 10), ("c", 6)]
    )
    _, results = read(stream, limits)
    assert [r.attachments[0].sha256 is not None for r in results.values()] == [False, True, False]
    assert results["c"].attachments[0].size == 6


def test_a_stream_that_breaks_off_is_a_run_that_was_not_finished(read):
    stream = packet("a", "success") + packet("b", "success")
    summary, results = read(stream[:-3])
    assert list(results) == ["a"]
    assert f"at byte {len(stream) // 2}" in summary.truncated
    assert summary.outcome is Outcome.INCOMPLETE


def test_text_between_packets_is_counted_and_passed_over(read):
    stream = "hello — ³ó\n".encode() + packet("a", "success") + b"bye\n" + packet("b", "success") + b"\n"
    summary, results = read(stream)
    assert list(results) == ["a", "b"]
    assert summary.stray_bytes == len("hello — ³ó\nbye\n\n".encode())
    assert summary.outcome is Outcome.PASSED


@pytest.mark.parametrize("before", range(1, 4))
def test_text_may_go_on_in_the_next_chunk_wherever_it_is_parted(read, before):
    text = "³ó³".encode()  # the second byte of each is a signature, too
    packets = packet("a", "success") * ((CHUNK - 100) // len(packet("a", "success")))
    stream = packets + b"." * (CHUNK - len(packets) - before) + text + packet("b", "success")
    summary, results = read(stream)
    assert list(results) == ["a", "b"]
    assert summary.stray_bytes == CHUNK - len(packets) - before + len(text)


GOOD = packet("a", "success")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"\xb3\x3b\x03" + GOOD[3:], "WRONG_VERSION"),
        (b"\xb3\x2b\x0b" + GOOD[3:], "WRONG_VERSION"),
        (framed(0x2803, string("b"), length=0), "RESULTS_MALFORMED"),
        (framed(0x2803, string("b"), length=7), "RESULTS_MALFORMED"),
        (b"\xb3\x28\x03\xff\xff\xff\xff" + b"." * 100, "RESULTS_MALFORMED"),
        (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "CRC_MISMATCH"),
        (framed(0x2803, string("b")[:-1]), "RESULTS_MALFORMED"),
        (framed(0x2803, string("b") + b"more"), "RESULTS_MALFORMED"),
        (framed(0x2803, b""), "RESULTS_MALFORMED"),
        (framed(0x2803, string(b"\xff\xfe")), "RESULTS_MALFORMED"),
        (framed(0x2803, string(b"a\0b")), "RESULTS_MALFORMED"),
        (framed(0x2803, string("")), "TEST_ID_MISSING"),
        (framed(0x2803, string("x" * 1025)), "TEST_ID_TOO_LONG"),
        (framed(0x2883, string("b") + number(2**30 - 1)), "TOO_MANY_TAGS"),
        (packet("b", "success", tags=tuple(map(str, range(21)))), "TOO_MANY_TAGS"),
        (packet("b", "success", tags=("x" * 256,)), "RESULTS_MALFORMED"),
        (framed(0x2A03, b"\0\0\0\0" + number(10**9) + string("b")), "RESULTS_MALFORMED"),
        (framed(0x2843, string("b") + string("f") + number(99) + b"short"), "RESULTS_MALFORMED"),
        (b"\xff\xfe\xfd is no text", "RESULTS_MALFORMED"),
        (b"." * (64 * 1024 + 1), "TOO_MUCH_STRAY_TEXT"),
    ],
)
def test_what_no_writer_writes_is_refused_with_its_place(read, bad, code):
    with pytest.raises(Fault) as refused:
        read(GOOD + bad + GOOD)
    assert refused.value.code == code
    assert refused.value.format == "subunit-v2"
    assert refused.value.offset == len(GOOD)


def test_too_many_tests_are_refused(read):
    limits = dataclasses.replace(DEFAULT_LIMITS, tests=2)
    read(packet("a", "success") + packet("b", "success") + packet("a", "success"), limits)
    with pytest.raises(Fault, match="at most 2 tests"):
        read(packet("a", "success") + packet("b", "success") + packet("c", "success"), limits)


def test_text_without_a_packet_is_no_stream(read):
    """That a byte in it could begin one makes it none."""
    with pytest.raises(Fault, match="no packet") as refused:
        read("5 m³\n".encode())
    assert refused.value.code == "UNKNOWN_FORMAT"
