"""What is read from a Brackets package."""

import pytest

from registry.packages import Limits, canonical
from registry.packages.brackets import read_manifest
from support.extensions import brackets, within


def warnings(package):
    return [(finding.code, finding.field) for finding in package.warnings]


def test_the_plain_fields(read):
    package = read(
        brackets(
            title=" Word Tally ",
            description="Counts\nwords.",
            homepage="https://example.org/",
            bugs={"url": "https://example.org/bugs"},
            license="Apache-2.0",
            keywords=["words", "count", "words"],
            categories="editing",
            requiresRestart=True,
            peerDependencies={"grunt": "~0.4.0"},
        )
    )
    assert package.title == {"en": "Word Tally"}
    assert package.summary == {"en": "Counts\nwords."}
    assert package.homepage == {"en": "https://example.org/"}
    assert package.support_url == {"en": "https://example.org/bugs"}
    assert package.license == "Apache-2.0"
    assert package.keywords == ("words", "count")
    assert package.categories == ("editing",)
    assert package.requires_restart
    assert package.peer_dependencies == {"grunt": "~0.4.0"}
    assert package.manifest["description"] == "Counts\nwords."
    assert not package.prerelease
    assert package.warnings == ()


@pytest.mark.parametrize(
    ("engines", "expected"),
    [
        (None, (None, None, None)),
        ({}, (None, None, None)),
        ({"brackets": ""}, (None, None, None)),
        ({"brackets": ">=0.40 <2"}, (">=0.40 <2", "0.40.0", "<2")),
        ({"brackets": "  >= 1.7 "}, (">= 1.7", "1.7.0", None)),
        ({"brackets": "<1 || >2"}, ("<1 || >2", None, None)),
    ],
)
def test_the_range_of_editors(read, engines, expected):
    package = read(brackets(engines=engines))
    assert (package.api_range, package.api_min, package.api_max) == expected


def test_a_prerelease(read):
    assert read(brackets(version="2.0.0-rc.1")).prerelease


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ada", {"name": "Ada"}),
        ("Ada <a@example.org>", {"name": "Ada", "email": "a@example.org"}),
        (
            "Ada B. <a@example.org> (https://example.org)",
            {"name": "Ada B.", "email": "a@example.org", "url": "https://example.org"},
        ),
        ("Ada (https://example.org)", {"name": "Ada", "url": "https://example.org"}),
        ("Ada <<x", {"name": "Ada <<x"}),
        ("<a@example.org>", {"name": "a@example.org", "email": "a@example.org"}),
        ({"name": "Ada", "web": "x"}, {"name": "Ada"}),
        ({"email": "a@example.org"}, {"name": "a@example.org", "email": "a@example.org"}),
        (["Ada", "Bo"], {"name": "Ada"}),
        ("", None),
        ({}, None),
        (None, None),
    ],
)
def test_the_author_always_has_a_name(read, author, expected):
    assert read(brackets(author=author)).author == expected


def test_contributors_and_further_authors(read):
    package = read(brackets(author=["Ada", "Bo"], contributors=["Cy <c@example.org>"]))
    assert package.contributors == ({"name": "Bo"}, {"name": "Cy", "email": "c@example.org"})
    alone = read(brackets(contributors=["Cy"]))
    assert (alone.author, alone.contributors) == (None, ({"name": "Cy"},))


def test_translations_by_language_tag(read):
    package = read(
        brackets(
            title="Word Tally",
            description="Counts words.",
            package_i18n={
                "de": {"title": "Wortzähler"},
                "zh-cn": {"description": "计数", "homepage": "https://example.org/cn", "keywords": ["字"]},
                "fr": {"desciption": "misspelt"},
            },
        )
    )
    assert package.title == {"en": "Word Tally", "de": "Wortzähler"}
    assert package.summary == {"en": "Counts words.", "zh-CN": "计数"}
    assert package.homepage == {"zh-CN": "https://example.org/cn"}
    assert warnings(package) == [("BAD_FIELD", "package-i18n")]
    assert '"desciption"' in package.warnings[0].message


def test_another_language_may_be_the_first(read):
    package = read(brackets(title="Wortzähler", defaultLocale="de"))
    assert package.default_locale == "de"
    assert package.title == {"de": "Wortzähler"}


def test_languages_are_those_declared_and_those_with_a_folder(read):
    files = {
        "nls/strings.js": "", "nls/root/strings.js": "", "nls/de-at/strings.js": "", "nls/pt_BR/a/b.js": "",
        "nls/helpers/x.js": "", "lib/nls/ja/strings.js": "",
    }  # fmt: skip
    package = read(brackets(files, i18n=["root", "fr", "DE-AT"]))
    assert package.languages == ("de-AT", "en", "fr", "pt-BR")
    assert package.warnings == ()
    assert read(brackets()).languages == ()


def test_a_declared_language_that_is_none_is_left_out_with_a_warning(read):
    package = read(brackets(i18n=["german!", "de"]))
    assert package.languages == ("de",)
    assert warnings(package) == [("BAD_FIELD", "i18n")]


@pytest.mark.parametrize("homepage", ["example.org", "#", "none", "http://", "https://a b/", "http://[x/"])
def test_a_link_that_leads_nowhere_is_left_out_with_a_warning(read, homepage):
    package = read(brackets(homepage=homepage))
    assert package.homepage == {}
    assert warnings(package) == [("BAD_URL", "homepage")]


