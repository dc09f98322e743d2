"""Publisher teams: founded, joined by invitation, ruled by admins, left; and what each may do."""

import pytest

from registry.domain import teams
from support import shelf
from support.samples import brackets
from support.wire import assert_failure

TEAMS, ME = "/api/v4/teams/", "/api/v4/users/me/"
PUBLIC = f"/api/v4/extensions/{shelf.PUBLIC}/"


@pytest.fixture
def makers(as_):
    as_("ann").post(TEAMS, {"name": "makers", "title": "The Makers"}, status=201)
    return f"{TEAMS}makers/"


def test_founded_by_one_joined_by_another(as_, makers, app, accounts):
    ann, bob = as_("ann"), as_("bob")
    assert app.get(makers).json["title"] == "The Makers"
    ann.post(f"{makers}invitations/", {"username": "bob"}, status=201)
    assert bob.told() == ["team.invited"]
    offered = bob.get(f"{ME}invitations/").json["results"][0]
    assert (offered["team"], offered["role"], offered["invited_by"]) == ("makers", "member", "ann")
    bob.post(f"{ME}invitations/{offered['id']}/accept/", status=200)
    assert ann.told() == ["team.joined"]
    people = [(member["username"], member["role"]) for member in bob.get(f"{makers}members/").json["results"]]
    assert people == [("ann", "admin"), ("bob", "member")]
    assert [team["name"] for team in bob.get(TEAMS).json["results"]] == ["makers"]
    assert bob.get(ME).json["teams"] == [{"name": "makers", "role": "member"}]


def test_names_are_given_once(as_, makers):
    ann, bob = as_("ann"), as_("bob")
    assert_failure(bob.post(TEAMS, {"name": "makers"}), 409, "TEAM_EXISTS")
    ann.delete(makers, status=204)
    assert_failure(ann.get(makers), 404)
    assert_failure(bob.post(TEAMS, {"name": "makers"}), 409, "TEAM_EXISTS")
    for name in ("Makers", "-x", "a b", "ä", "x" * 101, "a\nb", "", 5, None):
        assert "name" in assert_failure(bob.post(TEAMS, {"name": name}), 400)


def test_strangers_see_the_team_and_not_who_is_in_it(as_, makers, app):
    carl = as_("carl")
    carl.get(makers, status=200)
    assert_failure(carl.get(f"{makers}members/"), 403)
    assert_failure(carl.get(f"{makers}members/ann/"), 404)
    for verb, path, body in (
        ("post", "invitations/", {"username": "carl", "role": "admin"}),
        ("patch", "", {"title": "Mine"}),
        ("delete", "", None),
    ):
        assert_failure(carl(verb, f"{makers}{path}", body), 403, "ERROR_PERMISSION_DENIED")
    assert_failure(app.get(f"{makers}members/", expect_errors=True), 401)


def test_members_do_not_rule(as_, makers, join):
    bob = join("makers", "ann", "bob")
    for verb, path, body in (
        ("post", "invitations/", {"username": "carl"}),
        ("put", "members/bob/", {"role": "admin"}),
        ("delete", "members/ann/", None),
        ("patch", "", {"title": "Mine"}),
        ("delete", "", None),
    ):
        assert_failure(bob(verb, f"{makers}{path}", body), 403)
    bob.delete(f"{makers}members/bob/", status=204)
    assert_failure(bob.get(f"{makers}members/"), 403)


def test_an_invitation_is_for_one(as_, makers):
    ann, bob, carl = as_("ann"), as_("bob"), as_("carl")
    made = ann.post(f"{makers}invitations/", {"username": "bob"}, status=201).json
    for verb, path in (("post", "accept/"), ("delete", ""), ("get", "")):
        assert_failure(carl(verb, f"{ME}invitations/{made['id']}/{path}"), 404)
    assert_failure(ann.post(f"{makers}invitations/", {"username": "bob"}), 409, "ALREADY_INVITED")
    assert_failure(ann.post(f"{makers}invitations/", {"username": "ann"}), 409, "ALREADY_MEMBER")
    assert "username" in assert_failure(ann.post(f"{makers}invitations/", {"username": "nobody"}), 400)
    assert "role" in assert_failure(
        ann.post(f"{makers}invitations/", {"username": "bob", "role": "king"}), 400
    )
    bob.delete(f"{ME}invitations/{made['id']}/", status=204)
    assert ann.told() == ["team.declined"]
    made = ann.post(f"{makers}invitations/", {"username": "bob"}, status=201).json
    ann.delete(f"{makers}invitations/{made['id']}/", status=204)
    assert_failure(bob.post(f"{ME}invitations/{made['id']}/accept/"), 404)


