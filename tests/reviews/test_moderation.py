"""Answers of owners, flags of users, and what moderators do: hide, restore, read what was replaced."""

import pytest

from registry.models import Ownership, OwnershipRole

QUEUE = "/api/v4/flags/"
BOB = "reviews/bob/"


@pytest.fixture
def reviewed(send):
    send("post", "bob", "reviews/", {"rating": 1, "title": "Bad", "body": "Buy pills instead"})
    send("post", "cat", "reviews/", {"rating": 4, "title": "Good"})
    return send


def test_owners_answer(reviewed, accounts, config, extension, told):
    colin = accounts.user("colin")
    publisher = Ownership(extension_id=extension, user_id=colin, role=OwnershipRole.PUBLISHER)
    config.registry["database"].write(lambda session: session.add(publisher))
    for who, status in ((None, 401), ("bob", 403), ("cat", 403), ("root", 403), ("colin", 403)):
        reviewed("put", who, f"{BOB}reply/", {"body": "Sorry"}, status)
    for bad in ({}, {"body": None}, {"body": " "}, {"body": "x" * 10_001}, {"body": 1}, {"text": "x"}):
        reviewed("put", "ann", f"{BOB}reply/", bad, 400)
    answer = reviewed("put", "ann", f"{BOB}reply/", {"body": "<i>Sorry</i>"}, 200)
    assert answer.json["reply"]["body"] == "<i>Sorry</i>"
    assert reviewed("get", None, "").json["reviews"][1] == answer.json
    assert told("bob") == ["review.replied"]
    reviewed("delete", "ann", f"{BOB}reply/", status=204)
    reviewed("delete", "ann", f"{BOB}reply/", status=404)
    assert reviewed("get", None, BOB).json["reply"] is None
    reviewed("put", "ann", "reviews/dan/reply/", {"body": "Hello"}, 404)


def test_flags_wait_for_a_moderator(reviewed):
    for bad in (
        {},
        {"reason": "boredom"},
        {"reason": "other"},
        {"reason": "spam", "note": "x" * 1001},
        {"reason": "spam", "note": 1},
        {"reason": None},
    ):
        reviewed("post", "cat", f"{BOB}flags/", bad, 400)
    reviewed("post", None, f"{BOB}flags/", {"reason": "spam"}, 401)
    assert reviewed("post", "bob", f"{BOB}flags/", {"reason": "spam"}, 403).json["code"] == "OWN_REVIEW"
    reviewed("post", "cat", f"{BOB}flags/", {"reason": "spam"}, 201)
    reviewed("post", "cat", f"{BOB}flags/", {"reason": "other", "note": "It sells pills"}, 200)
    reviewed("post", "ann", f"{BOB}flags/", {"reason": "bug_support"}, 201)
    for who, status in ((None, 401), ("ann", 403), ("cat", 403)):
        for verb, path in (("get", QUEUE), ("get", f"{BOB}flags/"), ("delete", f"{BOB}flags/")):
            reviewed(verb, who, path, status=status)
    queue = reviewed("get", "root", QUEUE).json
    assert queue["count"] == 2
    first = queue["results"][0]
    assert (first["user"], first["reason"], first["note"]) == ("cat", "other", "It sells pills")
    assert first["review"] == reviewed("get", None, BOB).json
    assert first["extension"] == "word-tally"
    reviewed("delete", "root", f"{BOB}flags/", status=204)
    assert reviewed("get", "root", QUEUE).json["results"] == []
    settled = reviewed("get", "root", f"{BOB}flags/").json["results"]
    assert [one["user"] for one in settled] == ["ann", "cat"]
    assert all(one["settled"] for one in settled)
    # Whoever says the same of the same text is not heard again; of another text they are.
    reviewed("post", "cat", f"{BOB}flags/", {"reason": "spam"}, 200)
    assert reviewed("get", "root", QUEUE).json["count"] == 0
    reviewed("patch", "bob", BOB, {"body": "More pills"})
    reviewed("post", "cat", f"{BOB}flags/", {"reason": "spam"}, 200)
    assert reviewed("get", "root", QUEUE).json["count"] == 1
    owner = reviewed("get", "ann", "events/").json["results"]
    assert not [event for event in owner if event["kind"].startswith("flag.")]


