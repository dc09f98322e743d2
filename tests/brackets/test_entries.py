"""The entry of an extension in registry.json: of the types that clients trust, whatever the rows hold."""

import datetime
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.catalogue import brackets
from registry.packages.versions import semver_key

MORNING = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
OPTIONAL_TEXTS = ("title", "description", "homepage", "license")


def version(number="1.0.0", **columns):
    whole = {
        "version": number,
        "api_range": ">=0.40.0",
        "published": MORNING,
        "created": MORNING,
        "downloads": 3,
        "sha256": "a" * 64,
    }
    return SimpleNamespace(**whole | columns)


def row(**columns):
    whole = {
        "name": "word-tally",
        "format": "brackets",
        "default_locale": "en",
        "title": {"en": "Word Tally"},
        "summary": {"en": "Counts words."},
        "homepage": {"en": "https://example.org/"},
        "keywords": ["count"],
        "categories": [],
        "license": "MIT",
        "author": {"name": "Ann"},
        "languages": ["en", "pt-BR"],
        "theme": False,
        "api_limit": None,
        "rating_counts": [0, 0, 0, 1, 1],
        "downloads_total": 12,
        "latest_version": "1.0.0",
        "latest_api_range": ">=0.40.0",
        "latest_manifest": {},
    }
    return SimpleNamespace(**whole | columns)


def check(name, entry):
    """The table of what clients trust."""
    assert set(entry) <= {"metadata", "owner", "versions", "totalDownloads", "recent", "rating"}
    metadata = entry["metadata"]
    assert metadata["name"] == name
    assert all(type(metadata.get(key, "")) is str for key in OPTIONAL_TEXTS)
    assert metadata.get("homepage", "https://").lower().startswith(("http://", "https://"))
    for key in ("keywords", "i18n", "categories"):
        assert all(type(item) is str for item in metadata.get(key, []))
    author = metadata.get("author", {"name": ""})
    assert set(author) <= {"name", "email", "url"}
    assert all(type(text) is str for text in author.values())
    assert "name" in author
    for locale, texts in metadata.get("package-i18n", {}).items():
        assert type(locale) is str
        assert set(texts) <= {"title", "description", "homepage", "keywords"}
        assert all(type(item) is str for item in texts.get("keywords", []))
        assert all(type(texts.get(key, "")) is str for key in ("title", "description", "homepage"))
    assert metadata.get("theme", True)
    assert type(metadata.get("engines", {}).get("brackets", "")) is str
    versions = entry["versions"]
    assert versions
    assert versions[-1]["version"] == metadata["version"]
    keys = [semver_key(version["version"]) for version in versions]
    assert keys == sorted(keys)
    for one in versions:
        assert type(one.get("brackets", "")) is str
        assert type(one["downloads"]) is int
        assert datetime.datetime.fromisoformat(one["published"]).tzinfo is not None
        assert one["published"].endswith("Z")
    assert type(entry["totalDownloads"]) is int
    assert len(entry.get("recent", {})) <= 7
    assert ":" in entry.get("owner", ":")


def test_an_entry():
    days = {MORNING.date() - datetime.timedelta(days=back): back for back in range(9)}
    entry = brackets.entry(row(), [version("1.0.0"), version("0.9.0")], "github:ann", days)
    check("word-tally", entry)
    assert entry == {
        "metadata": {
            "name": "word-tally",
            "title": "Word Tally",
            "version": "1.0.0",
            "description": "Counts words.",
            "author": {"name": "Ann"},
            "homepage": "https://example.org/",
            "keywords": ["count"],
            "license": "MIT",
            "i18n": ["en", "pt-BR"],
            "engines": {"brackets": ">=0.40.0"},
        },
        "owner": "github:ann",
        "versions": [
            {
                "version": number,
                "published": "2026-01-02T03:04:05Z",
                "brackets": ">=0.40.0",
                "downloads": 3,
                "sha256": "a" * 64,
            }
            for number in ("0.9.0", "1.0.0")
        ],
        "totalDownloads": 12,
        "recent": {
            f"{MORNING.date() - datetime.timedelta(days=back):%Y%m%d}": back for back in range(6, -1, -1)
        },
        "rating": 4.5,
    }


def test_nothing_but_what_must_be():
    bare = row(
        title={},
        summary={},
        homepage={},
        keywords=[],
        license=None,
        author=None,
        languages=[],
        downloads_total=0,
    )
    bare.rating_counts = [0] * 5
    entry = brackets.entry(bare, [version(api_range=None, published=None)], None, {})
    check("word-tally", entry)
    assert entry["metadata"] == {
        "name": "word-tally",
        "title": "word-tally",
        "version": "1.0.0",
        "engines": {"brackets": ">=0.40.0"},
    }
    assert (entry["totalDownloads"], "owner" in entry, "rating" in entry) == (0, False, False)
    assert "brackets" not in entry["versions"][0]


