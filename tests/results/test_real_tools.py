"""Files that real tools write of one suite, read alike; and python-subunit's own reader as the judge of ours."""

import io
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import subunit
import testtools
from hypothesis import given, settings
from hypothesis import strategies as st
from subunit.v2 import ByteStreamToStreamResult, StreamResultToBytes

from registry.results import Format, Status, read_results

SUITE = """
import unittest


class Sample(unittest.TestCase):
    def test_pass(self):
        pass

    def test_fail(self):
        self.assertEqual("½", 2)

    def test_error(self):
        raise RuntimeError("boom")

    @unittest.skip("not today")
    def test_skip(self):
        pass

    @unittest.expectedFailure
    def test_xfail(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_xpass(self):
        pass

    def test_sub(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no ground")

    def test_never(self):
        pass
"""

NODE_SUITE = """
import test, {describe, it} from 'node:test';
test('passes', () => {});
test('fails', () => { throw new Error('not ½'); });
test('skipped', {skip: 'why'}, () => {});
test('expected', {todo: 'later'}, () => { throw new Error('x'); });
test('unexpected', {todo: 'later'}, () => {});
describe('suite', () => {
  it('inner', () => {});
  it('inner # hash', () => { throw new Error('bad'); });
  describe('deep', () => { it('leaf', () => {}); });
});
test('parent', async (t) => { await t.test('child', () => {}); });
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """Runs a command in a folder with both suites; gives the folder and what the command has printed."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_sample.py").write_text(SUITE)
    (folder / "sample.test.mjs").write_text(NODE_SUITE)
    (folder / ".stestr.conf").write_text("[DEFAULT]\ntest_path=.\n")

    def run(*command):
        # No plugins of pytest but those that are named.
        environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False
        )
        return folder, done.stdout

    return run


def told(data):
    with read_results(io.BytesIO(data)) as results:
        return results.summary, {r.id.rpartition("Sample")[2].lstrip(".:"): r for r in results}


def check_sample(results, *, xpass="xpassed"):
    expected = {
        "test_pass": "passed",
        "test_fail": "failed",
        "test_error": "failed",
        "test_skip": "skipped",
        "test_xfail": "xfailed",
        "test_xpass": xpass,
    }
    assert {name: str(results[name].status) for name in expected} == expected
    assert "½" in results["test_fail"].message
    assert "Traceback" in results["test_error"].detail or "RuntimeError" in results["test_error"].detail
    assert "not today" in results["test_skip"].message


def check_fixture(results):
    """The setting up of a class that failed is told of, as an error."""
    (broken,) = [r for r in results.values() if r.id.startswith("setUpClass")]
    assert broken.status is Status.ERROR
    assert broken.message == "RuntimeError: no ground"


def test_subunit_run(suite):
    _, stream = suite(sys.executable, "-m", "subunit.run", "test_sample")
    summary, results = told(stream)
    assert summary.format is Format.SUBUNIT_V2
    check_sample(results)
    check_fixture(results)
    assert [r.status for r in results.values() if r.id.endswith("test_never")] == [Status.NOT_RUN]
    assert results["test_sub"].status is Status.FAILED


def test_stestr_prints_version_2_and_keeps_version_1(suite):
    stestr = [sys.executable, "-m", "stestr.cli"]
    suite(*stestr, "init")
    suite(*stestr, "run", "--serial")
    folder, stream = suite(*stestr, "last", "--subunit")
    summary, results = told(stream)
    kept_summary, kept = told((folder / ".stestr" / "0").read_bytes())
    assert (summary.format, kept_summary.format) == (Format.SUBUNIT_V2, Format.SUBUNIT_V1)
    check_sample(results)
    check_fixture(results)
    assert kept == results
    assert (kept_summary.counts, kept_summary.started) == (summary.counts, summary.started)


@pytest.fixture(scope="module")
def by_pytest(suite):
    """One run of pytest and what it leaves: a stream of subunit, `junit.xml` and `ctrf.json` in the folder."""
    plugins = ("-p", "pytest_subunit", "-p", "ctrf.main", "-p", "no:cacheprovider")
    files = ("--subunit", "--junit-xml=junit.xml", "--ctrf=ctrf.json")
    return suite(sys.executable, "-m", "pytest", *plugins, *files, "test_sample.py")


def test_pytest_subunit(by_pytest):
    _, stream = by_pytest
    summary, results = told(stream)
    assert summary.format is Format.SUBUNIT_V2
    check_sample(results, xpass="failed")
    assert results["test_sub"].status is Status.INCOMPLETE


def test_pytest_junit(by_pytest):
    folder, _ = by_pytest
    summary, results = told((folder / "junit.xml").read_bytes())
    assert summary.format is Format.JUNIT
    check_sample(results)
    assert summary.tests == 8
    assert summary.counts[Status.ERROR] == 1