def test_what_is_hidden_counts_in_nothing(reviewed, rating, told):
    before = rating()
    reviewed("post", "cat", f"{BOB}flags/", {"reason": "spam"})
    reviewed("get", None, "reviews/")
    for who, status in ((None, 401), ("ann", 403), ("bob", 403)):
        reviewed("put", who, f"{BOB}hidden/", {"reason": "spam"}, status)
    for bad in ({}, {"reason": ""}, {"reason": None}, {"reason": "x" * 2001}):
        reviewed("put", "root", f"{BOB}hidden/", bad, 400)
    reviewed("put", "root", f"{BOB}hidden/", {"reason": "It is an advertisement."}, 204)
    reviewed("put", "root", f"{BOB}hidden/", {"reason": "again"}, 409)
    assert rating()[0] == [0, 0, 0, 1, 0]
    page = reviewed("get", None, "reviews/").json
    assert (page["count"], [one["user"] for one in page["results"]]) == (1, ["cat"])
    assert reviewed("get", None, "reviews/?rating=1").json["results"] == []
    for who in (None, "cat", "ann"):
        reviewed("get", who, BOB, status=404)
    reviewed("put", "ann", f"{BOB}reply/", {"body": "x"}, 404)
    for path in (BOB, "reviews/mine/"):
        mine = reviewed("get", "bob", path).json
        assert (mine["hidden"], mine["hidden_reason"]) == (True, "It is an advertisement.")
    assert reviewed("get", "root", BOB).json["hidden"] is True
    assert reviewed("get", "root", QUEUE).json["count"] == 0
    assert told("bob") == ["review.hidden"]
    for who, status in ((None, 401), ("bob", 403)):
        reviewed("get", who, "reviews/?hidden=true", status=status)
    found = reviewed("get", "root", "reviews/?hidden=true").json
    assert (found["count"], [one["user"] for one in found["results"]]) == (1, ["bob"])
    assert reviewed("get", "root", "reviews/?hidden=true&rating=4").json["count"] == 0
    # Nothing that its author does brings it back.
    reviewed("post", "bob", "reviews/", {"rating": 5}, 200)
    reviewed("delete", "bob", BOB, status=204)
    reviewed("post", "bob", "reviews/", {"rating": 2, "title": "Bad"}, 201)
    assert rating()[0] == [0, 0, 0, 1, 0]
    reviewed("delete", "ann", f"{BOB}hidden/", status=404)
    reviewed("delete", "root", f"{BOB}hidden/", status=204)
    reviewed("delete", "root", f"{BOB}hidden/", status=409)
    assert rating()[0] == [0, 1, 0, 1, 0]
    assert reviewed("get", None, BOB).json["title"] == "Bad"
    assert before[0] == [1, 0, 0, 1, 0]
    kinds = [event["kind"] for event in reviewed("get", "ann", "events/").json["results"]]
    assert kinds[:2] == ["review.restored", "review.written"]
    assert "review.hidden" in kinds


def test_moderators_read_what_was_replaced(reviewed):
    reviewed("post", "bob", "reviews/", {"rating": 1, "title": "Bad", "body": "Buy pills instead"}, 200)
    reviewed("patch", "bob", BOB, {"rating": 2})
    reviewed("delete", "bob", BOB, status=204)
    for who, status in ((None, 404), ("bob", 404), ("ann", 404)):
        reviewed("get", who, f"{BOB}history/", status=status)
    for who, status in ((None, 401), ("cat", 403)):
        reviewed("get", who, "reviews/cat/history/", status=status)
    found = reviewed("get", "root", f"{BOB}history/?page_size=1").json
    assert found["count"] == 2
    assert found["results"][0]["rating"] == 2
    older = reviewed("get", "root", f"{BOB}history/?page=2&page_size=1").json["results"][0]
    assert (older["rating"], older["body"]) == (1, "Buy pills instead")
    reviewed("put", "root", f"{BOB}hidden/", {"reason": "late"}, 409)
    reviewed("get", "root", BOB, status=404)
