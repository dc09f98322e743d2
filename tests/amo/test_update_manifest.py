"""The update manifest of an add-on: what a Firefox is updated to, and what not."""

import hashlib

import pytest
from sqlalchemy import select

from registry.domain import compatibility, states
from registry.models import Extension, ExtensionState, Version, now
from support.amo import GUID, local
from support.samples import brackets, webextension

UPDATES = f"/updates/{GUID}.json"


def gecko(version, **bounds):
    return webextension(None, version, browser_specific_settings={"gecko": {"id": GUID, **bounds}})


def shown(app, query=""):
    addons = app.get(UPDATES + query).json["addons"]
    assert set(addons) == {GUID}
    assert set(addons[GUID]) == {"updates"}
    return addons[GUID]["updates"]


def versions(app, query=""):
    return [update["version"] for update in shown(app, query)]


def change(database, function):
    database.write(lambda session: function(session, session.scalars(select(Extension)).one()))


def test_a_self_hosted_addon(app, sign, work):
    app.get(UPDATES, status=404)
    sign(gecko("1.0"), status=201)
    app.get(UPDATES, status=404)
    work()
    sign(gecko("1.10", strict_min_version="109.0", strict_max_version="115.*"), "1.10", status=202)
    sign(gecko("1.9", strict_min_version="109.0"), "1.9", status=202)
    assert versions(app) == ["1.0"]
    work()
    newest, middle, oldest = shown(app)
    file = app.get(local(newest["update_link"]))
    assert newest["update_hash"] == f"sha256:{hashlib.sha256(file.body).hexdigest()}"
    assert newest["version"] == "1.10"
    assert newest["applications"] == {"gecko": {"strict_min_version": "109.0", "strict_max_version": "115.*"}}
    assert middle["applications"] == {"gecko": {"strict_min_version": "109.0"}}
    assert set(oldest) == {"version", "update_link", "update_hash"}
    app.get("/updates/none@example.org.json", status=404)


def test_it_is_kept_and_known_again(app, sign, work):
    sign(webextension(), status=201)
    work()
    first = app.get(UPDATES)
    assert first.headers["Content-Type"] == "application/json"
    assert app.get(UPDATES).body == first.body
    app.get(UPDATES, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    sign(webextension(version="2"), "2", status=202)
    work()
    assert versions(app) == ["2", "1.0"]


def test_channels(app, ann, sign, work):
    """Where versions are on offer nobody is updated to those that are not."""
    sign(webextension(), status=201)
    app.post("/api/v4/extensions/", webextension(version="2.0"), headers=ann)
    sign(webextension(version="3.0"), "3.0", channel="unlisted")
    work()
    assert versions(app) == versions(app, "?channel=listed") == ["2.0"]
    assert versions(app, "?channel=unlisted") == ["3.0", "1.0"]
    app.get(f"{UPDATES}?channel=beta", status=400)


@pytest.mark.parametrize("column", ["yanked", "blocked", "held", "deleted"])
def test_what_was_taken_back_is_not_in_it(app, sign, work, database, column):
    for number in ("1.0", "2.0"):
        sign(webextension(version=number), number)
    work()

    def take_back(session, extension):
        newest = session.scalars(select(Version).order_by(Version.id.desc())).first()
        setattr(newest, column, now())

    change(database, take_back)
    assert versions(app) == ["1.0"]


@pytest.mark.parametrize("state", list(ExtensionState))
def test_states(app, sign, work, database, state):
    sign(webextension(), status=201)
    work()
    assert versions(app) == ["1.0"]
    if state != ExtensionState.ACTIVE:
        change(
            database,
            lambda session, extension: states.set_state(
                session, extension, state, reason="a test", actor_id=None
            ),
        )
    offered = state in (ExtensionState.ACTIVE, ExtensionState.UNLISTED)
    assert versions(app) == (["1.0"] if offered else [])


@pytest.mark.parametrize(
    ("limit", "highest"),
    [("128.*", "128.*"), ("<128", "127.*"), ("<128.0", "127.*"), ("<128.5.0", "128.4.*"), ("200", "140.*")],
)
def test_the_limit_of_the_registrys_team(app, sign, work, database, limit, highest):
    sign(gecko("1.0", strict_max_version="140.*"), status=201)
    work()
    change(
        database,
        lambda session, extension: compatibility.set_api_limit(
            session, extension, limit, actor_id=None, reason="a test"
        ),
    )
    assert shown(app)[0]["applications"] == {"gecko": {"strict_max_version": highest}}


def test_brackets_extensions_have_none(app, ann, work):
    app.post("/api/v4/extensions/", brackets(), headers=ann)
    work()
    app.get("/updates/word-tally.json", status=404)


def test_ids_in_braces(app, sign, work):
    guid = "{0f2b6b5c-6c6b-4e57-9a43-6c39ab7a2d7e}"
    sign(webextension(guid), guid=guid, status=201)
    work()
    for address in (f"/updates/{guid}.json", "/updates/%7B0f2b6b5c-6c6b-4e57-9a43-6c39ab7a2d7e%7D.json"):
        assert list(app.get(address).json["addons"]) == [guid]
