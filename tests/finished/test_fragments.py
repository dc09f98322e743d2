"""What searches show of an extension is kept: the same as new, and never after a change."""

import pytest

from registry.models import Extension, ExtensionState
from support import shelf

EXTENSIONS = "/api/v4/extensions/"
WORDS = ("word", "tally", "word-tally", "wor", "words")


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


def found(app, word, more=""):
    (result,) = app.get(f"{EXTENSIONS}?q={word}{more}").json["results"]
    return result


def test_another_search_shows_the_same(stocked, monkeypatch):
    fresh = [found(stocked, word) for word in WORDS]
    assert all(result == fresh[0] for result in fresh)
    assert fresh[0] == stocked.get(f"{EXTENSIONS}?sort=name&q=word").json["results"][0]
    assert list(stocked.app._fragments._kept)


def test_rows_are_not_read_again(stocked, monkeypatch):
    found(stocked, WORDS[0])
    monkeypatch.setattr("registry.views.search._ROWS", {})
    assert found(stocked, WORDS[1])["name"] == shelf.PUBLIC


def test_a_change_shows_at_once(stocked, accounts):
    assert found(stocked, WORDS[0])["homepage"] != {"en": "https://example.org/new"}
    edit = {"homepage": {"en": "https://example.org/new"}}
    stocked.patch_json(f"{EXTENSIONS}{shelf.PUBLIC}/", edit, headers=accounts.bearer(shelf.OWNER))
    assert found(stocked, WORDS[1])["homepage"] == {"en": "https://example.org/new"}


def test_languages_and_links_are_kept_apart(stocked):
    title = found(stocked, WORDS[0])["title"]
    assert found(stocked, WORDS[0], "&lang=en")["title"] == title["en"]
    found(stocked, WORDS[1], "&wrap_outgoing_links")
    assert found(stocked, WORDS[2])["title"] == title


def test_memory_is_bounded(stocked, monkeypatch):
    monkeypatch.setattr("registry.fragments.MOST", 1)
    for word in ("word", "tab"):
        stocked.get(f"{EXTENSIONS}?q={word}")
    assert len(stocked.app._fragments._kept) == 1


def test_what_goes_off_the_list_meanwhile_is_left_out(stocked, database):
    """The list has its number, from an index that was read before, but its row says otherwise by now."""

    def disable(session):
        row = session.query(Extension).filter_by(name=shelf.PUBLIC).one()
        row.state, row.listed, row.latest_id = ExtensionState.DISABLED, False, None

    database.write(disable)
    for word in WORDS:
        assert stocked.get(f"{EXTENSIONS}?q={word}").json["results"] == []
