"""Whatever bytes come: a Fault, or results that say what they may say; never anything else."""

import gzip
import io
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.results import DEFAULT_LIMITS, Fault, Status, read_results
from registry.results.bodies import extract
from support.result_files import FILES
from support.subunit import packet

LIMITS = replace(DEFAULT_LIMITS, unpacked_bytes=200_000, tests=50, detail_bytes=1000, attachment_bytes=100)
bounded = settings(max_examples=80, deadline=None, database=None)


def check(data):
    """Reads, and looks at every fact; True when the bytes were taken."""
    try:
        with read_results(io.BytesIO(data), LIMITS) as results:
            told = list(results)
            summary = results.summary
            contents = [results.content(a) for r in told for a in r.attachments if a.sha256]
    except Fault as fault:
        return str(fault) == ""
    assert summary.tests == len(told) == len(results) == len({result.id for result in told}) <= 50
    assert summary.counts == {status: sum(r.status is status for r in told) for status in Status}
    assert summary.outcome
    assert all(len(content) <= 100 for content in contents)
    for result in told:
        assert 0 < len(result.id) <= 1024
        assert len(result.message) <= 1024
        assert len(result.detail.encode()) <= 1003  # a character that was cut is replaced by a longer one
        for text in (result.id, result.message, result.detail, *result.tags):
            assert "\0" not in text.encode().decode()
        assert result.started is None or result.started >= 0
        assert result.duration is None or 0 <= result.duration < float("inf")
    return True


@pytest.mark.parametrize("name", FILES)
def test_the_examples_themselves_are_taken(name):
    assert check(FILES[name])


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@bounded
def test_flipped_bits_are_refused_or_read(name, data):
    file = bytearray(FILES[name])
    for place in data.draw(st.lists(st.integers(0, len(file) * 8 - 1), min_size=1, max_size=4)):
        file[place // 8] ^= 1 << place % 8
    check(bytes(file))


GREEN = {
    "subunit-v2": b"".join(packet(id, "exists") for id in "ab")
    + b"".join(packet(id, "success") for id in "ab"),
    "junit": b"<testsuites><testcase name='a'/><testcase name='b'/></testsuites>",
    "tap": b"1..2\nok 1 - a\nok 2 - b\n",
    "json": b'{"results": [{"id": "a", "status": "passed"}, {"id": "b", "status": "passed"}]}',
}


@pytest.mark.parametrize("name", GREEN)
def test_a_file_that_breaks_off_anywhere_is_never_a_pass_of_less(name):
    file = GREEN[name]
    for end in range(len(file) + 1):
        try:
            with read_results(io.BytesIO(file[:end])) as results:
                assert results.summary.outcome != "passed" or len(results) == 2
        except Fault:
            assert end < len(file)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@bounded
def test_parts_that_changed_places_are_refused_or_read(name, data):
    file = FILES[name]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), min_size=1, max_size=5)))
    parts = [file[a:b] for a, b in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    check(b"".join(data.draw(st.lists(st.sampled_from(parts), max_size=8))))


@given(st.binary(max_size=400))
@example(b"\xb3")
@example(b"\xef\xbb\xbf")
@example(b"{")
@example(b"<")
@example(b"1..1")
@example(gzip.compress(b""))
@bounded
def test_any_bytes_are_refused_or_read(data):
    check(data)
    check(gzip.compress(data, mtime=0))


@given(
    st.binary(max_size=300),
    st.sampled_from(
        ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\xff;=", "a/b; c"]
    ),
    st.sampled_from(["", "gzip"]),
)
@bounded
def test_any_body_is_refused_or_taken(data, content_type, encoding):
    file = io.BytesIO()
    try:
        extract(iter([data]), content_type, encoding, file.write, LIMITS)
    except Fault:
        return
    assert file.getvalue()


def test_the_size_of_reads_makes_no_difference():
    class Dribble(io.BytesIO):
        def read(self, size=-1):
            return super().read(random.Random(size).randint(1, 5))

    for name, file in FILES.items():
        with read_results(io.BytesIO(file)) as whole, read_results(Dribble(file)) as pieces:
            assert list(whole) == list(pieces), name
            assert whole.summary == pieces.summary, name
