"""Several owners, publishers who do not own, and handing an extension over in two steps."""

import pytest

from support import shelf
from support.samples import brackets
from support.wire import assert_failure

TEAMS, ME = "/api/v4/teams/", "/api/v4/users/me/"
PUBLIC = f"/api/v4/extensions/{shelf.PUBLIC}/"
OWNERS, TRANSFER = f"{PUBLIC}owners/", f"{PUBLIC}transfer/"


@pytest.fixture
def ann(stocked, as_):
    return as_(shelf.OWNER)


def holders(app):
    return {holder["holder"]: holder["role"] for holder in app.get(OWNERS).json}


def publish(app, person, version):
    package = brackets(shelf.PUBLIC, version)
    return app.post(f"{PUBLIC}versions/", package, headers=person.headers, expect_errors=True).status_int


def test_a_publisher_publishes_and_no_more(stocked, ann, as_):
    bob = as_("bob")
    assert publish(stocked, bob, "3.0.0") == 403
    ann.put(f"{OWNERS}bob/", {"role": "publisher"}, status=200)
    assert bob.told() == ["owner.added"]
    assert publish(stocked, bob, "3.0.0") == 202
    for verb, path, body in (
        ("put", f"{OWNERS}bob/", {"role": "owner"}),
        ("delete", f"{OWNERS}ann/", None),
        ("post", TRANSFER, {"to": "bob"}),
        ("get", TRANSFER, None),
    ):
        assert_failure(bob(verb, path, body), 403)
    bob.delete(f"{OWNERS}bob/", status=204)
    assert publish(stocked, bob, "4.0.0") == 403


def test_several_owners(stocked, ann, as_):
    bob = as_("bob")
    ann.put(f"{OWNERS}bob/", {"role": "owner"}, status=200)
    assert holders(stocked) == {"ann": "owner", "bob": "owner"}
    bob.delete(f"{OWNERS}ann/", status=204)
    assert ann.told()[0] == "owner.removed"
    assert_failure(bob.delete(f"{OWNERS}bob/"), 409, "LAST_OWNER")
    assert_failure(bob.put(f"{OWNERS}bob/", {"role": "publisher"}), 409, "LAST_OWNER")
    assert_failure(bob.delete(f"{OWNERS}ann/"), 404)
    assert holders(stocked) == {"bob": "owner"}


def test_of_two_owners_who_go_at_once_one_stays(stocked, ann, as_, at_once):
    bob = as_("bob")
    ann.put(f"{OWNERS}bob/", {"role": "owner"}, status=200)
    found = at_once(
        [
            lambda: ann.delete(f"{OWNERS}ann/").status_int,
            lambda: bob.delete(f"{OWNERS}bob/").status_int,
        ]
    )
    assert sorted(found) == [204, 409]


def test_bad_wishes(stocked, ann, as_):
    for body in ({"role": "king"}, {"role": 5}, {}, {"role": "owner", "x": 1}):
        assert_failure(ann.put(f"{OWNERS}ann/", body), 400)
    assert_failure(ann.put(f"{OWNERS}nobody/", {"role": "owner"}), 404)
    assert_failure(ann.put(f"{OWNERS}team:nobody/", {"role": "owner"}), 404)
    assert_failure(as_("bob").put(f"{OWNERS}ann/", {"role": "owner"}), 403)
    assert_failure(stocked.put_json(f"{OWNERS}ann/", {"role": "owner"}, expect_errors=True), 401)


def test_who_has_an_account_is_not_told(stocked, ann, as_):
    bob = as_("bob")
    bob.post(TEAMS, {"name": "makers"}, status=201)
    for holder in ("bob", "team:makers"):
        assert ann.get(f"{OWNERS}{holder}/").json == {"holder": holder, "role": None}
        for verb, body in (("get", None), ("put", {"role": "owner"}), ("delete", None)):
            assert_failure(bob(verb, f"{OWNERS}{holder}/", body), 404)
        assert_failure(stocked.get(f"{OWNERS}{holder}/", expect_errors=True), 404)
    assert stocked.get(f"{OWNERS}ann/").json["role"] == "owner"
    # A token that lacks the scope is told so, as everywhere.
    small = as_(shelf.OWNER, scopes=["read"])
    assert_failure(small.put(f"{OWNERS}bob/", {"role": "owner"}), 403, "ERROR_SCOPE")


def test_handed_over_in_two_steps(stocked, ann, as_):
    bob, carl = as_("bob"), as_("carl")
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    assert (ann.told()[0], bob.told()[0]) == ("extension.transfer-offered",) * 2
    assert holders(stocked) == {"ann": "owner"}
    assert ann.get(TRANSFER).json["to"] == "bob"
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    for verb, path in (("post", "accept/"), ("delete", ""), ("get", "")):
        assert_failure(carl(verb, f"{ME}transfers/{number}/{path}"), 404)
    bob.post(f"{ME}transfers/{number}/accept/", status=200)
    assert holders(stocked) == {"bob": "owner"}
    assert (ann.told()[0], bob.told()[0]) == ("extension.transfer-accepted",) * 2
    assert publish(stocked, ann, "3.0.0") == 403
    assert publish(stocked, bob, "3.0.0") == 202


def test_until_accepted_it_can_be_withdrawn(stocked, ann, as_):
    bob = as_("bob")
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    assert_failure(ann.post(TRANSFER, {"to": "bob"}), 409, "ALREADY_OFFERED")
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    ann.delete(TRANSFER, status=204)
    assert_failure(bob.post(f"{ME}transfers/{number}/accept/"), 404)
    assert_failure(ann.delete(TRANSFER), 404)
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    bob.delete(f"{ME}transfers/{number}/", status=204)
    assert ann.told()[0] == "extension.transfer-declined"
    assert holders(stocked) == {"ann": "owner"}


