"""Owners name the workflows that may publish, and nobody else sees or changes whom they trust."""

import pytest

from registry.domain import trusted_publishers
from registry.domain.errors import Forbidden
from registry.domain.trusted_publishers import MOST
from registry.models import Extension, Membership, Ownership, Team, TrustedPublisher
from support import shelf
from support.wire import assert_failure

GOOD = {"repository": "acme/word-tally", "workflow": "release.yml"}


def told(app, at, headers):
    return [note["kind"] for note in app.get(f"{at.me}notifications/", headers=headers).json["results"]]


def test_named_shown_and_removed(app, at, ann, accounts, signer, database):
    bob = accounts.bearer("bob")
    app.put_json(f"{at.public}owners/bob/", {"role": "owner"}, headers=ann, status=200)
    wanted = {"repository": "Acme/Word-Tally", "workflow": "release.yml", "environment": "Release"}
    made = app.post_json(at.trusted, wanted, headers=ann, status=201)
    assert made.headers["Location"] == made.json["url"]
    known = {name: made.json[name] for name in made.json if name not in ("created", "url", "id")}
    assert known == {
        "issuer": signer.url,
        "repository": "acme/word-tally",
        "workflow": "release.yml",
        "environment": "release",
        "repository_id": None,
        "repository_owner_id": None,
        "added_by": "ann",
        "used": None,
    }
    where = made.json["url"].partition("6543")[2]
    assert app.get(where, headers=bob).json == made.json
    assert app.get(at.trusted, headers=bob).json == [made.json]
    assert told(app, at, bob)[0] == "trusted-publisher.added"
    assert "trusted-publisher.added" not in told(app, at, ann)
    app.delete(where, headers=bob, status=204)
    assert told(app, at, ann)[0] == "trusted-publisher.removed"
    for verb in (app.get, app.delete):
        assert_failure(verb(where, headers=ann, expect_errors=True), 404)
    assert app.get(at.trusted, headers=ann).json == []
    seen = [event["kind"] for event in app.get(f"{at.public}events/", headers=ann).json["results"]]
    assert seen[:2] == ["trusted-publisher.removed", "trusted-publisher.added"]


def test_the_same_is_not_named_twice(app, at, ann, accounts):
    first = app.post_json(at.trusted, GOOD, headers=ann, status=201).json
    again = {**GOOD, "repository": "ACME/word-tally"}
    answer = app.post_json(at.trusted, again, headers=ann, expect_errors=True)
    assert assert_failure(answer, 409, "ALREADY_TRUSTED")["id"] == first["id"]
    for other in ({"environment": "release"}, {"workflow": "other.yml"}, {"repository": "acme/other"}):
        app.post_json(at.trusted, GOOD | other, headers=ann, status=201)
    for number in range(MOST - 4):
        app.post_json(at.trusted, GOOD | {"environment": f"e{number}"}, headers=ann, status=201)
    answer = app.post_json(at.trusted, GOOD | {"environment": "more"}, headers=ann, expect_errors=True)
    assert_failure(answer, 409, "TOO_MANY")
    app.delete(f"{at.trusted}{first['id']}/", headers=ann, status=204)
    app.post_json(at.trusted, GOOD, headers=ann, status=201)


def test_named_at_once(app, at, ann, at_once):
    def name():
        return app.post_json(at.trusted, GOOD, headers=ann, expect_errors=True).status_int

    assert sorted(at_once(name, 8)) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (
            "repository",
            ["", "acme", "acme/", "/x", "a/b/c", "acme/..", "acme/.", "a b/c", "acme/w\n", "é/x", 5],
        ),
        (
            "repository",
            ["https://github.com/acme/word-tally", "acme/x@main", "a" * 101 + "/x", "acme/" + "x" * 101],
        ),
        ("workflow", ["", "release", "../release.yml", ".github/workflows/release.yml", "release.yml@main"]),
        ("workflow", ["release.yml\n", "*.yml", ".yml", "a" * 102 + ".yml", None, ["release.yml"]]),
        ("environment", ["a\nb", " ", "x" * 101, 7, ["release"], "a\u202eb"]),
        ("issuer", ["https://evil.example.org", "HTTP://127.0.0.1", "x", 5]),
        ("more", ["x"]),
    ],
)
def test_bad_wishes(app, at, ann, field, values):
    for value in values:
        answer = app.post_json(at.trusted, GOOD | {field: value}, headers=ann, expect_errors=True)
        assert field in assert_failure(answer, 400), value
    assert app.get(at.trusted, headers=ann).json == []


