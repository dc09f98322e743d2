"""The two extensions in `examples/` are what our documentation tells people to try first."""

import json
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def files_of(name):
    folder = EXAMPLES / name
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_brackets_extension(read):
    package = read(files_of("brackets-word-tally"))
    assert (package.name, package.version, package.api_min, package.api_max) == (
        "word-tally",
        "1.1.0",
        "1.3.0",
        "<3",
    )
    assert package.languages == ("de", "en", "fr")
    assert set(package.title) == {"en", "de", "fr"}
    assert "## [1.1.0]" in package.changelog
    assert package.readme.startswith("# Word Tally")
    assert package.warnings == ()


def test_its_translations_have_the_same_texts():
    texts = files_of("brackets-word-tally")
    keys = [
        {
            line.split(b":")[0].strip()
            for line in texts[f"nls/{language}/strings.js"].splitlines()
            if b":" in line
        }
        for language in ("root", "de", "fr")
    ]
    assert keys[0] == keys[1] == keys[2] != set()


def test_the_browser_extension(read):
    package = read(files_of("tab-notes"))
    assert (package.guid, package.api_range) == ("tab-notes@example.org", ">=115.0")
    assert package.title == {"en": "Tab Notes", "de": "Seitennotizen"}
    assert set(package.summary) == {"en", "de"}
    assert package.permissions == ("activeTab", "storage")
    assert package.icon == "icons/96.png"
    assert package.warnings == ()


def test_its_locales_have_the_same_messages():
    texts = files_of("tab-notes")
    english, german = (
        set(json.loads(texts[f"_locales/{language}/messages.json"])) for language in ("en", "de")
    )
    assert english == german
