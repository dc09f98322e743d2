"""Extensions that passed their tests on a host or an operating system."""

import pytest

from support import shelf
from support.wire import assert_failure

BAD = {"t": "failed"}


@pytest.fixture
def found(stocked):
    def found(question):
        answer = stocked.get(f"/api/v4/extensions/?{question}").json
        names = [each["name"] for each in answer["results"]]
        assert answer["count"] == len(names)
        return names

    return found


def test_tested_on(found, tested, on, extension):
    addon = f"/api/v4/extensions/{shelf.ADDON}/versions/{shelf.SIGNED}/"
    tested(on())
    tested(on("1.13", "Windows"), BAD)
    tested({"host_app": "firefox", "host_version": "128.0", "os": "windows"}, of=addon)
    for question, names in (
        ("tested_on=brackets", [shelf.PUBLIC]),
        ("tested_on=Brackets@1.14.2", [shelf.PUBLIC]),
        ("tested_on=brackets@1.13", []),
        ("tested_on=brackets@1.14.2&os=linux", [shelf.PUBLIC]),
        ("tested_on=brackets&os=windows", []),
        ("os=WINDOWS", [shelf.ADDON]),
        ("os=linux&q=word", [shelf.PUBLIC]),
        ("os=windows&q=word", []),
        ("os=windows&sort=downloads&kind=extension", [shelf.ADDON]),
        ("os=linux&min_rating=5", []),
        ("tested_on=@1.14.2", [shelf.PUBLIC]),
    ):
        assert found(question) == names, question


def test_only_where_latest_passed_last(found, tested, on, work):
    tested(on())
    assert found("os=linux") == [shelf.PUBLIC]
    tested(on(), BAD)
    assert found("os=linux") == []
    tested(on())
    assert found("os=linux") == [shelf.PUBLIC]
    work()
    assert found("os=linux") == [], "the newer version was not tested"


def test_nobody_elses_word_counts(found, tested, on):
    tested(on(), user="bob")
    tested(on(), tokenless=True)
    assert found("tested_on=brackets") == []


@pytest.mark.parametrize("question", [f"os={'x' * 65}", f"tested_on={'x' * 130}", "tested_on=a%0Ab"])
def test_questions_that_mean_nothing(stocked, question):
    answer = stocked.get(f"/api/v4/extensions/?{question}", expect_errors=True)
    assert question.partition("=")[0] in assert_failure(answer, 400)
