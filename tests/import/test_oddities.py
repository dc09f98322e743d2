"""Everything odd in an old registry.json is put right or left out field by field, and said."""

import datetime
import json

import pytest

from registry.importing import document
from registry.importing.document import BadDocument
from registry.importing.entries import NO_HOST, read_entry
from registry.packages.manifest import ManifestError
from support.registry_json import entry


def read(given, name="word-tally", popularity=None):
    """The extension, and its notes as ``{(field, done)}``."""
    imported, notes = read_entry(name, given, popularity)
    assert all(note.message for note in notes)
    return imported, {(note.field, note.done.value) for note in notes}


def newest(imported):
    return imported.versions[-1].package


def test_a_sound_entry_is_not_remarked_on():
    imported, notes = read(entry("word-tally", "1.0.0", "1.1.0"))

    assert notes == set()
    assert (imported.owner_label, imported.downloads) == ("github:ada", 20)
    assert [(v.package.version, v.downloads, v.published.day) for v in imported.versions] == [
        ("1.0.0", 10, 1),
        ("1.1.0", 10, 2),
    ]
    assert newest(imported).summary == {"en": "What word-tally does."}
    assert newest(imported).api_range == ">=0.40.0"
    assert imported.versions[0].package.summary == {}


@pytest.mark.parametrize(
    ("field", "value", "attribute", "wanted", "note"),
    [
        ("author", "Ada <ada@example.org>", "author", {"name": "Ada", "email": "ada@example.org"}, "noted"),
        ("author", ["Ada", "Bob"], "author", {"name": "Ada"}, "noted"),
        ("author", None, "author", None, None),
        ("author", 5, "author", None, "left out"),
        (
            "author",
            {"name": "Ada", "url": "ada.example.org"},
            "author",
            {"name": "Ada", "url": "https://ada.example.org"},
            "fixed",
        ),
        ("author", {"name": "Ada", "url": "see my page"}, "author", {"name": "Ada"}, "left out"),
        ("engines", ">=33", "api_range", ">=0.40.0", "left out"),
        ("theme", "theme.less", "theme", True, "noted"),
        ("theme", 7, "theme", False, "left out"),
        ("keywords", "one, two", "keywords", ("one", "two"), "noted"),
        ("keywords", ["one", 2], "keywords", (), "left out"),
        ("i18n", "fr", "languages", ("fr",), "noted"),
        ("i18n", ["fr", None], "languages", (), "left out"),
        ("license", {"type": "MIT", "url": "https://example.org"}, "license", "MIT", "noted"),
        ("categories", "editing", "categories", ("editing",), "noted"),
        ("categories", ["editing"], "categories", ("editing",), None),
        ("screenshot", "shots/one.png", "screenshots", (), "left out"),
        ("homepage", None, "homepage", {}, "noted"),
        ("homepage", "  ", "homepage", {}, "left out"),
        ("homepage", "#", "homepage", {}, "left out"),
        ("homepage", "none", "homepage", {}, "left out"),
        ("homepage", "javascript:alert(1)", "homepage", {}, "left out"),
        ("homepage", "www.example.org/x", "homepage", {"en": "https://www.example.org/x"}, "fixed"),
        ("title", None, "title", {"en": "word-tally"}, None),
        ("title", "T" * 200, "title", {"en": "T" * 99 + "…"}, "fixed"),
        ("title", "Two\nlines", "title", {"en": "Two lines"}, "fixed"),
        ("title", ["no text"], "title", {"en": "word-tally"}, "left out"),
        ("description", 17, "summary", {}, "left out"),
        ("description", "D" * 3000, "summary", {"en": "D" * 1999 + "…"}, "fixed"),
        ("package-i18n", {"fr": None}, "title", {"en": "Word-Tally"}, "left out"),
        ("package-i18n", {"fr": {"title": "Mots"}}, "title", {"en": "Word-Tally", "fr": "Mots"}, None),
        ("name", "other", "name", "word-tally", "fixed"),
    ],
)
def test_fields_of_the_metadata(field, value, attribute, wanted, note):
    given = entry("word-tally")
    given["metadata"][field] = value
    if value is None:
        del given["metadata"][field]

    imported, notes = read(given)

    assert getattr(newest(imported), attribute) == wanted
    assert {done for name, done in notes if name == field} >= ({note} if note else set())
    assert bool(notes) == bool(note)


@pytest.mark.parametrize(
    ("field", "value", "wanted", "note"),
    [
        ("brackets", None, (None, 10, 1), None),
        ("brackets", "", (None, 10, 1), None),
        ("brackets", "whatever", (NO_HOST, 10, 1), "fixed"),
        ("brackets", 1, (NO_HOST, 10, 1), "fixed"),
        ("brackets", ">= 0.23", (">= 0.23", 10, 1), None),
        ("downloads", -1, (">=0.40.0", 0, 1), "fixed"),
        ("downloads", "many", (">=0.40.0", 0, 1), "fixed"),
        ("published", None, (">=0.40.0", 10, 2), "fixed"),
        ("published", "yesterday", (">=0.40.0", 10, 2), "fixed"),
        ("published", "9999-01-01T00:00:00Z", (">=0.40.0", 10, 2), "fixed"),
        ("sha1", "ab", (">=0.40.0", 10, 1), "left out"),
    ],
)
def test_fields_of_a_version(field, value, wanted, note):
    given = entry("word-tally", "1.0.0", "1.1.0")
    given["versions"][0][field] = value

    imported, notes = read(given)

    first = imported.versions[0]
    assert (first.package.api_range, first.downloads, first.published.day) == wanted
    assert notes == ({(field, note)} if note else set())


