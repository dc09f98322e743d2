"""Who may do what: rows make principals, principals have permissions, tokens take some of them away again."""

import pytest
from pyramid.interfaces import IRequestFactory
from sqlalchemy import select

from registry.models import Extension, Membership, Ownership, Team
from registry.permissions import Permission
from registry.resources import Root
from support import shelf
from support.samples import brackets
from support.wire import assert_failure, send

EXTENSIONS = "/api/v4/extensions/"
PUBLIC = f"{EXTENSIONS}{shelf.PUBLIC}/"
PRIVATE = f"{EXTENSIONS}{shelf.PRIVATE}/"

EVERYONE = {Permission.READ, Permission.LOG_IN}
LOGGED_IN = EVERYONE | {Permission.PUBLISH_NEW, Permission.REVIEW, Permission.REPORT, Permission.RUN_TESTS}
PUBLISHER = LOGGED_IN | {Permission.READ_PRIVATE, Permission.PUBLISH_VERSION}
PUBLISHER |= {Permission.READ_OUTPUT, Permission.CANCEL_RUN}
OWNER = PUBLISHER | {Permission.EDIT, Permission.OWNERS, Permission.READ_EVENTS, Permission.STEP_DOWN}
OWNER |= {
    Permission.RELEASE,
    Permission.REPLY,
    Permission.APPEAL,
    Permission.READ_APPEAL,
    Permission.WEBHOOKS,
}
ADMIN = LOGGED_IN | {
    Permission.READ_PRIVATE,
    Permission.READ_EVENTS,
    Permission.READ_APPEAL,
    Permission.READ_REPORT,
    Permission.READ_OUTPUT,
    Permission.CANCEL_RUN,
    Permission.RELEASE,
}
ADMIN |= {Permission.MANAGE, Permission.MODERATE, Permission.ADMINS, Permission.AUDIT}

# The two extensions are ann's; colin publishes them too, so do the teams "makers" (as an owner) and "helpers".
PEOPLE = {
    "ann": OWNER,
    "colin": PUBLISHER,
    "makers-member": PUBLISHER,
    "makers-admin": OWNER,
    "helpers-member": PUBLISHER,
    "helpers-admin": PUBLISHER,
    "idlers-admin": LOGGED_IN,
    "stranger": LOGGED_IN,
    "root": ADMIN,
    None: EVERYONE,
}


@pytest.fixture
def people(stocked, accounts, database):
    """The headers of each of PEOPLE."""
    users = {name: accounts.user(name, admin=name == "root") for name in PEOPLE if name}

    def add(session):
        teams = {}
        for name in ("makers", "helpers", "idlers"):
            teams[name] = Team(name=name)
            session.add(teams[name])
        session.flush()
        for name, user_id in users.items():
            team, _, role = name.partition("-")
            if role:
                session.add(Membership(team_id=teams[team].id, user_id=user_id, role=role))
        for extension_id in session.scalars(select(Extension.id)):
            session.add(Ownership(extension_id=extension_id, user_id=users["colin"], role="publisher"))
            session.add(Ownership(extension_id=extension_id, team_id=teams["makers"].id, role="owner"))
            session.add(Ownership(extension_id=extension_id, team_id=teams["helpers"].id, role="publisher"))

    database.write(add)
    return {name: accounts.bearer(name) if name else {} for name in PEOPLE}


def granted(config, headers, name=shelf.PUBLIC):
    """What these headers may do to an extension, by the policy itself; None when it is not there for them."""
    request = config.registry.getUtility(IRequestFactory).blank("/", headers=headers)
    request.registry = config.registry
    try:
        node = Root(request)["api"]["v4"]["extensions"][name]
        found = {permission for permission in Permission if node.permits(permission)}
        assert found == {permission for permission in Permission if node["versions"].permits(permission)}
    except KeyError:
        return None
    finally:
        request._process_finished_callbacks()
    return found


def test_every_persons_permissions(config, people, subtests):
    for name, expected in PEOPLE.items():
        with subtests.test(name):
            assert granted(config, people[name]) == expected
            private = granted(config, people[name], shelf.PRIVATE)
            assert private == (expected if Permission.READ_PRIVATE in expected else None)


