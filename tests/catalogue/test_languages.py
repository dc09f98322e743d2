"""Translated fields: an object by language, or the one string that `lang` asks for."""

import pytest

from registry.catalogue.translations import pick
from support.samples import brackets

EXTENSIONS = "/api/v4/extensions/"
TEXTS = {"en": "Games", "fr": "Jeux", "pt-BR": "Jogos", "zh-Hant-TW": "遊戲"}


@pytest.mark.parametrize(
    ("lang", "default", "found"),
    [
        ("fr", "en", "Jeux"),
        ("FR-ca", "en", "Jeux"),
        ("fr-Latn-CA-x-home", "en", "Jeux"),
        ("pt-br", "en", "Jogos"),
        ("pt", "en", "Games"),
        ("zh-Hant", "en", "Games"),
        ("zh-hant-tw-x-y", "en", "遊戲"),
        ("de", "fr", "Jeux"),
        ("de", "fr-CA", "Jeux"),
        ("de", "es", "Games"),
    ],
)
def test_the_nearest_language(lang, default, found):
    assert pick(TEXTS, lang, default) == found


def test_without_any_text():
    assert pick({}, "en", "en") is None


@pytest.fixture
def published(app, accounts, work):
    texts = {"fr": {"title": "Compte-mots", "description": "Compte les mots."}}
    package = brackets(title="Word Tally", **{"package-i18n": texts})
    app.post(EXTENSIONS, package, headers=accounts.bearer("ann"))
    work()
    return app


@pytest.mark.parametrize("path", ["word-tally/", ""])
def test_an_object_or_the_string_asked_for(published, path):
    def title(query=""):
        answer = published.get(f"{EXTENSIONS}{path}{query}").json
        entry = answer["results"][0] if "results" in answer else answer
        return entry["title"]

    assert title() == {"en": "Word Tally", "fr": "Compte-mots"}
    # One after the other, and again: what is kept for one language is never another's.
    for _ in range(2):
        assert title("?lang=fr") == title("?lang=fr-CA") == title("?lang=fr_CA") == "Compte-mots"
        assert title("?lang=en") == title("?lang=ja") == "Word Tally"


def test_a_field_without_any_text_is_null(published):
    assert published.get(f"{EXTENSIONS}word-tally/?lang=fr").json["support_url"] is None


def test_pages_lead_on_in_the_same_language(published, accounts, work):
    published.post(EXTENSIONS, brackets("another"), headers=accounts.bearer("ann"))
    work()
    assert "lang=fr" in published.get(f"{EXTENSIONS}?lang=fr&page_size=1").json["next"]


def test_what_is_no_language(published):
    for lang in ("*", "e n", "en-", "-", "123", "englishlanguage", "%00", "%C3%A9", "en-" * 50 + "a"):
        for path in ("", "word-tally/"):
            answer = published.get(f"{EXTENSIONS}{path}?lang={lang}", status=400).json
            assert answer["lang"][0].startswith("BAD_LANGUAGE: ")
