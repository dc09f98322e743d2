"""Ratings as v5 of Mozilla's API has them: the reviews of this registry in other words."""

import pytest

from support.amo import GUID, local
from support.samples import brackets, webextension

RATINGS = "/api/v5/ratings/rating/"
MEMBERS = {
    "id",
    "addon",
    "body",
    "created",
    "is_deleted",
    "is_developer_reply",
    "is_latest",
    "previous_count",
}
MEMBERS |= {"reply", "score", "user", "version"}


@pytest.fixture
def version(app, ann, work):
    """The number of a signed version of ann's."""
    app.post("/api/v4/extensions/", webextension(), headers=ann)
    work()
    return app.get(f"/api/v5/addons/addon/{GUID}/").json["current_version"]["id"]


@pytest.fixture
def rate(app, bob, version):
    def rate(score, body=None, headers=bob, status=201, **more):
        wanted = {"addon": GUID, "version": version, "score": score, "body": body, **more}
        return app.post_json(RATINGS, wanted, headers=headers, status=status)

    return rate


def test_writing_and_reading(app, rate, version, accounts):
    made = rate(4, "Good notes.\nA few things are missing.")
    assert set(made.json) == MEMBERS
    assert local(made.headers["Location"]) == f"{RATINGS}{made.json['id']}/"
    assert made.json["addon"]["slug"] == "tab-notes"
    assert made.json["addon"]["name"] == {"en-US": "Tab Notes"}
    assert made.json["version"] == {"id": version, "version": "1.0"}
    assert made.json["user"] == {**made.json["user"], "id": accounts.user("bob"), "username": "bob"}
    assert (made.json["score"], made.json["body"]) == (4, "Good notes.\nA few things are missing.")
    assert app.get(local(made.headers["Location"])).json == made.json
    again = rate(5, status=200).json
    assert (again["id"], again["score"], again["body"], again["previous_count"]) == (
        made.json["id"],
        5,
        None,
        1,
    )
    # It is the same review.
    review = app.get(f"/api/v4/extensions/{GUID}/reviews/bob/").json
    assert (review["rating"], review["body"]) == (5, None)


def test_reviews_with_titles(app, bob, version):
    """What was written as a review with a title is read whole."""
    app.post_json(
        f"/api/v4/extensions/{GUID}/reviews/", {"rating": 3, "title": "So so", "body": "Slow."}, headers=bob
    )
    app.post_json(
        f"/api/v4/extensions/{GUID}/reviews/", {"rating": 3, "title": "Fine"}, headers=bob, status=200
    )
    (only,) = app.get(f"{RATINGS}?addon={GUID}").json["results"]
    assert (only["body"], only["version"], only["previous_count"]) == ("Fine", None, 1)


def test_lists(app, rate, ann, bob, accounts, version):
    rate(5, "Good.")
    rate(2, headers=accounts.jwt("carl"))
    listed = app.get(f"{RATINGS}?addon={GUID}").json
    assert list(listed) == ["page_size", "page_count", "count", "next", "previous", "results"]
    assert [each["score"] for each in listed["results"]] == [2, 5]

    def scores(query):
        return [each["score"] for each in app.get(f"{RATINGS}?{query}").json["results"]]

    assert scores(f"user={accounts.user('bob')}") == [5]
    assert scores(f"addon=tab-notes&score=1,2&version={version}") == [2]
    assert scores(f"addon={GUID}&filter=without_empty_body") == [5]
    assert scores(f"addon={GUID}&exclude_ratings={listed['results'][0]['id']}") == [5]
    grouped = app.get(f"{RATINGS}?addon={GUID}&show_grouped_ratings=true").json["grouped_ratings"]
    assert grouped == {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}
    for headers, name, may in ((ann, "ann", True), (bob, "bob", False)):
        query = f"?addon={GUID}&show_permissions_for={accounts.user(name)}"
        assert app.get(RATINGS + query, headers=headers).json["can_reply"] is may
    app.get(RATINGS, status=400)
    for bad in ("addon=none", f"addon={GUID}&page=9"):
        app.get(f"{RATINGS}?{bad}", status=404)
    for bad in ("user=x", f"addon={GUID}&score=a,b"):
        app.get(f"{RATINGS}?{bad}", status=400)


def test_changing_and_deleting(app, rate, bob, accounts, version):
    made = rate(1, "Bad.").json
    address = f"{RATINGS}{made['id']}/"
    changed = app.patch_json(address, {"score": 4}, headers=bob).json
    assert (changed["score"], changed["body"], changed["version"]["id"]) == (4, "Bad.", version)
    assert app.patch_json(address, {"body": "Better."}, headers=bob).json["body"] == "Better."
    assert app.patch_json(address, {"body": None}, headers=bob).json["body"] is None
    stranger = accounts.jwt("carl")
    app.patch_json(address, {"score": 1}, headers=stranger, status=403)
    app.delete(address, headers=stranger, status=403)
    app.delete(address, status=401)
    app.delete(address, headers=bob, status=204)
    app.get(address, status=404)
    app.patch_json(address, {"score": 1}, headers=bob, status=404)


def test_answers_and_flags(app, rate, ann, bob, accounts):
    address = f"{RATINGS}{rate(2, 'Hm.').json['id']}/"
    app.post_json(f"{address}reply/", {"body": "Why?"}, headers=bob, status=403)
    made = app.post_json(f"{address}reply/", {"body": "Why?"}, headers=ann, status=201).json
    assert (made["body"], made["is_developer_reply"], made["user"]["username"]) == ("Why?", True, "ann")
    assert app.get(address).json["reply"] == made
    flag = {"flag": "rating_flag_reason_spam", "note": None}
    assert app.post_json(f"{address}flag/", flag, headers=ann, status=202).json["msg"]
    app.post_json(f"{address}flag/", {"flag": "nonsense"}, headers=ann, status=400)
    app.post_json(f"{address}flag/", flag, headers=bob, status=403)
    admin = accounts.bearer("root", admin=True)
    assert [each["reason"] for each in app.get("/api/v4/flags/", headers=admin).json["results"]] == ["spam"]


def test_what_is_refused(app, rate, ann, version, work):
    rate(5, headers=ann, status=403)
    rate(5, headers={}, status=401)
    for bad in (
        {"score": 0},
        {"score": 6},
        {"score": "4"},
        {"score": None},
        {"version": 999},
        {"version": "x"},
    ):
        assert set(rate(**{"score": 3, **bad}, status=400).json) == set(bad)
    assert set(rate(3, addon="none@example.org", status=400).json) == {"addon"}
    assert set(rate(3, addon=None, version=None, status=400).json) == {"addon", "version"}
    assert set(rate(3, "x" * 10_001, status=400).json) == {"body"}
    app.post("/api/v4/extensions/", brackets(), headers=ann)
    work()
    assert set(rate(3, addon="word-tally", status=400).json) == {"addon"}


def test_of_disabled_addons_and_hidden_ones(app, rate, ann, accounts, database, bob):
    address = f"{RATINGS}{rate(2, 'Hm.').json['id']}/"
    number = address.rstrip("/").rpartition("/")[2]
    admin = accounts.bearer("root", admin=True)
    app.put_json(f"/api/v4/extensions/{GUID}/reviews/bob/hidden/", {"reason": "Rude."}, headers=admin)
    app.get(address, status=404)
    assert app.get(f"{RATINGS}?addon={GUID}").json["results"] == []
    assert app.get(address, headers=bob).json["id"] == int(number)
