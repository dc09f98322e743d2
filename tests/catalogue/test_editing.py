"""Owners edit what is shown of their extension; packages keep the rest."""

import pytest
from sqlalchemy import select

from registry.domain import editing, ownership
from registry.domain.errors import Forbidden
from registry.models import Event, ExtensionState, OwnershipRole
from support.samples import webextension

EXTENSIONS = "/api/v4/extensions/"
DETAIL = f"{EXTENSIONS}word-tally/"


@pytest.fixture
def patch(app, accounts, publish):
    publish(
        title="Word Tally",
        description="Counts.",
        homepage="https://example.org/",
        keywords=["words"],
        files={"README.md": "From the *README*."},
    )
    owner = accounts.bearer("ann")

    def patch(_query="", *, status=200, headers=None, **changes):
        sent = headers if headers is not None else owner
        return app.patch_json(f"{DETAIL}{_query}", changes, headers=sent, status=status)

    return patch


def test_texts_in_one_language_or_many(app, patch):
    assert patch(title="Tally").json["title"] == {"en": "Tally"}
    assert patch("?lang=pt-br", title="Contador").json["title"] == "Contador"
    both = {"en": "Tally", "pt-BR": "Contador"}
    assert app.get(DETAIL).json["title"] == both
    # What is not named stays; null, or nothing, takes a language away.
    assert patch(title={"fr": "Compte", "pt_br": None}).json["title"] == {"en": "Tally", "fr": "Compte"}
    assert patch(title={"fr": " "}).json["title"] == {"en": "Tally"}
    assert patch(support_url="https://example.org/help").json["support_url"] == {
        "en": "https://example.org/help"
    }


def test_it_is_seen_at_once_everywhere(app, patch):
    app.get(EXTENSIONS), app.get(DETAIL)
    patch(title="Tally", summary="Counts\nwords.", keywords=["a", "b", "a"], categories=["tools"])
    for entry in (app.get(DETAIL).json, app.get(EXTENSIONS).json["results"][0]):
        assert (entry["title"], entry["summary"]) == ({"en": "Tally"}, {"en": "Counts\nwords."})
        assert (entry["keywords"], entry["categories"]) == (["a", "b"], ["tools"])


def test_a_description_is_rendered(app, patch):
    answer = patch(description={"en": "**New**", "fr": "<b>x</b> [l](https://e.org)"}).json
    assert answer["description_html"]["en"] == "<p><strong>New</strong></p>"
    assert "<b>" not in answer["description_html"]["fr"]
    assert "/outgoing/" in answer["description_html"]["fr"]
    only = patch(description={"fr": None}).json
    assert only["description_html"] == {"en": "<p><strong>New</strong></p>"}
    back = patch(description=None).json
    assert back["description_html"] == {"en": "<p>From the <em>README</em>.</p>"}
    assert back["description"] == {"en": "From the *README*."}


def test_edits_outlive_versions_until_they_are_taken_back(app, patch, publish):
    patch(title="Mine", description="Mine too.", homepage={"en": "https://mine.example/"}, keywords=["mine"])
    publish(version="2.0.0", title="Theirs", homepage="https://theirs.example/", files={"README.md": "R"})
    detail = app.get(DETAIL).json
    assert (detail["version"], detail["title"], detail["keywords"]) == ("2.0.0", {"en": "Mine"}, ["mine"])
    assert detail["description_html"] == {"en": "<p>Mine too.</p>"}
    back = patch(title=None, description=None, homepage=None, keywords=None).json
    assert (back["title"], back["homepage"]) == ({"en": "Theirs"}, {"en": "https://theirs.example/"})
    assert (back["description_html"], back["keywords"]) == ({"en": "<p>R</p>"}, [])
    publish(version="3.0.0", title="Third")
    assert app.get(DETAIL).json["title"] == {"en": "Third"}


def test_hidden_by_its_owner(app, patch):
    assert patch(hidden_by_owner=True).json["hidden_by_owner"] is True
    assert app.get(EXTENSIONS).json["count"] == 0
    assert app.get(DETAIL).json["state"] == "active"
    patch(hidden_by_owner=False)
    assert app.get(EXTENSIONS).json["count"] == 1


def test_all_faults_in_one_answer(app, patch):
    before = app.get(DETAIL).json
    faults = patch(
        status=400,
        version="9.9.9",
        state="active",
        colour="red",
        title={"en": "x" * 101, "e n": "y", "fr": 7},
        summary="a\x00b",
        description="x" * 20_001,
        homepage="javascript:alert(1)",
        support_url={"en": "not a link"},
        keywords=["x" * 201],
        categories="tools",
        hidden_by_owner=None,
    ).json
    assert {
        field: [message.partition(":")[0] for message in messages] for field, messages in faults.items()
    } == {
        "version": ["NOT_EDITABLE"],
        "state": ["NOT_EDITABLE"],
        "colour": ["This field is not known here."],
        "title": ["BAD_FIELD", "BAD_LANGUAGE", "BAD_FIELD"],
        "summary": ["BAD_FIELD"],
        "description": ["BAD_FIELD"],
        "homepage": ["BAD_URL"],
        "support_url": ["BAD_URL"],
        "keywords": ["BAD_FIELD"],
        "categories": ["BAD_FIELD"],
        "hidden_by_owner": ["This must be true or false."],
    }
    assert app.get(DETAIL).json == before