def test_of_twenty_acceptances_one_wins(as_, makers, at_once):
    bob = as_("bob")
    made = as_("ann").post(f"{makers}invitations/", {"username": "bob"}, status=201).json
    path = f"{ME}invitations/{made['id']}/accept/"
    found = sorted(at_once([lambda: bob.post(path).status_int] * 20))
    assert found[0] == 200
    assert set(found[1:]) <= {404, 409}
    assert len(bob.get(f"{makers}members/").json["results"]) == 2


def test_the_last_admin_stays(as_, makers, join):
    ann, bob = as_("ann"), join("makers", "ann", "bob")
    assert_failure(ann.delete(f"{makers}members/ann/"), 409, "LAST_ADMIN")
    assert_failure(ann.put(f"{makers}members/ann/", {"role": "member"}), 409, "LAST_ADMIN")
    ann.put(f"{makers}members/bob/", {"role": "admin"}, status=200)
    assert bob.told()[0] == "team.role"
    bob.delete(f"{makers}members/ann/", status=204)
    assert_failure(bob.delete(f"{makers}members/bob/"), 409, "LAST_ADMIN")


def test_of_two_admins_who_leave_at_once_one_stays(as_, makers, join, at_once):
    ann, bob = as_("ann"), join("makers", "ann", "bob", "admin")
    found = at_once(
        [
            lambda: ann.delete(f"{makers}members/ann/").status_int,
            lambda: bob.delete(f"{makers}members/bob/").status_int,
        ]
        * 5
    )
    assert found.count(204) == 1


def test_a_team_publishes_what_it_owns(stocked, as_, makers, join):
    ann, bob = as_(shelf.OWNER), join("makers", "ann", "bob")
    ann.put(f"{PUBLIC}owners/team:makers/", {"role": "owner"}, status=200)
    stocked.post(f"{PUBLIC}versions/", brackets(shelf.PUBLIC, "3.0.0"), headers=bob.headers, status=202)
    assert_failure(bob.put(f"{PUBLIC}owners/ann/", {"role": "owner"}), 403)
    assert_failure(ann.delete(makers), 409, "TEAM_OWNS")
    ann.delete(f"{makers}members/bob/", status=204)
    late = stocked.post(
        f"{PUBLIC}versions/", brackets(shelf.PUBLIC, "4.0.0"), headers=bob.headers, expect_errors=True
    )
    assert_failure(late, 403)
    ann.delete(f"{PUBLIC}owners/team:makers/", status=204)
    ann.delete(makers, status=204)


def test_a_token_needs_the_scope(as_, makers):
    small = as_("ann", scopes=["read", "publish"])
    small.get(f"{makers}members/", status=200)
    answer = assert_failure(small.post(f"{makers}invitations/", {"username": "x"}), 403, "ERROR_SCOPE")
    assert "`manage`" in answer["detail"]


def test_another_title_is_an_event(as_, makers, accounts):
    ann = as_("ann")
    assert ann.patch(makers, {"title": "Crafts"}, status=200).json["title"] == "Crafts"
    ann.patch(makers, {"title": "Crafts"}, status=200)
    kinds = [event["kind"] for event in ann.get(f"{ME}events/").json["results"]]
    assert kinds.count("team.edited") == 1


def test_nobody_joins_more_teams_than_they_may_found(as_, makers, database, accounts):
    bob = as_("bob")
    made = as_("ann").post(f"{makers}invitations/", {"username": "bob"}, status=201).json

    def full(session):
        for number in range(teams.MOST_TEAMS):
            teams.create(session, f"team-{number}", "", accounts.user("bob"))

    database.write(full)
    accept = f"{ME}invitations/{made['id']}/accept/"
    assert_failure(bob.post(accept), 409, "TOO_MANY")
    bob.delete(f"{TEAMS}team-0/", status=204)
    bob.post(accept, status=200)
