"""JUnit's XML: every case counts once, wherever it is, and nothing in the document can do harm."""

import pytest

from registry.results import Fault, Status
from support.result_files import JUNIT


def test_cases_results_texts_and_times(read):
    summary, results = read(JUNIT.encode())
    assert [(r.id, str(r.status)) for r in results.values()] == [
        ("a.B.passes", "passed"),
        ("a.B.fails", "failed"),
        ("a.B.error", "error"),
        ("a.B.skipped", "skipped"),
        ("a.B.xfail", "xfailed"),
        ("a.B.xpass", "xpassed"),
        ("all > inner > leaf", "passed"),
    ]
    fails = results["a.B.fails"]
    assert (fails.duration, fails.message) == (1000.5, "not ½")
    assert fails.detail == "Traceback\n <here> <there>"
    assert results["a.B.passes"].detail == "hello"
    assert summary.duration == 1.5
    assert summary.tests == 7


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ("<failure/><skipped/>", Status.XFAILED),
        ('<skipped type="todo"/>', Status.XPASSED),
        ("<failure/><error/>", Status.ERROR),
        ('<failure message="Failed: Unexpected success"/>', Status.XPASSED),
        ("<rerun/><system-err>x</system-err>", Status.PASSED),
    ],
)
def test_what_tools_mean_by_it(read, inside, status):
    _, results = read(f"<testsuite><testcase classname='c' name='n'>{inside}</testcase></testsuite>".encode())
    assert results["c.n"].status is status


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(read, encoding):
    declared = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    assert list(read(f"{declared}<testsuite><testcase name='½'/></testsuite>".encode(encoding))[1]) == ["½"]


@pytest.mark.parametrize(
    ("said", "started"), [("2026-11-24T12:00:00+02:00", "2026-11-24T10:00:00+00:00"), ("noon", "None")]
)
def test_when_a_suite_began(read, said, started):
    summary, _ = read(f"<testsuite timestamp='{said}'><testcase name='a'/></testsuite>".encode())
    assert (summary.started.isoformat() if summary.started else "None") == started


def document(inside):
    return f"<testsuites>{inside}</testsuites>".encode()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><testsuites>&b;</testsuites>'
XXE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuites><testcase name="&a;"/></testsuites>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOMB, "DOCTYPE_REFUSED"),
        (XXE, "DOCTYPE_REFUSED"),
        (b'<!DOCTYPE testsuites SYSTEM "http://127.0.0.1:9/x.dtd"><testsuites/>', "DOCTYPE_REFUSED"),
        (document("<a>" * 70 + "</a>" * 70), "TOO_DEEP"),
        (document("<testcase name='&unknown;'/>"), "RESULTS_MALFORMED"),
        (document("<testcase name='a'>"), "RESULTS_MALFORMED"),
        (b"<testsuites><testcase name='a'/>", "RESULTS_MALFORMED"),
        (b"<html><body/></html>", "RESULTS_MALFORMED"),
        (b"<?xml version='1.0' encoding='nonsense'?><testsuites/>", "RESULTS_MALFORMED"),
        (document("<testcase/>"), "TEST_ID_MISSING"),
        (document("<testcase name=''/>"), "TEST_ID_MISSING"),
        (document(f"<testcase name='{'x' * 1025}'/>"), "TEST_ID_TOO_LONG"),
        (document(f"<testcase name='{'x' * 2_000_000}'/>"), "TOKEN_TOO_LONG"),
        (document(f"<!--{'x' * 2_000_000}-->"), "TOKEN_TOO_LONG"),
        *(
            (document(f"<testcase name='a' time='{time}'/>"), "RESULTS_MALFORMED")
            for time in ("NaN", "inf", "-1", "1e400", "soon", "1_000", "١", "1e99", "9" * 30)
        ),
    ],
)
def test_documents_that_are_refused(read, data, code):
    with pytest.raises(Fault) as refused:
        read(data)
    assert refused.value.code == code
    assert refused.value.format == "junit"
    assert 0 <= refused.value.offset <= len(data)


def test_the_place_of_a_fault_is_that_of_the_element(read):
    good = b"<testsuites><testcase name='a'/>"
    with pytest.raises(Fault) as refused:
        read(good + b"<testcase name='b' time='NaN'/></testsuites>")
    assert refused.value.offset == len(good)
