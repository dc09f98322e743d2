"""Reviews, as everybody reads them."""

import pytest
from sqlalchemy import update

from registry.models import User, now, table

REVIEWS = "/api/v4/extensions/word-tally/reviews/"


@pytest.fixture
def reviewed(app, publish, review):
    publish()
    for number in range(1, 8):
        review(f"user{number}", number % 5 + 1, f"Title {number}", "<script>alert(1)</script>")
    return app


def test_newest_first_in_pages(reviewed, config):
    config.registry["settings"].__dict__["page_depth"] = 4
    seen, address = [], f"{REVIEWS}?page_size=2"
    while address:
        page = reviewed.get(address.replace("http://127.0.0.1:6543", "")).json
        assert (page["count"], page["page_count"], page["page_size"]) == (7, 4, 2)
        seen += [one["user"] for one in page["results"]]
        address = page["next"]
    assert seen == [f"user{number}" for number in range(7, 0, -1)]
    assert len(reviewed.get("/api/v4/extensions/word-tally/").json["reviews"]) == 5


def test_by_stars(reviewed):
    page = reviewed.get(f"{REVIEWS}?rating=2").json
    assert (page["count"], [one["user"] for one in page["results"]]) == (2, ["user6", "user1"])
    for rating in ("0", "6", "4.5", "x", "1" * 30):
        assert "rating" in reviewed.get(f"{REVIEWS}?rating={rating}", status=400).json


def test_one(reviewed, accounts):
    one = reviewed.get(f"{REVIEWS}user3/").json
    assert (one["user"], one["rating"], one["title"]) == ("user3", 4, "Title 3")
    assert one["body"] == "<script>alert(1)</script>"
    assert reviewed.get(one["url"]).json == reviewed.get(f"{REVIEWS}{one['id']}/").json == one
    reviewed.get(f"{REVIEWS}nobody/", status=404)
    reviewed.get(f"{REVIEWS}999/", status=404)
    reviewed.get(f"{REVIEWS}mine/", status=401)
    assert reviewed.get(f"{REVIEWS}mine/", headers=accounts.bearer("user3")).json == one
    reviewed.get(f"{REVIEWS}mine/", headers=accounts.bearer("ann"), status=404)


def test_a_deleted_account_is_nobody(reviewed, accounts, database):
    one = reviewed.get(f"{REVIEWS}user3/").json
    gone = update(table(User)).where(User.id == accounts.user("user3")).values(deleted=now())
    database.write(lambda session: session.execute(gone) and None)
    reviewed.app._kept.clear()
    reviewed.get(f"{REVIEWS}user3/", status=404)
    anonymous = reviewed.get(f"{REVIEWS}{one['id']}/").json
    assert (anonymous["user"], anonymous["title"]) == (None, "Title 3")
    assert anonymous["url"].endswith(f"/{one['id']}/")
    assert reviewed.get(REVIEWS).json["results"][4] == anonymous