def test_versions_ascend_and_end_with_the_latest():
    numbers = ["1.10.0", "1.2.0", "2.0.0", "1.9.0-beta.1", "1.10.0+build", "v1", "1.2"]
    entry = brackets.entry(row(latest_version="1.10.0"), [*map(version, numbers)], None, {})
    assert [one["version"] for one in entry["versions"]] == [
        "1.2.0",
        "1.9.0-beta.1",
        "1.10.0+build",
        "1.10.0",
    ]


def test_the_limit_of_the_extension_comes_first():
    entry = brackets.entry(row(api_limit="1.5.0"), [version(), version("0.1.0", api_range=None)], None, {})
    assert [one["brackets"] for one in entry["versions"]] == ["<=1.5.0", "<=1.5.0 >=0.40.0"]
    assert entry["metadata"]["engines"] == {"brackets": "<=1.5.0 >=0.40.0"}


@pytest.mark.parametrize(
    ("columns", "versions"),
    [
        ({"name": "constructor"}, [version()]),
        ({}, []),
        ({"latest_version": "3.0"}, [version("3.0")]),
        ({"latest_version": None}, [version()]),
        ({"latest_version": "2.0.0"}, [version("1.0.0")]),
    ],
)
def test_what_would_break_clients_is_left_out(columns, versions):
    with pytest.raises(brackets.Unfit):
        brackets.entry(row(**columns), versions, None, {})


@pytest.mark.parametrize(
    ("columns", "key", "expected"),
    [
        ({"homepage": {"en": "javascript:alert(1)"}}, "homepage", None),
        ({"homepage": {"en": "#"}}, "homepage", None),
        ({"homepage": {"en": " https://example.org/a "}}, "homepage", "https://example.org/a"),
        ({"homepage": {"en": "https://example.org/\x00"}}, "homepage", None),
        ({"keywords": [1, None, "ok", ""]}, "keywords", ["ok"]),
        ({"languages": [None, "root"]}, "i18n", ["root"]),
        ({"author": "Ann"}, "author", None),
        ({"author": {"name": 5, "email": "a@b"}}, "author", None),
        ({"author": {"name": "Ann", "url": "javascript:0"}}, "author", {"name": "Ann"}),
        (
            {"theme": True, "latest_manifest": {"theme": {"file": "a.css", "dark": True}}},
            "theme",
            {"file": "a.css", "dark": True},
        ),
        ({"theme": True, "latest_manifest": {"theme": "a.css"}}, "theme", {"file": "a.css", "dark": False}),
        ({"theme": True, "latest_manifest": {"theme": {"file": 1}}}, "theme", True),
        ({"theme": True, "latest_manifest": None}, "theme", True),
        (
            {"latest_manifest": {"nodeConfig": {"nodeIsRequired": True, "x": 1}}},
            "nodeConfig",
            {"nodeIsRequired": True},
        ),
        ({"latest_manifest": {"nodeConfig": [1]}}, "nodeConfig", None),
        (
            {
                "title": {"en": "T", "pt-BR": "Contador", "de": "Z"},
                "latest_manifest": {"package-i18n": {"pt-br": {"keywords": [1, "x"]}, "de": None, "xx": 1}},
            },
            "package-i18n",
            {"de": {"title": "Z"}, "pt-br": {"title": "Contador", "keywords": ["x"]}},
        ),
    ],
)
def test_field_by_field(columns, key, expected):
    entry = brackets.entry(row(**columns), [version()], None, {})
    check("word-tally", entry)
    assert entry["metadata"].get(key) == expected


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        ("github:ann", "github:ann"),
        ("ann", None),
        ("", None),
        ("a b:c", None),
        ("team:makers", "team:makers"),
    ],
)
def test_an_owner_has_a_colon(owner, shown):
    assert brackets.entry(row(), [version()], owner, {}).get("owner") == shown


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
texts = st.dictionaries(st.sampled_from(["en", "de", "pt-BR"]), st.text(max_size=10))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    columns=st.fixed_dictionaries(
        {},
        optional={
            "title": texts,
            "summary": texts,
            "homepage": texts,
            "keywords": anything,
            "categories": anything,
            "languages": anything,
            "author": anything,
            "license": anything,
            "theme": st.booleans(),
            "latest_manifest": st.dictionaries(
                st.sampled_from(["theme", "package-i18n", "nodeConfig"]), anything, max_size=3
            ),
        },
    ),
    owner=st.none() | st.text(max_size=12),
)
def test_hostile_rows_make_sound_entries(columns, owner):
    entry = brackets.entry(row(**columns), [version()], owner, {})
    check("word-tally", entry)
    orjson.dumps(entry)