def test_keys_have_all_rights_of_their_users(config, people, accounts):
    for name in ("ann", "makers-admin", "stranger", "root"):
        assert granted(config, accounts.jwt(name)) == PEOPLE[name]


def test_over_http(stocked, people, subtests):
    """A body that is no package tells: 400 comes after the question whether one may send it."""
    for name, headers in people.items():
        with subtests.test(name):
            may_publish = Permission.PUBLISH_VERSION in PEOPLE[name]
            refused = 401 if name is None else 403
            for path in (f"{PUBLIC}versions/", f"{PUBLIC}versions/x.zip", f"/api/v3/version/{shelf.PUBLIC}/"):
                assert_failure(send(stocked, "POST", path, headers, b"x"), 400 if may_publish else refused)
            assert send(stocked, "POST", EXTENSIONS, headers, b"x").status_int == (400 if name else 401)
            sees = 200 if Permission.READ_PRIVATE in PEOPLE[name] else 404
            for path in (
                PRIVATE,
                f"{PRIVATE}versions/1.0.0/validation/",
                f"{PUBLIC}versions/{shelf.UNSIGNED}/",
            ):
                assert send(stocked, "GET", path, headers).status_int == sees
            listed = send(stocked, "GET", f"{PUBLIC}versions/", headers).json["count"]
            assert listed == (2 if sees == 200 else 1)


def test_admins_do_not_publish_for_others(stocked, people):
    package = brackets(shelf.PUBLIC, "3.0.0")
    headers = people["root"]
    assert_failure(
        send(stocked, "POST", f"{PUBLIC}versions/", headers, package), 403, "ERROR_PERMISSION_DENIED"
    )
    assert_failure(send(stocked, "POST", EXTENSIONS, headers, package), 403, "NOT_OWNER")
    assert_failure(send(stocked, "POST", "/api/v3/addon/", headers, package), 403, "NOT_OWNER")


def test_a_team_member_publishes(stocked, people):
    package = brackets(shelf.PUBLIC, "3.0.0")
    stocked.post(f"{PUBLIC}versions/", package, headers=people["makers-member"], status=202)
    package = brackets(shelf.PUBLIC, "4.0.0")
    stocked.post(EXTENSIONS, package, headers=people["helpers-member"], status=202)


EVERYTHING = OWNER | ADMIN
SEEING = {Permission.READ_PRIVATE, Permission.READ_EVENTS, Permission.AUDIT}
SEEING |= {Permission.READ_APPEAL, Permission.READ_REPORT, Permission.READ_OUTPUT}
BY_SCOPE = {
    (): EVERYONE,
    ("test-results",): EVERYONE | {Permission.RUN_TESTS, Permission.CANCEL_RUN},
    ("review",): EVERYONE | {Permission.REVIEW, Permission.REPLY},
    ("report",): EVERYONE | {Permission.REPORT},
    ("read",): EVERYONE | SEEING,
    # Whoever may change something may see what became of it.
    ("manage",): EVERYONE
    | SEEING
    | {Permission.MANAGE, Permission.MODERATE, Permission.ADMINS}
    | {Permission.APPEAL, Permission.OWNERS, Permission.STEP_DOWN, Permission.WEBHOOKS},
    ("publish",): EVERYONE
    | SEEING
    | {Permission.PUBLISH_NEW, Permission.PUBLISH_VERSION, Permission.EDIT, Permission.RELEASE},
    ("read", "review"): EVERYONE | SEEING | {Permission.REVIEW, Permission.REPLY},
}


def test_a_scope_gives_its_permissions_and_no_others(config, people, accounts, database, subtests):
    """To somebody who may do everything: an admin who is an owner too."""

    def own(session):
        for extension_id in session.scalars(select(Extension.id)):
            session.add(Ownership(extension_id=extension_id, user_id=accounts.user("root"), role="owner"))

    database.write(own)
    assert granted(config, people["root"]) == EVERYTHING
    for scopes, expected in BY_SCOPE.items():
        with subtests.test(scopes=scopes):
            assert granted(config, accounts.bearer("root", scopes=scopes)) == expected
    limited = accounts.bearer("root", extensions=[shelf.PUBLIC])
    assert granted(config, limited) == EVERYTHING
    elsewhere = accounts.bearer("root", extensions=["other"])
    assert granted(config, elsewhere) == EVERYONE
    assert granted(config, elsewhere, shelf.PRIVATE) is None


