"""What full text must find, and in which order, tried on each database the tests run on."""

import datetime

import pytest
from sqlalchemy import func, select, update

from registry import search
from registry.models import Extension, SearchDocument, now, table

EXTENSION = table(Extension)


@pytest.fixture
def shelf(database):
    """Puts listed extensions into the index, as `add(name, title=…)`, and asks it as `find(text)`."""
    return Shelf(database)


class Shelf:
    def __init__(self, database):
        self.database = database

    def add(self, name, title=None, **columns):
        columns = {"guid": name, "skeleton": name, "format": "brackets", "listed": True} | columns
        title = title if isinstance(title, dict) else {"en": title or name}

        def write(session):
            row = Extension(name=name, title=title, **columns)
            session.add(row)
            session.flush()
            search.index(session.connection(), row.id)

        self.database.write(write)

    def change(self, name, **columns):
        def write(session):
            connection = session.connection()
            connection.execute(update(EXTENSION).where(EXTENSION.c.name == name).values(**columns))
            which = connection.scalar(select(EXTENSION.c.id).where(EXTENSION.c.name == name))
            search.index(connection, which)

        self.database.write(write)

    def find(self, text, **options):
        with self.database.read() as connection:
            found = search.hits(connection, text, **options)
            if found is None:
                return None
            names = dict(connection.execute(select(EXTENSION.c.id, EXTENSION.c.name)).all())
        return [names[which] for which in found]

    def documents(self):
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(SearchDocument))


@pytest.mark.parametrize(
    "columns",
    [
        {"title": "Highlighted"},
        {"title": {"en": "x", "de": "Highlighted"}},
        {"summary": {"en": "It is highlighting."}},
        {"description": {"fr": "Les highlights !"}},
        {"keywords": ["highlight"]},
        {"categories": ["Highlights"]},
        {"author": {"name": "Anna Highlight"}},
    ],
)
def test_every_field_is_searched_and_stemmed(shelf, columns):
    shelf.add("one", **columns)
    shelf.add("other")
    assert shelf.find("highlights") == ["one"]


def test_names_in_every_spelling(shelf):
    shelf.add("live-preview", "CodeFolding for C#")
    for text in ("live preview", "livepreview", "LIVE_PREVIEW", "preview", "code fold", "codefolding", "c#"):
        assert shelf.find(text) == ["live-preview"], text


def test_all_words_must_be_there(shelf):
    shelf.add("one", "Dark", summary={"en": "a theme"})
    shelf.add("two", "Dark")
    assert shelf.find("theme dark") == ["one"]
    assert shelf.find("the theme for dark") == ["one"]  # empty words are not asked for


def test_the_last_word_may_be_unfinished(shelf):
    shelf.add("one", "JavaScript", summary={"en": "Completion of identifiers"})
    for text in ("j", "java", "javascrip", "javascript ident", "compl"):
        assert shelf.find(text) == ["one"], text
    assert shelf.find("compl javascript") == []


def test_a_long_word_unfinished_after_its_indexed_beginning(shelf):
    shelf.add("one", "Donaudampfschifffahrtsgesellschaft")
    assert shelf.find("donaudampfschifffahrts") == ["one"]


def test_accents_case_and_width_make_no_difference(shelf):
    shelf.add("one", {"fr": "Éditeur français", "pl": "Łódź", "de": "Straße"})
    for text in ("editeur FRANCAIS", "éditeur", "lodz", "STRASSE", "ｅｄｉｔｅｕｒ"):
        assert shelf.find(text) == ["one"], text


@pytest.mark.parametrize(
    ("title", "texts"),
    [
        ("简体中文语言包", ["中文", "语言包", "文", "简体中文语言包"]),
        ("日本語エディタ", ["日本語", "エディタ", "語"]),
        ("한국어 편집기", ["한국어", "편집", "기"]),
        ("ภาษาไทย", ["ไทย"]),
    ],
)
def test_runs_without_spaces_are_found_by_any_part(shelf, title, texts):
    shelf.add("one", {"x": title})
    shelf.add("other", {"x": "中立日韩本"})
    for text in texts:
        assert shelf.find(text) == ["one"], text


@pytest.mark.parametrize("typo", ["beutify", "beautifyy", "baeutify", "beautufy", "eautify"])
def test_one_letter_may_be_wrong_in_a_name(shelf, typo):
    shelf.add("one", "Beautify Code")
    assert shelf.find(typo) == ["one"]
    assert shelf.find(f"{typo} code") == ["one"]


def test_not_two_letters_nor_in_short_words(shelf):
    shelf.add("one", "Beautify Go")
    assert shelf.find("buetfy") == []
    assert shelf.find("gp") == []


def test_the_exact_name_comes_first(shelf):
    shelf.add("vue", "Something else")
    shelf.add("vue-tools", "Vue", downloads_total=10**7)
    shelf.add("tools", "The vue thing", downloads_total=10**7)
    assert shelf.find("Vue") == ["vue", "vue-tools", "tools"]