def test_versions_that_are_none_or_twice_or_in_another_order():
    given = entry("word-tally", "1.10.0", "1.2.0", "v1.3.0", "1.4", "1.2.0")
    given["versions"] += ["1.0.0", {"version": 7}]

    imported, notes = read(given)

    assert [version.package.version for version in imported.versions] == ["1.2.0", "1.10.0"]
    assert notes == {("version", "left out"), ("versions", "fixed")}


def test_the_metadata_go_to_the_newest_version_and_to_the_newest_that_is_offered():
    imported, _ = read(entry("word-tally", "0.9.0", "1.0.0", "2.0.0-beta"))

    assert [bool(version.package.summary) for version in imported.versions] == [False, True, True]


def test_an_entry_without_versions_has_the_one_of_its_metadata():
    for versions in ([], None, "1.0.0"):
        imported, notes = read(entry("word-tally") | {"versions": versions})
        assert [version.package.version for version in imported.versions] == ["1.0.0"]
        assert newest(imported).api_range == ">=0.40.0"
        assert ("versions", "fixed") in notes


@pytest.mark.parametrize(
    ("owner", "label", "note"),
    [
        ("github:Ada-L", "github:Ada-L", None),
        ("ada", "github:ada", "fixed"),
        ("github:https://github.com/ada/theme", "github:ada", "fixed"),
        ("https://github.com/ada", "github:ada", "fixed"),
        ("github:@ada", "github:ada", "fixed"),
        ("github:Ada Lovelace", "github:Ada Lovelace", "noted"),
        (None, None, "noted"),
        (7, None, "left out"),
    ],
)
def test_owners(owner, label, note):
    imported, notes = read(entry("word-tally") | {"owner": owner})

    assert imported.owner_label == label
    assert notes == ({("owner", note)} if note else set())


def test_downloads_are_the_most_that_is_claimed_anywhere():
    given = entry("word-tally", "1.0.0", "1.1.0")
    assert read(given, popularity={"totalDownloads": 44})[0].downloads == 44
    assert read(given | {"totalDownloads": 5})[0].downloads == 20
    del given["totalDownloads"]
    imported, notes = read(given)
    assert (imported.downloads, notes) == (20, {("totalDownloads", "fixed")})


def test_only_the_last_seven_days_are_recent():
    today = datetime.datetime.now(datetime.UTC).date()
    imported, notes = read(entry("word-tally") | {"recent": {f"{today:%Y%m%d}": 3, "20180905": 28, "x": 1}})

    assert (imported.recent, notes) == ({today: 3}, {("recent", "left out")})


@pytest.mark.parametrize(
    "name", ["constructor", "latest", "Odd", "..", "a b", "x" * 101, "", "a/b", "tool.zip"]
)
def test_a_name_that_cannot_be_is_not_loaded(name):
    imported, notes = read(entry(name, title="A title"), name)

    assert (imported, notes) == (None, {("name", "not loaded")})


def test_an_entry_without_a_sound_version_is_not_loaded():
    imported, notes = read(entry("word-tally", "1.0"))

    assert (imported, notes) == (None, {("version", "left out"), ("versions", "not loaded")})


def test_one_broken_entry_spoils_no_other():
    sound = json.dumps(entry("one"))
    text = (
        f'{{"one": {sound}, "two": 5, "three": {{"a": NaN}}, "four": {{"a": 1, "a": 2}}, "five": {{"a": "\\u0000"}},'
        f' "six": {{"a": {"9" * 5000}}}, "seven": [], "one": {{}}, "deep": {{"a": {"[" * 100_000 + "]" * 100_000}}},'
        f' "fault": {{"a": ["]}}", 1 2}}], "eight": {sound}}}'
    )
    found = list(document.entries(("\ufeff" + text).encode()))

    assert [name for name, _ in found] == [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "one",
        "deep",
        "fault",
        "eight",
    ]
    assert [name for name, value in found if not isinstance(value, ManifestError)] == ["one", "eight"]
    assert read(found[1][1]) == (None, {(None, "not loaded")})


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"a"}', b'{"a": {}', b'{"a": {},}', b"{1: 2}", b'{"a": {}} x', b"\xff", b"[" * 100_000,
     b'{"a": ["]}', b'{"a": ' + b"[" * 50 + b"]" * 49 + b"}", b"\x1f\x8bnot gzip"],
)  # fmt: skip
def test_a_file_that_cannot_be_read(data):
    with pytest.raises(BadDocument):
        list(document.entries(document.unpacked(data)))
