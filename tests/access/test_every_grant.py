"""Whatever gives, takes or passes on a right is an event, with who did it, from which network, and by which request."""

import pytest
from sqlalchemy import select

from registry.models import Event
from support import shelf
from support.browser import Browser

API, ME, TEAMS = "/api/v4/", "/api/v4/users/me/", "/api/v4/teams/"
OWNERS = f"{API}extensions/{shelf.PUBLIC}/owners/"
TRANSFER = f"{API}extensions/{shelf.PUBLIC}/transfer/"
TOKEN = {"name": "ci", "scopes": ["read"]}


@pytest.fixture
def act(stocked, accounts, database):
    """Do something as somebody: the answer. Its events are just these, by that account and that request."""
    keys = {}

    def act(name, verb, path, body=None, *, kinds, headers=None, app=stocked, **options):
        if headers is None:
            headers = keys.setdefault(name, accounts.jwt(name))
        before = len(recorded(database))
        if body is None:
            answer = getattr(app, verb)(path, headers=headers, **options)
        else:
            answer = getattr(app, f"{verb}_json")(path, body, headers=headers, **options)
        found = recorded(database)[before:]
        assert [event.kind for event in found] == kinds, path
        for event in found:
            assert event.actor_id == accounts.user(name), path
            assert event.data["cause"] == {
                "request": answer.headers["X-Request-Id"],
                "network": "127.0.0.0/24",
            }
        return answer

    return act


def recorded(database):
    with database.read() as connection:
        return connection.execute(select(Event.__table__).order_by(Event.seq)).all()


def test_tokens_keys_and_sessions(act, stocked, database):
    made = act("bob", "post", f"{ME}tokens/", TOKEN, kinds=["token.created"]).json
    rotated = act(
        "bob", "post", f"{ME}tokens/{made['id']}/rotate/", kinds=["token.created", "token.rotated"]
    ).json
    act("bob", "delete", f"{ME}tokens/{rotated['id']}/", kinds=["token.revoked"])
    key = act("bob", "post", f"{ME}keys/", {"name": "x"}, kinds=["key.created"]).json
    act("bob", "delete", f"{ME}keys/{key['id']}/", kinds=["key.revoked"])
    browser = Browser(stocked)
    login = browser.developer("bob")
    kinds = [event.kind for event in recorded(database)[-3:]]
    assert kinds == ["identity.added", "user.logged-in", "session.opened"]
    assert recorded(database)[-1].data["cause"]["request"] == login.headers["X-Request-Id"]
    csrf = browser.csrf()
    act("bob", "delete", f"{ME}sessions/current/", kinds=["session.ended"], headers=csrf)
    stocked.reset()
    browser.developer("bob")
    act("bob", "delete", f"{ME}sessions/", kinds=["session.all-ended"], headers=browser.csrf())


def test_owners_transfers_and_admins(act, stocked, accounts):
    bob = accounts.jwt("bob")
    owner = {"role": "owner"}
    act("ann", "put", f"{OWNERS}bob/", owner, kinds=["owner.added"])
    act("ann", "put", f"{OWNERS}bob/", owner, kinds=[])  # nothing has changed
    act("bob", "delete", f"{OWNERS}bob/", kinds=["owner.removed"])
    for verb, path, kind in (
        ("delete", "", "extension.transfer-declined"),
        ("post", "accept/", "extension.transfer-accepted"),
    ):
        act("ann", "post", TRANSFER, {"to": "bob"}, kinds=["extension.transfer-offered"])
        number = stocked.get(f"{ME}transfers/", headers=bob).json["results"][0]["id"]
        act("bob", verb, f"{ME}transfers/{number}/{path}", kinds=[kind])
    act("bob", "post", TRANSFER, {"to": "ann"}, kinds=["extension.transfer-offered"])
    act("bob", "delete", TRANSFER, kinds=["extension.transfer-withdrawn"])
    accounts.user("root", admin=True)
    act("root", "put", f"{API}admins/bob/", kinds=["admin.granted"])
    act("root", "delete", f"{API}admins/bob/", kinds=["admin.revoked"])


def test_teams_and_the_end_of_an_account(act, stocked, accounts):
    bob = accounts.jwt("bob")
    makers = f"{TEAMS}makers/"
    act("carl", "post", TEAMS, {"name": "makers"}, kinds=["team.created"])
    act("carl", "patch", makers, {"title": "Crafts"}, kinds=["team.edited"])
    invite = {"username": "bob", "role": "member"}
    number = act("carl", "post", f"{makers}invitations/", invite, kinds=["team.invited"]).json["id"]
    act("carl", "delete", f"{makers}invitations/{number}/", kinds=["team.invitation-withdrawn"])
    for verb, path, kind in (("delete", "", "team.declined"), ("post", "accept/", "team.joined")):
        act("carl", "post", f"{makers}invitations/", invite, kinds=["team.invited"])
        number = stocked.get(f"{ME}invitations/", headers=bob).json["results"][0]["id"]
        act("bob", verb, f"{ME}invitations/{number}/{path}", kinds=[kind])
    act("carl", "put", f"{makers}members/bob/", {"role": "admin"}, kinds=["team.role"])
    act("bob", "delete", f"{makers}members/bob/", kinds=["team.left"])
    act("carl", "delete", makers, kinds=["team.dissolved"])
    act("carl", "delete", ME, {"confirm": "carl"}, kinds=["user.deleted"])


def test_admins_rights_that_were_refused_are_logged(stocked, accounts, caplog):
    """Not an event: anybody could fill the record with what they may not do."""
    bob = accounts.user("bob")
    for verb, path in (("get", "events/"), ("put", "admins/bob/")):
        answer = getattr(stocked, verb)(f"{API}{path}", headers=accounts.bearer("bob"), status=403)
        assert answer.json["code"] == "ERROR_PERMISSION_DENIED"
    for permission, path in (("read:audit", "events"), ("manage:admins", "admins/bob")):
        assert f"account {bob} was refused {permission} at {API}{path}" in caplog.text