def test_of_names_with_the_same_letters_the_one_that_was_typed_comes_first(shelf):
    shelf.add("live-preview", guid="Live.Preview@example.org")
    shelf.add("live_preview", downloads_total=10**7)
    shelf.add("livepreview", downloads_total=10**3)
    assert shelf.find("live-preview")[0] == "live-preview"
    assert shelf.find(" LIVE_preview ")[0] == "live_preview"
    assert shelf.find("livepreview", names_only=True) == ["livepreview", "live_preview", "live-preview"]
    assert shelf.find("live preview")[0] == "live_preview"
    assert shelf.find("Live.Preview@example.org") == ["live-preview"]


def test_where_a_word_stands_counts(shelf):
    shelf.add("e", description={"en": "emmet"})
    shelf.add("d", summary={"en": "emmet"})
    shelf.add("c", keywords=["emmet"])
    shelf.add("b", "Emmeting")
    shelf.add("a", "Emmet")
    assert shelf.find("emmet") == ["a", "b", "c", "d", "e"]


def test_popularity_and_freshness_count(shelf):
    old = now() - datetime.timedelta(days=2000)
    shelf.add("forgotten", "Git", updated=old)
    shelf.add("loved", "Git", updated=old, downloads_total=500_000)
    shelf.add("fresh", "Git")
    shelf.add("trending", "Git", downloads_total=50_000, downloads_recent=20_000)
    assert shelf.find("git") == ["trending", "loved", "fresh", "forgotten"]


def test_quality_is_brought_up_to_date_in_portions(shelf):
    for name in ("a", "b", "c", "d", "e"):
        shelf.add(name, "Git")
    assert shelf.find("git") == ["a", "b", "c", "d", "e"]

    def later(session):
        connection, after, portions = session.connection(), 0, 0
        connection.execute(update(EXTENSION).where(EXTENSION.c.name == "d").values(downloads_total=10**6))
        while after is not None:
            after, portions = search.requalify(connection, after, most=2), portions + 1
        return portions

    assert shelf.database.write(later) == 3
    assert shelf.find("git") == ["d", "a", "b", "c", "e"]


def test_what_changes_is_found_by_its_new_words_only(shelf):
    shelf.add("one", "Former")
    for title in ("Latter", "Former", "Latter"):
        shelf.change("one", title={"en": title}, downloads_total=10**5)
    assert (shelf.find("former"), shelf.find("latter")) == ([], ["one"])
    shelf.change("one", downloads_total=10**6)
    shelf.change("one", listed=False)
    assert (shelf.find("latter"), shelf.documents()) == ([], 0)
    shelf.change("one", listed=False)
    shelf.change("one", listed=True)
    assert (shelf.find("latter"), shelf.documents()) == (["one"], 1)


def test_filters(shelf):
    shelf.add("a", "Git", theme=True, categories=["Version Control"], languages=["fr-CA"], license="MIT")
    shelf.add("b", "Git", format="webextension", languages=["de"], license="(MIT OR Apache-2.0)")
    for filters, names in (
        ({"kind": "theme"}, ["a"]),
        ({"kind": "extension"}, ["b"]),
        ({"format": "webextension"}, ["b"]),
        ({"category": "version control"}, ["a"]),
        ({"language": "fr"}, ["a"]),
        ({"language": "fr_CA"}, ["a"]),
        ({"language": "fr-FR"}, []),
        ({"license": "mit"}, ["a", "b"]),
        ({"license": "apache-2.0"}, ["b"]),
        ({"license": "or"}, []),
        ({"kind": "theme", "license": "MIT"}, ["a"]),
        ({"kind": "theme", "format": "webextension"}, []),
        ({"category": "%' OR \"'"}, []),
    ):
        assert shelf.find("git", filters=filters) == names
        with shelf.database.read() as connection:
            among = search.matching(connection, filters, 10)
            where = select(EXTENSION.c.id).where(search.has(filters, EXTENSION.c.id))
            assert sorted(among) == sorted(connection.scalars(where))
            assert len(among) == len(names)


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "'",
        "a OR b",
        "NEAR(a b)",
        "-a",
        "a*",
        "(",
        ")",
        "a:b",
        "\\",
        "a & !b",
        "%",
        "col : x",
        "<->",
        "a' --",
    ],
)
def test_nothing_typed_is_a_query_language(shelf, text):
    shelf.add("one", "Nothing like it")
    assert shelf.find(text) in (None, [])


def test_texts_without_words_are_no_search(shelf):
    for text in ("", "   ", "!?-", "\u0301"):
        assert shelf.find(text) is None


def test_many_and_long_words(shelf):
    shelf.add("one", " ".join(f"word{number}" for number in range(300)), description={"en": "x" * 5000})
    assert shelf.find("word1 word2 " + "y" * 5000) == []
    assert shelf.find("word" * 50) == []
    assert shelf.find(" ".join(f"word{number}" for number in range(12))) == ["one"]
    # Only the first twelve words are asked for.
    assert shelf.find(" ".join(f"word{number}" for number in [*range(12), 999])) == ["one"]


def test_common_words_find_the_best(shelf, monkeypatch):
    monkeypatch.setattr(search.questions, "WINDOW", 4)
    monkeypatch.setattr(search, "WINDOW", 4)
    for number in range(8):
        shelf.add(f"tool{number}", summary={"en": "common"}, downloads_total=10**number)
    assert shelf.find("common") == ["tool7", "tool6", "tool5", "tool4"]
