"""Reviews by the API: one for each user, in bounds, by those who may."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from registry.domain.reviews import score
from registry.models import Review

REVIEWS, MINE = "reviews/", "reviews/mine/"


def test_the_second_takes_the_place_of_the_first(send, rating, told):
    assert send("get", None, "").json["rating"] is None
    first = send("post", "bob", REVIEWS, {"rating": 2}, 201)
    assert first.json | {"id": 0, "created": "", "updated": ""} == {
        "id": 0,
        "user": "bob",
        "rating": 2,
        "title": None,
        "body": None,
        "created": "",
        "updated": "",
        "reply": None,
        "hidden": False,
        "hidden_reason": None,
        "url": first.location,
    }
    assert send("get", None, first.location).json == first.json
    second = send("post", "bob", REVIEWS, {"rating": 4, "title": "Fish!", "body": "It ate\r\nmy fish."}, 200)
    assert second.location == first.location
    assert second.json["id"] == first.json["id"]
    send("post", "cat", REVIEWS, {"rating": 5, "title": "Ein <b>Titel</b> 👨‍👩‍👧", "body": ""}, 201)
    assert rating()[0] == [0, 0, 0, 1, 1]
    listed = send("get", None, "/api/v4/extensions/").json["results"][0]
    assert (listed["rating"], listed["rating_count"]) == (4.5, 2)
    detail = send("get", None, "").json
    assert detail["rating_breakdown"] == [0, 0, 0, 1, 1]
    assert [one["title"] for one in detail["reviews"]] == ["Ein <b>Titel</b> 👨‍👩‍👧", "Fish!"]
    assert detail["reviews"][0]["body"] is None
    assert told("ann") == ["review.written", "review.written"]


@pytest.mark.parametrize("rating", [0, 6, -1, 4.5, 4.0, "4", True, None, [], 10**30, ...])
def test_a_rating_is_a_whole_number_from_1_to_5(send, rating):
    body = {} if rating is ... else {"rating": rating}
    assert list(send("post", "bob", REVIEWS, body, 400).json) == ["rating"]
    assert list(send("post", "bob", "/extension/word-tally/review", body, 400).json) == ["rating"]
    send("post", "bob", REVIEWS, {"rating": 3})
    if body:
        assert list(send("patch", "bob", MINE, body, 400).json) == ["rating"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 201),
        ("title", "one\r\nBcc: two"),
        ("title", "reversed \u202e"),
        ("title", 5),
        ("body", "x" * 10_001),
        ("body", "nul \0"),
        ("body", ["a"]),
        ("hidden", True),
        ("user", "bob"),
    ],
)
def test_texts_are_texts_in_bounds(send, field, value):
    whole = {"rating": 4, "title": "Good", "body": "Very\ngood"}
    assert list(send("post", "bob", REVIEWS, whole | {field: value}, 400).json) == [field]
    send("get", "bob", MINE, status=404)


def test_a_text_needs_a_title(send):
    for title in ({}, {"title": None}, {"title": "  "}):
        answer = send("post", "bob", REVIEWS, {"rating": 4, "body": "Good.", **title}, 400)
        assert answer.json["title"][0].startswith("TITLE_REQUIRED: ")
    send("post", "bob", REVIEWS, {"rating": 4, "title": "Good", "body": "Very."})
    assert list(send("patch", "bob", MINE, {"title": None}, 400).json) == ["title"]
    changed = send("patch", "bob", MINE, {"title": None, "body": None, "rating": 1}).json
    assert (changed["rating"], changed["title"], changed["body"]) == (1, None, None)


def test_whose_it_is(send, rating):
    send("post", None, REVIEWS, {"rating": 4}, 401)
    assert send("post", "ann", REVIEWS, {"rating": 5}, 403).json["code"] == "OWN_EXTENSION"
    send("post", "bob", "/api/v4/extensions/nothing/reviews/", {"rating": 4}, 404)
    send("post", "bob", REVIEWS, {"rating": 4}, 201)
    for who, status in ((None, 401), ("ann", 403), ("cat", 403), ("root", 403)):
        send("patch", who, "reviews/bob/", {"rating": 1}, status)
        send("delete", who, "reviews/bob/", status=status)
    assert send("patch", "bob", "reviews/bob/", {"rating": 3}).json["rating"] == 3
    send("patch", "cat", MINE, {"rating": 3}, 404)
    send("delete", "cat", MINE, status=404)
    send("delete", "bob", "reviews/bob/", status=204)
    assert rating() == ([0] * 5, 0.0)
    for path in ("reviews/bob/", MINE):
        send("get", "bob", path, status=404)
        send("delete", "bob", path, status=404)
    assert send("get", None, REVIEWS).json["results"] == []
    send("post", "bob", REVIEWS, {"rating": 2}, 201)
    assert rating()[0] == [0, 1, 0, 0, 0]


def test_a_token_needs_the_scope(send):
    assert (
        send("post", "bob", REVIEWS, {"rating": 4}, 403, scopes=["read", "report"]).json["code"]
        == "ERROR_SCOPE"
    )
    send("post", "bob", REVIEWS, {"rating": 4}, 201, scopes=["review"])
    send("patch", "bob", MINE, {"rating": 5}, 200, scopes=["review"])


@pytest.mark.parametrize(
    ("state", "status"), [("unlisted", 201), ("pending_disable", 404), ("disabled", 403)]
)
def test_while_everybody_can_have_it(send, set_state, state, status):
    send("post", "cat", REVIEWS, {"rating": 3})
    set_state(state)
    answer = send("post", "bob", REVIEWS, {"rating": 4}, status)
    if status != 201:
        code = "EXTENSION_DISABLED" if status == 403 else "ERROR_NOT_FOUND"
        assert answer.json["code"] == code
        assert send("post", "root", REVIEWS, {"rating": 4}, 403).json["code"] in ("STATE_PENDING", code)
        send("patch", "cat", MINE, {"rating": 4}, 403)
    send("delete", "cat", MINE, status=204)


def test_as_first_proposed(send):
    sent = {"rating": 4, "title": "Fish!", "review": "It ate my fish.", "more": "is ignored"}
    answer = send("post", "bob", "/extension/word-tally/review", sent, 201)
    assert answer.json == {"rating": 4, "title": "Fish!", "review": "It ate my fish."}
    assert send("get", None, answer.location).json["body"] == "It ate my fish."
    assert send("post", "bob", "/extension/word-tally/review", {"rating": 1}, 200).json["title"] is None
    bare = {"rating": 1, "review": "x"}
    assert list(send("post", "bob", "/extension/word-tally/review", bare, 400).json) == ["title"]
    send("post", None, "/extension/word-tally/review", sent, 401)
    send("post", "ann", "/extension/word-tally/review", sent, 403)


def test_twenty_at_once(send, accounts, config, rating):
    """And the same person twenty times: a row for each person, and counts and score of the rows."""
    people = [f"reader{number}" for number in range(20)]
    for name in people:
        accounts.bearer(name)
    requests = [(name, 1 + number % 5) for number, name in enumerate(people)]
    requests += [("reader0", 1 + number % 5) for number in range(20)]
    send("get", "reader0", "")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: send("post", one[0], REVIEWS, {"rating": one[1]}), requests))
    assert {answer.status_int for answer in answers} == {200, 201}
    with config.registry["database"].read() as connection:
        found = dict(connection.execute(select(Review.rating, func.count()).group_by(Review.rating)).all())
    counts = [found.get(stars, 0) for stars in range(1, 6)]
    assert sum(counts) == 20
    assert rating() == (counts, score(counts))
    assert send("get", None, "").json["rating_breakdown"] == counts


def test_few_reviews_weigh_little():
    assert score([0] * 5) == 0.0
    assert score([0, 0, 0, 0, 1]) < score([0, 0, 0, 0, 2]) < score([0, 0, 0, 10, 190]) < 5
    assert score([1, 0, 0, 0, 0]) > score([50, 0, 0, 0, 0]) > 1


@pytest.fixture
def ini(ini, request):
    limit = getattr(request, "param", None)
    return ini | ({"limits.review": limit} if limit else {})


@pytest.mark.parametrize("ini", ["2/hour"], indirect=True)
def test_nobody_reviews_without_end(send):
    send("post", "bob", REVIEWS, {"rating": 4}, 201)
    send("post", "bob", "/extension/word-tally/review", {"rating": 3}, 200)
    answer = send("patch", "bob", MINE, {"rating": 2}, 429)
    assert int(answer.headers["Retry-After"]) > 0
    send("post", "bob", "reviews/bob/flags/", {"reason": "spam"}, 429)
    send("delete", "bob", MINE, status=204)
    send("post", "cat", REVIEWS, {"rating": 4}, 201)