@pytest.mark.parametrize(
    ("theme", "is_theme", "warned"),
    [
        ({"file": "t.less"}, True, False),
        ("t.less", True, False),
        ({"file": "other.less"}, True, True),
        ({"dark": True}, True, True),
        (True, True, True),
        (False, False, False),
        ("", False, False),
        ({}, True, True),
    ],
)
def test_themes(read, theme, is_theme, warned):
    package = read(brackets({"t.less": ""}, theme=theme))
    assert package.theme is is_theme
    assert warnings(package) == ([("THEME_FILE_MISSING", "theme")] if warned else [])


def test_npm_dependencies_and_scripts_are_pointed_out(read):
    package = read(brackets(dependencies={"left-pad": "^1.0.0"}, scripts={"preinstall": "curl x | sh"}))
    assert package.dependencies == {"left-pad": "^1.0.0"}
    assert warnings(package) == [("NPM_DEPENDENCIES", "dependencies"), ("NPM_SCRIPTS", "scripts")]
    assert "never runs npm" in package.warnings[0].message
    assert read(brackets(dependencies={}, scripts={})).warnings == ()


def test_pictures_are_files_of_the_package(read):
    package = read(brackets({"i.png": "x", "shots/a.png": "x"}, icon="/i.png", screenshot="./shots/a.png"))
    assert (package.icon, package.screenshots) == ("i.png", ("shots/a.png",))
    missing = read(brackets(icon="i.png", screenshot="../x.png"))
    assert (missing.icon, missing.screenshots) == (None, ())
    assert warnings(missing) == [("FILE_MISSING", "icon"), ("FILE_MISSING", "screenshot")]


@pytest.mark.parametrize("name", ["README.md", "readme.md", "ReadMe.markdown", "README", "readme.txt"])
def test_the_readme_is_the_long_description(read, name):
    package = read(brackets({name: "# Größe", "docs/README.md": "no"}))
    assert package.readme == "# Größe"
    assert package.description == {"en": "# Größe"}


def test_the_changelog(read):
    assert read(brackets({"CHANGELOG.md": "\ufeff## 1.0.0"})).changelog == "## 1.0.0"
    assert read(brackets()).changelog is None


def test_a_long_readme_is_cut_between_characters(read):
    package = read(brackets({"README.md": "x" + "ä" * 40_000, "CHANGELOG.md": "y" * 65_536}))
    assert package.readme == "x" + "ä" * 32_767
    assert package.changelog == "y" * 65_536
    assert [(finding.code, finding.path) for finding in package.warnings] == [("TEXT_CUT", "README.md")]


@pytest.mark.parametrize("data", [b"\xff\xfeR\0", "Größe".encode("latin-1"), b"a\0b", "ä".encode()[:1]])
def test_a_readme_that_is_no_utf8_is_left_out_with_a_warning(read, data):
    package = read(brackets({"README.md": data}))
    assert package.readme is None
    assert [(finding.code, finding.path) for finding in package.warnings] == [("TEXT_NOT_UTF8", "README.md")]


def test_a_single_folder_around_the_package_is_taken_away(read, pack):
    files = within("word-tally-1.0", brackets({"nls/de/strings.js": ""})) | {
        "__MACOSX/._x": "",
        ".DS_Store": "",
    }
    package = read(files)
    assert (package.name, package.languages, package.files) == ("word-tally", ("de",), 3)
    with canonical(pack(files), Limits(), "brackets") as archive:
        assert archive.names() == ("package.json", "main.js", "nls/de/strings.js")


def test_what_real_old_manifests_hold_is_accepted():
    old = {
        "name": "old", "version": "0.1.0", "title": None, "author": ["Ada"], "keywords": "hack chat",
        "i18n": "en", "theme": "t.css", "license": {"type": "MIT", "url": "http://x.org"}, "categories": [],
        "homepage": " ", "bugs": {"web": "https://x.org/b", "mail": "a@x.org"}, "screenshot": "s.png",
    }  # fmt: skip
    package, findings = read_manifest(old)
    assert findings == []
    assert package.title == {"en": "old"}
    assert package.keywords == ("hack", "chat")
    assert package.languages == ("en",)
    assert package.license == "MIT"
    assert package.support_url == {"en": "https://x.org/b"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"license": "MIT"}, "MIT"),
        ({"licence": "MIT"}, "MIT"),
        ({"licenses": [{"type": "MIT", "url": "x"}, {"type": "GPL-2.0"}]}, "MIT OR GPL-2.0"),
        ({"license": {"url": "https://x.org"}}, "https://x.org"),
        ({"license": ""}, None),
        ({}, None),
    ],
)
def test_the_licence_in_all_its_spellings(read, given, name):
    assert read(brackets(**given)).license == name


def test_where_a_field_is_refused_the_rest_is_still_read():
    package, findings = read_manifest(
        {"name": "a", "version": "1.0.0", "title": 5, "homepage": "javascript:1"}
    )
    assert {finding.field for finding in findings} == {"title", "homepage"}
    assert (package.title, package.homepage) == ({"en": "a"}, {})