def test_no_right_without_the_user_having_it(config, people, accounts):
    """A scope takes away, it never gives."""
    assert granted(config, accounts.bearer("stranger", extensions=[shelf.PUBLIC])) == EVERYONE | {
        Permission.PUBLISH_NEW,
        Permission.REVIEW,
        Permission.REPORT,
        Permission.RUN_TESTS,
    }
    assert granted(config, accounts.bearer("stranger", scopes=["publish", "manage"])) == EVERYONE | {
        Permission.PUBLISH_NEW
    }


def test_a_missing_scope_is_named(stocked, accounts):
    token = accounts.bearer("ann", scopes=["read", "review"])
    for method, path in (
        ("POST", EXTENSIONS),
        ("PUT", f"{EXTENSIONS}x.zip"),
        ("POST", f"{PUBLIC}versions/"),
        ("POST", "/api/v3/addon/"),
        ("POST", f"/api/v3/version/{shelf.PUBLIC}/"),
    ):
        answer = assert_failure(send(stocked, method, path, token, brackets("fresh")), 403, "ERROR_SCOPE")
        assert "`publish`" in answer["detail"]
    stocked.get(f"{PUBLIC}versions/{shelf.UNSIGNED}/", headers=token, status=200)


def test_a_token_for_some_extensions(stocked, accounts):
    token = accounts.bearer("ann", extensions=[shelf.PUBLIC])
    other = brackets(shelf.PRIVATE, "2.0.0")
    stocked.post(f"{PUBLIC}versions/", brackets(shelf.PUBLIC, "3.0.0"), headers=token, status=202)
    # Not a new name, not by the way round the collection, and the private one is not even there.
    for package in (brackets("fresh"), other, brackets(shelf.PUBLIC, "4.0.0")):
        answer = assert_failure(send(stocked, "POST", EXTENSIONS, token, package), 403, "ERROR_SCOPE")
        assert shelf.PUBLIC in answer["detail"]
        assert "own addresses" in answer["detail"]
    assert_failure(send(stocked, "POST", f"{PRIVATE}versions/", token, other), 404)
    elsewhere = accounts.bearer("ann", extensions=[shelf.PRIVATE])
    assert_failure(send(stocked, "POST", f"{PUBLIC}versions/", elsewhere, other), 403, "ERROR_SCOPE")
    assert_failure(send(stocked, "GET", f"/api/v3/status/{shelf.PUBLIC}/", elsewhere), 403, "ERROR_SCOPE")
    nothing = accounts.bearer("ann", extensions=[])
    assert_failure(send(stocked, "POST", f"{PUBLIC}versions/", nothing, other), 403, "ERROR_SCOPE")


def test_a_publish_token_follows_what_it_published(stocked, accounts):
    token = accounts.bearer("ci", scopes=["publish"])
    where = stocked.post(EXTENSIONS, brackets("fresh"), headers=token, status=202).headers["Location"]
    assert stocked.get(where, headers=token).json["state"] == "queued"
    stocked.post(f"{EXTENSIONS}fresh/versions/", brackets("fresh", "1.1.0"), headers=token, status=202)
    assert stocked.get("/api/v3/status/fresh/", headers=token).json["version"] == "1.1.0"


def test_any_token_reads_what_is_public(stocked, accounts):
    for limits in ({"scopes": []}, {"scopes": ["report"]}, {"extensions": []}, {"extensions": ["other"]}):
        token = accounts.bearer("bob", **limits)
        for path in (EXTENSIONS, PUBLIC, f"{PUBLIC}versions/", f"{PUBLIC}versions/latest/download"):
            assert stocked.get(path, headers=token, status=200)