def test_pytest_ctrf(by_pytest):
    folder, _ = by_pytest
    summary, results = told((folder / "ctrf.json").read_bytes())
    assert (summary.format, summary.producer) == (Format.CTRF, "pytest")
    check_sample(results, xpass="failed")


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
@pytest.mark.parametrize("reporter", [Format.TAP, Format.JUNIT])
def test_node(suite, reporter):
    _, stream = suite("node", "--test", f"--test-reporter={reporter}", "sample.test.mjs")
    summary, results = told(stream)
    assert summary.format is reporter
    assert {name: str(r.status) for name, r in results.items()} == {
        "passes": "passed",
        "fails": "failed",
        "skipped": "skipped",
        "expected": "xfailed",
        "unexpected": "xpassed",
        "suite > inner": "passed",
        "suite > inner # hash": "failed",
        "suite > deep > leaf": "passed",
        "parent > child": "passed",
    }
    assert results["fails"].message == "not ½"
    assert all(r.duration is not None for r in results.values())
    assert summary.truncated is None


WORDS = ["exists", "inprogress", "success", "uxsuccess", "skip", "fail", "xfail"]
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "test_id": TEXTS.filter(lambda id: not id.isspace()),
            "test_status": st.sampled_from(WORDS),
            "timestamp": st.none() | st.integers(0, 2**32 - 1).map(lambda s: datetime.fromtimestamp(s, UTC)),
            "test_tags": st.sets(TEXTS, max_size=5),
            "route_code": st.none() | TEXTS,
        },
        optional={
            "file_name": TEXTS,
            "file_bytes": st.binary(max_size=70_000),
            "mime_type": st.sampled_from(["text/plain;charset=utf8", "application/octet-stream"]),
            "eof": st.booleans(),
        },
    ).filter(
        lambda event: (
            ("file_name" in event and "file_bytes" in event) or not {"file_name", "file_bytes"} & {*event}
        )
    ),
    max_size=20,
)


class Judge(testtools.StreamResult):
    """The events that python-subunit reads."""

    def __init__(self):
        self.statuses = {}

    def status(self, test_id=None, test_status=None, **more):
        if test_id is not None:
            self.statuses.setdefault(test_id, []).append(test_status)


OURS = dict(
    zip(WORDS, ("not_run", "incomplete", "passed", "xpassed", "skipped", "failed", "xfailed"), strict=True)
)


@given(EVENTS)
@settings(max_examples=150, deadline=None, database=None)
def test_whatever_python_subunit_writes_is_read_as_it_reads_it(events):
    out = io.BytesIO()
    writer = StreamResultToBytes(out)
    for event in events:
        writer.status(**event)
    judge = Judge()
    ByteStreamToStreamResult(io.BytesIO(out.getvalue())).run(judge)
    if not events:
        return
    _, results = told_by_id(out.getvalue())
    assert {id: str(r.status) for id, r in results.items()} == {
        id: max((OURS[status] for status in statuses), key=list(Status).index)
        for id, statuses in judge.statuses.items()
    }


def told_by_id(data):
    with read_results(io.BytesIO(data)) as results:
        return results.summary, {r.id: r for r in results}


def test_what_python_subunit_writes_as_version_1():
    out = io.BytesIO()
    writer = subunit.TestProtocolClient(out)
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    ids = [f"pkg.mod.Class.test_{word}" for word in ("one [x]", "two ½", "three", "four", "five", "six")]
    ends = (
        lambda test: writer.addSuccess(test),
        lambda test: writer.addFailure(
            test, details={"trace ½": testtools.content.text_content("ends\n]\nhere")}
        ),
        lambda test: writer.addError(
            test, details={"shot": testtools.content.Content(PNG, lambda: [b"\x89", b"]\n"])}
        ),
        lambda test: writer.addSkip(test, "why"),
        lambda test: writer.addExpectedFailure(test, details={}),
        lambda test: writer.addUnexpectedSuccess(test, details={}),
    )
    for number, (id, end) in enumerate(zip(ids, ends, strict=True)):
        test = subunit.RemotedTestCase(id)
        writer.time(now + timedelta(seconds=number))
        writer.startTest(test)
        writer.tags({"quick"}, set())
        writer.time(now + timedelta(seconds=number, milliseconds=250))
        end(test)
        writer.stopTest(test)
    summary, results = told_by_id(out.getvalue())
    assert summary.format is Format.SUBUNIT_V1
    assert [str(r.status) for r in results.values()] == [
        "passed",
        "failed",
        "error",
        "skipped",
        "xfailed",
        "xpassed",
    ]
    assert list(results) == ids
    assert {r.duration for r in results.values()} == {0.25}
    assert {r.tags for r in results.values()} == {("quick",)}
    assert results[ids[1]].detail == "ends\n]\nhere"
    assert results[ids[2]].attachments[0][:3] == ("shot", "image/png", 3)
    assert results[ids[3]].message == "why"
    assert summary.stray_bytes == 0


PNG = testtools.content_type.ContentType("image", "png")