def test_to_a_team_and_from_it(stocked, ann, as_):
    bob, carl = as_("bob"), as_("carl")
    bob.post(TEAMS, {"name": "makers"}, status=201)
    ann.post(TRANSFER, {"to": "team:makers"}, status=201)
    assert_failure(carl.post(f"{ME}transfers/1/accept/"), 404)
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    bob.post(f"{ME}transfers/{number}/accept/", status=200)
    assert holders(stocked) == {"team:makers": "owner"}
    assert "from" in assert_failure(bob.post(TRANSFER, {"to": "carl"}), 400)
    assert_failure(ann.post(TRANSFER, {"to": "ann", "from": "team:makers"}), 403)
    bob.post(TRANSFER, {"to": "carl", "from": "team:makers"}, status=201)
    number = carl.get(f"{ME}transfers/").json["results"][0]["id"]
    carl.post(f"{ME}transfers/{number}/accept/", status=200)
    assert holders(stocked) == {"carl": "owner"}


def test_an_offer_of_what_one_has_no_more(stocked, ann, as_):
    bob, carl = as_("bob"), as_("carl")
    ann.put(f"{OWNERS}carl/", {"role": "owner"}, status=200)
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    carl.delete(f"{OWNERS}ann/", status=204)
    assert bob.told()[0] == "extension.transfer-ended"
    assert bob.get(f"{ME}transfers/").json["count"] == 0
    assert_failure(bob.post(f"{ME}transfers/1/accept/"), 404)
    assert holders(stocked) == {"carl": "owner"}
    # It ends likewise for an owner who becomes a publisher, and with the team that it was made to.
    carl.put(f"{OWNERS}ann/", {"role": "owner"}, status=200)
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    carl.put(f"{OWNERS}ann/", {"role": "publisher"}, status=200)
    assert_failure(carl.get(TRANSFER), 404)
    bob.post(TEAMS, {"name": "makers"}, status=201)
    carl.post(TRANSFER, {"to": "team:makers"}, status=201)
    bob.delete(f"{TEAMS}makers/", status=204)
    assert_failure(carl.get(TRANSFER), 404)


def test_a_publishers_right_cannot_be_handed_over(stocked, ann, as_):
    bob = as_("bob")
    bob.post(TEAMS, {"name": "makers"}, status=201)
    ann.put(f"{OWNERS}bob/", {"role": "owner"}, status=200)
    ann.put(f"{OWNERS}team:makers/", {"role": "publisher"}, status=200)
    carl = as_("carl")
    answer = assert_failure(bob.post(TRANSFER, {"to": "carl", "from": "team:makers"}), 400)
    assert answer["from"][0].startswith("NOT_OWNER")
    assert carl.told() == []


def test_a_publisher_who_becomes_the_owner(stocked, ann, as_):
    bob = as_("bob")
    ann.put(f"{OWNERS}bob/", {"role": "publisher"}, status=200)
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    bob.post(f"{ME}transfers/{number}/accept/", status=200)
    assert holders(stocked) == {"bob": "owner"}


def test_of_twenty_acceptances_one_wins(stocked, ann, as_, at_once):
    bob = as_("bob")
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    number = bob.get(f"{ME}transfers/").json["results"][0]["id"]
    found = sorted(at_once([lambda: bob.post(f"{ME}transfers/{number}/accept/").status_int] * 20))
    assert found[0] == 200
    assert set(found[1:]) <= {404, 409}
    assert holders(stocked) == {"bob": "owner"}


def test_receivers_are_checked(stocked, ann, as_):
    for to in ("nobody", "team:nobody", "https://example.org/bob", "", 5):
        assert "to" in assert_failure(ann.post(TRANSFER, {"to": to}), 400)
    assert_failure(ann.post(TRANSFER, {"to": "ann"}), 409, "ALREADY_OWNER")


def test_notifications_are_read(stocked, ann, as_):
    bob = as_("bob")
    ann.put(f"{OWNERS}bob/", {"role": "publisher"}, status=200)
    ann.post(TRANSFER, {"to": "bob"}, status=201)
    first = bob.get(f"{ME}notifications/").json
    assert first["count"] == 2
    about = first["results"][0]["about"]
    assert (about["extension"], about["to_user"], about["from_user"]) == (shelf.PUBLIC, "bob", "ann")
    path = f"{ME}notifications/{first['results'][0]['id']}/"
    assert bob.patch(path, {"read": True}, status=200).json["read"] is not None
    assert bob.get(f"{ME}notifications/?unread=true").json["count"] == 1
    bob.patch(f"{ME}notifications/", {"read": True}, status=204)
    assert bob.get(f"{ME}notifications/?unread=true").json["count"] == 0
    assert bob.get(ME).json["unread_notifications"] == 0
    assert_failure(ann.get(path), 404)
    assert "read" in assert_failure(bob.patch(path, {"read": "yes"}), 400)
    bob.delete(path, status=204)
    assert_failure(bob.get(path), 404)


def test_admins_make_admins(as_, accounts):
    accounts.user("root", admin=True)
    accounts.user("bob")
    root, bob = as_("root"), as_("bob")
    admins = "/api/v4/admins/"
    assert_failure(bob.put(f"{admins}bob/"), 403)
    assert_failure(root.delete(f"{admins}root/"), 409, "LAST_ADMIN")
    root.put(f"{admins}bob/", status=200)
    assert bob.told() == ["admin.granted"]
    assert [one["username"] for one in bob.get(admins).json["results"]] == ["bob", "root"]
    bob.delete(f"{admins}root/", status=204)
    assert_failure(root.get(admins), 403)
    assert_failure(bob.delete(f"{admins}root/"), 404)
