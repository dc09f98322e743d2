"""One test across versions, and since which one it fails."""

import pytest

from support import shelf
from support.wire import assert_failure

BAD, GOOD = {"t": "failed"}, {"t": "passed"}


@pytest.fixture
def older_and_newer(stocked, extension, work):
    """The addresses of two signed versions, the older first."""
    work()
    return [f"{extension}versions/{number}/" for number in (shelf.SIGNED, shelf.UNSIGNED)]


def test_the_tests_of_an_extension(tested, on, stocked, extension):
    assert stocked.get(f"{extension}tests/").json["results"] == []
    tested(on(), {"opens": "passed", "saves 100%": "failed"})
    tested(on("1.13"), {"opens": "passed", "closes": "skipped"})
    tested(on(), {"a stranger's": "passed"}, user="bob")
    found = stocked.get(f"{extension}tests/").json
    assert ([each["test"] for each in found["results"]], found["count"]) == (
        ["opens", "saves 100%", "closes"],
        3,
    )
    for each in found["results"]:
        assert stocked.get(each["url"]).json["test"] == each["test"]
    assert [each["test"] for each in stocked.get(f"{extension}tests/?q=0%25").json["results"]] == [
        "saves 100%"
    ]
    assert [each["test"] for each in stocked.get(f"{extension}tests/?source=community").json["results"]] == [
        "a stranger's"
    ]
    first = stocked.get(f"{extension}tests/?page_size=2").json
    assert [each["test"] for each in stocked.get(first["next"]).json["results"]] == ["closes"]


def test_the_history_of_a_test(older_and_newer, tested, on, stocked, extension):
    older, newer = older_and_newer
    tested(on(), GOOD, of=older)
    tested(on("1.13", arch="arm64"), BAD, of=older)
    tested(on("1.12"), BAD, of=older)
    tested(on(), GOOD, of=newer)
    run = tested(on(), BAD, of=newer)
    tested(on("1.13", arch="arm64"), BAD, of=newer)
    tested(on("1.12"), GOOD, of=newer)
    tested(on("1.11"), BAD, of=newer, user="bob")
    where = stocked.get(f"{extension}tests/").json["results"][0]["url"]
    answer = stocked.get(where).json
    outcomes = [
        (each["version"], [(one["host_version"], one["arch"], one["status"]) for one in each["outcomes"]])
        for each in answer["results"]
    ]
    assert outcomes == [
        (shelf.UNSIGNED, [("1.12", "", "passed"), ("1.13", "arm64", "failed"), ("1.14.2", "", "failed")]),
        (shelf.SIGNED, [("1.12", "", "failed"), ("1.13", "arm64", "failed"), ("1.14.2", "", "passed")]),
    ]
    assert answer["results"][0]["outcomes"][2]["url"].startswith(run["url"])
    assert stocked.get(answer["results"][0]["outcomes"][2]["url"]).json["status"] == "failed"
    since = [(each["host_version"], each["version"], each["last_good"]) for each in answer["first_bad"]]
    assert since == [("1.13", shelf.SIGNED, None), ("1.14.2", shelf.UNSIGNED, shelf.SIGNED)]
    assert (answer["sources"], answer["count"]) == (["owner", "runner"], 2)
    others = stocked.get(f"{where}?source=community").json
    assert [each["version"] for each in others["first_bad"]] == [shelf.UNSIGNED]


def test_pages(older_and_newer, tested, on, stocked, extension):
    for version in older_and_newer:
        tested(on(), GOOD, of=version)
    where = stocked.get(f"{extension}tests/").json["results"][0]["url"]
    first = stocked.get(f"{where}?page_size=1").json
    second = stocked.get(first["next"]).json
    assert [each["version"] for page in (first, second) for each in page["results"]] == [
        shelf.UNSIGNED,
        shelf.SIGNED,
    ]
    assert second["next"] is None


@pytest.mark.parametrize("key", ["0" * 32, "0", "F" * 32, "0" * 33])
def test_tests_that_are_not_there(stocked, extension, key):
    assert_failure(stocked.get(f"{extension}tests/{key}/", expect_errors=True), 404)
