"""The four states: who sets them, what they change, and what publishing leaves alone."""

import itertools

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.domain.errors import Conflict, Invalid
from registry.models import Event, Extension, ExtensionState
from support import rows


@pytest.fixture
def extension_id(database, accounts):
    owner = accounts.user("ann")
    return database.write(lambda session: rows.extension(session, "hello", owner, "1.0.0").id)


def change(database, extension_id, state, reason="because", actor=None):
    def work(session):
        states.set_state(
            session, session.get_one(Extension, extension_id), state, reason=reason, actor_id=actor
        )

    database.write(work)


def row(database, extension_id):
    with database.read() as connection:
        return connection.execute(select(Extension.__table__).where(Extension.id == extension_id)).one()


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(ExtensionState, 2)))
def test_any_state_may_follow_any_other(database, accounts, extension_id, before, after):
    if before != ExtensionState.ACTIVE:
        change(database, extension_id, before)
    admin = accounts.user("root", admin=True)
    change(database, extension_id, after, "said so", admin)
    found = row(database, extension_id)
    assert (found.state, found.state_reason) == (after, "said so")
    assert found.listed == (after == ExtensionState.ACTIVE)
    with database.read() as connection:
        event = connection.execute(select(Event.__table__).order_by(Event.seq.desc()).limit(1)).one()
    assert event.actor_id == admin
    assert event.data == {"before": before, "after": after, "code": "other", "reason": "said so"}


def test_the_same_state_again_is_a_conflict(database, extension_id):
    with pytest.raises(Conflict):
        change(database, extension_id, ExtensionState.ACTIVE)


def test_a_reason_is_needed(database, extension_id):
    with pytest.raises(Invalid):
        change(database, extension_id, ExtensionState.DISABLED, reason=" ")


@pytest.mark.parametrize(
    ("state", "listed", "detail", "download"),
    [
        (ExtensionState.ACTIVE, True, 200, 200),
        (ExtensionState.UNLISTED, False, 200, 200),
        (ExtensionState.PENDING_DISABLE, False, 404, 403),
        (ExtensionState.DISABLED, False, 200, 410),
    ],
)
def test_what_strangers_get_by_exact_url(
    app, config, database, extension_id, state, listed, detail, download
):
    sha256 = database.write(lambda session: session.get_one(Extension, extension_id).latest.artifact.sha256)
    path = config.registry["storage"].path(sha256)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    if state != ExtensionState.ACTIVE:
        change(database, extension_id, state, "found to harm")
    names = [entry["name"] for entry in app.get("/api/v4/extensions/").json["results"]]
    assert names == (["hello"] if listed else [])
    answer = app.get("/api/v4/extensions/hello/", status=detail)
    app.get("/api/v4/extensions/hello/versions/1.0.0/", status=detail)
    app.get("/api/v4/extensions/hello/versions/", status=detail)
    for name in ("1.0.0", "latest"):
        file = app.get(f"/api/v4/extensions/hello/versions/{name}/download", status=download)
        if download != 200:
            assert file.headers["Cache-Control"] == "no-store"
    if state == ExtensionState.DISABLED:
        assert answer.json["disabled"] is True
        assert answer.json["state_reason"] == {"code": "other", "text": "found to harm"}
        assert answer.json["download_url"] is None
        assert app.get("/api/v4/extensions/hello/versions/1.0.0/").json["package"] is None


@pytest.mark.parametrize(
    "state", [ExtensionState.PENDING_DISABLE, ExtensionState.DISABLED, ExtensionState.UNLISTED]
)
@pytest.mark.parametrize("name", ["ann", "root"])
def test_owners_and_admins_always_see_it(app, accounts, config, database, extension_id, state, name):
    test_what_strangers_get_by_exact_url(
        app, config, database, extension_id, ExtensionState.ACTIVE, True, 200, 200
    )
    change(database, extension_id, state)
    headers = accounts.bearer(name, admin=name == "root")
    assert app.get("/api/v4/extensions/hello/", headers=headers).json["state"] == state
    file = app.get("/api/v4/extensions/hello/versions/1.0.0/download", headers=headers)
    assert file.body == b"x"
    if state != ExtensionState.UNLISTED:
        assert "no-store" in file.headers["Cache-Control"]