def test_for_owners_only(app, at, ann, accounts, trust, database):
    number = trust()
    people = {name: accounts.user(name) for name in ("leader", "member", "colin")}

    def team(session):
        row = Team(name="makers")
        session.add(row)
        session.flush()
        for name, role in (("leader", "admin"), ("member", "member")):
            session.add(Membership(team_id=row.id, user_id=people[name], role=role))
        extension_id = session.query(Extension.id).filter_by(name=shelf.PUBLIC).scalar()
        session.add(Ownership(extension_id=extension_id, team_id=row.id, role="owner"))

    database.write(team)
    app.put_json(f"{at.public}owners/colin/", {"role": "publisher"}, headers=ann, status=200)
    not_enough = [accounts.bearer(name) for name in ("colin", "member", "stranger")]
    not_enough.append(accounts.bearer("root", admin=True))
    for headers, status in [({}, 401), *((headers, 403) for headers in not_enough)]:
        # Whether there is one of that number makes no difference.
        for path in (at.trusted, f"{at.trusted}{number}/", f"{at.trusted}999/"):
            assert_failure(app.get(path, headers=headers, expect_errors=True), status)
        assert_failure(app.delete(f"{at.trusted}{number}/", headers=headers, expect_errors=True), status)
        assert_failure(app.post_json(at.trusted, GOOD, headers=headers, expect_errors=True), status)
    for scopes in (["publish"], ["read"], ["report", "review", "test-results"]):
        limited = accounts.bearer(shelf.OWNER, scopes=scopes)
        assert_failure(
            app.post_json(at.trusted, GOOD, headers=limited, expect_errors=True), 403, "ERROR_SCOPE"
        )
    elsewhere = accounts.bearer(shelf.OWNER, scopes=["manage"], extensions=[shelf.PRIVATE])
    assert_failure(app.get(at.trusted, headers=elsewhere, expect_errors=True), 403, "ERROR_SCOPE")
    leader = accounts.bearer("leader", scopes=["manage"], extensions=[shelf.PUBLIC])
    app.post_json(at.trusted, GOOD | {"environment": "x"}, headers=leader, status=201)
    app.delete(f"{at.trusted}{number}/", headers=leader, status=204)


def test_of_another_extension_it_is_not_there(app, at, ann, trust):
    number = trust()
    path = f"/api/v4/extensions/{shelf.PRIVATE}/trusted-publishers/{number}/"
    assert_failure(app.get(path, headers=ann, expect_errors=True), 404)
    assert_failure(app.delete(path, headers=ann, expect_errors=True), 404)
    app.get(f"{at.trusted}{number}/", headers=ann, status=200)


def test_a_right_that_is_gone_by_the_time_of_the_write(ann, accounts, trust, database):
    """The tree has said yes; what counts is what holds inside the transaction."""
    number, bob = trust(), accounts.user("bob")
    with database.reading_session() as session:
        extension_id = session.get_one(TrustedPublisher, number).extension_id
    names = {
        "issuer": "https://ci.example.org",
        "repository": "a/b",
        "workflow": "c.yml",
        "environment": None,
    }
    for work in (
        lambda session: trusted_publishers.add(session, extension_id, bob, **names),
        lambda session: trusted_publishers.remove(session, number, bob),
    ):
        with pytest.raises(Forbidden):
            database.write(work)