def test_bounds(app, patch, accounts):
    for changes, field in (
        ({"title": {"en": None}}, "title"),
        ({"title": ""}, "title"),
        ({"homepage": {"en": None, "fr": "https://example.org/fr"}}, "homepage"),
        ({"title": {f"en-{number}": "x" for number in range(100, 151)}}, "title"),
        ({"title": {"en-US": "a", "en_us": "b"}}, "title"),
        ({"title": "left\u202eright"}, "title"),
        ({"title": ["x"]}, "title"),
        ({"keywords": ["x"] * 101}, "keywords"),
        ({"homepage": "https://example.org/a b"}, "homepage"),
        ({"homepage": "//example.org"}, "homepage"),
    ):
        assert list(patch(status=400, **changes).json) == [field]
    texts = {f"en-{number}": "x" * 20_000 for number in range(100, 111)}
    assert patch(status=400, description=texts).json["description"][0].startswith("TOO_LONG: ")
    for start in (100, 140):
        patch(title={f"en-{number}": "x" for number in range(start, start + 9)})
    more = {f"en-{number}": "x" for number in range(200, 240)}
    assert patch(status=400, title=more).json["title"][0].startswith("TOO_MANY: ")
    assert "lang" in patch("?lang=x-private", status=400, title="x").json
    headers = accounts.bearer("ann")
    half = b'{"title": "\\ud800"}'
    app.patch(DETAIL, half, headers={**headers, "Content-Type": "application/json"}, status=400)
    app.patch(DETAIL, b'{"title": "x"}', headers={**headers, "Content-Type": "text/plain"}, status=415)
    app.patch(DETAIL, b"[]", headers={**headers, "Content-Type": "application/json"}, status=400)


def test_words_that_no_title_may_hold(patch, config):
    config.registry["settings"].__dict__["disallowed_words"] = ("brackets",)
    assert patch(status=400, title="For Brackets").json["title"][0].startswith("DISALLOWED_WORDS: ")
    patch(description="For Brackets")


def test_lost_updates(app, patch, accounts, config, publish):
    owner = accounts.bearer("ann")
    etag = app.get(DETAIL, headers={"Accept-Encoding": "gzip"}).headers["ETag"]
    revision = etag.partition(".")[0]
    # What others do to it, other than edit, is in nobody's way.
    config.registry["downloads"].count({"REMOTE_ADDR": "192.0.2.1"}, 1)
    answer = patch(title="First", headers={**owner, "If-Match": etag})
    assert answer.headers["ETag"] == app.get(DETAIL, headers=owner).headers["ETag"]
    assert answer.headers["ETag"].partition(".")[0] != revision
    for stale in (etag, f"W/{answer.headers['ETag']}", '"x"', "nonsense"):
        late = patch(title="Second", headers={**owner, "If-Match": stale}, status=412)
        assert late.json["code"] == "ERROR_STALE"
    patch(title="Second", headers={**owner, "If-Match": f'"x", {answer.headers["ETag"]}'})
    patch(title="Third", headers={**owner, "If-Match": "*"})
    assert app.get(DETAIL).json["title"] == {"en": "Third"}


def test_who_may(app, patch, accounts, change, set_state):
    patch(title="x", headers={}, status=401)
    patch(title="x", headers=accounts.bearer("eve"), status=403)
    patch(title="x", headers=accounts.bearer("root", admin=True), status=403)
    patch(title="x", headers=accounts.bearer("ann", scopes=["read"]), status=403)
    bob = accounts.user("bob")
    for role, status in ((OwnershipRole.PUBLISHER, 403), (OwnershipRole.OWNER, 200)):
        change(
            "word-tally",
            lambda session, row, role=role: ownership.grant(session, row.id, role, None, user_id=bob),
        )
        patch(title="Bob's", headers=accounts.bearer("bob"), status=status)
    app.patch_json(f"{EXTENSIONS}nothing/", {"title": "x"}, headers=accounts.bearer("ann"), status=404)
    set_state("word-tally", ExtensionState.DISABLED)
    assert patch(title="x", status=403).json["code"] == "EXTENSION_DISABLED"


def test_a_right_that_was_lost_meanwhile(patch, change, accounts):
    """As if it had been taken away after the tree had permitted it."""
    eve = accounts.user("eve")
    wanted = editing.Edit({"title": {editing.HERE: "x"}})
    with pytest.raises(Forbidden):
        change("word-tally", lambda session, row: editing.edit(session, row.id, eve, wanted, {}))


def test_the_event_says_which_fields(app, patch, accounts, database):
    patch(title="x", summary="Counts.", hidden_by_owner=False)
    patch(title=None)
    patch(title=None)
    with database.reading_session() as session:
        events = session.scalars(
            select(Event).where(Event.kind == "extension.edited").order_by(Event.seq)
        ).all()
        said = [(event.data["fields"], event.data["restored"]) for event in events]
    assert said == [(["title"], []), (["title"], ["title"])]
    assert events[0].actor_id == accounts.user("ann")


def test_before_the_first_signature(app, accounts, work):
    owner = accounts.bearer("ann")
    app.post(EXTENSIONS, webextension(), headers=owner)
    address = f"{EXTENSIONS}tab-notes/"
    assert app.patch_json(address, {"description": "*d*"}, headers=owner).json["description_html"] == {
        "en": "<p><em>d</em></p>"
    }
    work()
    assert app.get(address).json["description_html"] == {"en": "<p><em>d</em></p>"}
    assert app.patch_json(address, {"description": None}, headers=owner).json["description_html"] == {}
