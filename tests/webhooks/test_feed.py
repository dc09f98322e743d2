"""An extension's own feed: its versions, for whoever may see them."""

from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.models import Extension, ExtensionState
from support import shelf
from support.samples import brackets

FEED = f"/api/v4/extensions/{shelf.PUBLIC}/feed"
ATOM = "{http://www.w3.org/2005/Atom}"


def entries(answer):
    root = ElementTree.fromstring(answer.body)
    return [entry.findtext(f"{ATOM}title").rpartition(" ")[2] for entry in root.iter(f"{ATOM}entry")]


def test_new_versions_are_in_it(app, ann, work, database):
    answer = app.get(FEED)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert entries(answer) == ["2.0.0", "1.0.0"]
    root = ElementTree.fromstring(answer.body)
    assert root.findtext(f"{ATOM}id") == f"http://127.0.0.1:6543{FEED}"
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    assert root.findtext(f"{ATOM}updated").endswith("Z")
    app.get(FEED, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
    app.post(f"/api/v4/extensions/{shelf.PUBLIC}/versions/", brackets(shelf.PUBLIC, "3.0.0"), headers=ann)
    assert entries(app.get(FEED)) == ["2.0.0", "1.0.0"]  # it is not signed yet
    work()
    assert entries(app.get(FEED)) == ["3.0.0", "2.0.0", "1.0.0"]
    app.get(f"/api/v4/extensions/{shelf.PUBLIC}/feed/", status=200)


def test_what_was_taken_back_is_not(app, ann, accounts):
    body = {"yanked": True, "reason": {"code": "malware", "text": "a test"}}
    versions = f"/api/v4/extensions/{shelf.PUBLIC}/versions"
    root = accounts.bearer("root", admin=True) | {"If-Match": "*"}
    app.patch_json(f"{versions}/2.0.0/manage/", body, headers=root)
    assert entries(app.get(FEED)) == ["1.0.0"]
    app.patch_json(f"{versions}/1.0.0/", body, headers=ann)
    assert entries(app.get(FEED)) == []


@pytest.mark.parametrize(
    ("state", "status"), [("unlisted", 200), ("pending_disable", 404), ("disabled", 200)]
)
def test_states(app, ann, database, state, status):
    def change(session):
        extension = session.scalars(select(Extension).where(Extension.name == shelf.PUBLIC)).one()
        states.set_state(session, extension, ExtensionState(state), reason="a test", actor_id=None)

    database.write(change)
    answer = app.get(FEED, status=status)
    if status == 200:
        assert entries(answer) == (["2.0.0", "1.0.0"] if state == "unlisted" else [])
