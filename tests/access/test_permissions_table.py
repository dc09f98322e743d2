"""docs/permissions.md is what really happens: every verb of every service, for everybody, in every state.

What the table does not grant is refused; what it grants is not. Bodies are nonsense, so that whoever may
changes nothing: the question whether one may comes before the question what was sent. What has no body is asked of
those only who may not.
"""

import pytest
from sqlalchemy import select

from registry import rights
from registry.cli import docs
from registry.domain import states
from registry.models import Extension, ExtensionState, Membership, Ownership, Team, TeamRole
from registry.permissions import Role
from support import services, shelf
from support.wire import send

# Of extensions of ann's, which the team "makers" owns too; "me" is everybody's own.
ACTORS = {
    Role.ANYONE: None,
    Role.USER: "stranger",
    Role.RUNNER: None,
    Role.PUBLISHER: "colin",
    Role.OWNER: shelf.OWNER,
    Role.TEAM_MEMBER: "member",
    Role.TEAM_ADMIN: "leader",
    Role.ADMIN: "root",
}
# What is found only by those it is meant for, and what would end the accounts that are still needed.
ADDRESS = {"username": "member", "holder": "team:makers", "team": "makers", "id": "999"}
OWN = ("/api/v4/users/me", "/api/v5/accounts/profile")
NOBODYS = (Role.ANYONE, Role.RUNNER)
# How v4 and v5 of Mozilla's API say 404 of an add-on that is there and not public.
NOT_PUBLIC = b'"is_disabled_by_developer"'
SHUT = (ExtensionState.PENDING_DISABLE, ExtensionState.DISABLED)


@pytest.fixture
def actors(stocked, accounts, database):
    users = {name: accounts.user(name, admin=name == "root") for name in ACTORS.values() if name}

    def add(session):
        team = Team(name="makers")
        session.add(team)
        session.flush()
        for name, role in (("member", TeamRole.MEMBER), ("leader", TeamRole.ADMIN)):
            session.add(Membership(team_id=team.id, user_id=users[name], role=role))
        public = select(Extension.id).where(Extension.name.in_((shelf.PUBLIC, shelf.ADDON)))
        for extension_id in session.scalars(public).all():
            session.add(Ownership(extension_id=extension_id, user_id=users["colin"], role="publisher"))
            session.add(Ownership(extension_id=extension_id, team_id=team.id, role="owner"))

    database.write(add)
    where = f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.SIGNED}/test-runs/"
    run = stocked.post_json(where, {}, headers=accounts.bearer("maker")).json
    headers = {role: accounts.jwt(name) if name else {} for role, name in ACTORS.items()}
    return headers | {Role.RUNNER: {"Authorization": f"Bearer {run['token']}"}}


@pytest.mark.parametrize("state", list(ExtensionState))
def test_every_verb_for_everybody(stocked, actors, database, state):
    if state != ExtensionState.ACTIVE:

        def change(session):
            for extension in session.scalars(
                select(Extension).where(Extension.name.in_((shelf.PUBLIC, shelf.ADDON)))
            ).all():
                states.set_state(session, extension, state, reason="a test", actor_id=None)

        database.write(change)
    seen = set()
    for service in services.every():
        for verb in services.verbs(service):
            if "test_id" in services.variables(service):
                continue  # the run that it names is asked, by the view
            done_at_once = verb not in ("GET", "HEAD") and not services.takes_a_body(service, verb)
            done_at_once = done_at_once and "id" not in services.variables(service)
            roles = rights.permitted(rights.lineage(service), services.permission(service, verb))
            for role, headers in actors.items():
                may = role in roles or (service.path.startswith(OWN) and role not in NOBODYS)
                if done_at_once and (may or (role == Role.TEAM_MEMBER and Role.SELF in roles)):
                    continue  # it would be; each has tests of its own
                answer = send(stocked, verb, services.address(service, **ADDRESS), headers, b"nonsense")
                what = f"{role}: {verb} {service.public_path} {answer.status} {answer.body[:100]!r}"
                refused = answer.status_int == 401 or (
                    answer.status_int == 403 and b"ERROR_PERMISSION_DENIED" in answer.body
                )
                if verb == "HEAD":
                    refused = answer.status_int in (401, 403)
                    refused = refused and not (may and state in SHUT)
                hidden = answer.status_int == 404 or (state in SHUT and NOT_PUBLIC in answer.body)
                assert refused != may or hidden, what
                seen.add((may, answer.status_int))
    assert {(False, 401), (False, 403), (True, 200)} <= seen


def test_the_document_is_this_table(request):
    page = (request.config.rootpath / "docs" / "permissions.md").read_text()
    assert page == docs.permissions(), "run: make docs"


def test_nobody_is_granted_what_no_service_asks_for():
    asked = {right.permission for right in rights.table()}
    granted = {
        permission
        for service in services.every()
        for kind in rights.lineage(service)
        for permissions in kind.rights.values()
        for permission in permissions
    }
    assert not granted - asked
