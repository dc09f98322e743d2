"""Which Brackets packages are refused, and with what words. What is read from good ones: test_brackets_facts."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.packages import FORMATS, Limits, PackageRefused, read_package
from registry.packages.brackets import read_manifest
from registry.packages.versions import semver_key
from support.archives import Part, assemble
from support.extensions import brackets, within


def test_the_smallest_package_has_a_name_a_version_and_a_main_js(read):
    package = read(brackets())
    assert (package.format, package.name, package.guid, package.version) == (
        "brackets",
        "word-tally",
        None,
        "1.0.0",
    )
    assert package.order_key == semver_key("1.0.0")
    assert package.title == {"en": "word-tally"}
    assert (package.files, package.unpacked_size) == (2, 66)
    assert package.warnings == ()


@pytest.mark.parametrize(
    ("change", "code", "field", "said"),
    [
        ({"name": None}, "MISSING_PACKAGE_NAME", "name", "no"),
        ({"name": ""}, "MISSING_PACKAGE_NAME", "name", "no"),
        ({"name": "Word-Tally"}, "BAD_PACKAGE_NAME", "name", "lower-case"),
        ({"name": ".."}, "BAD_PACKAGE_NAME", "name", '".."'),
        ({"name": "-a"}, "BAD_PACKAGE_NAME", "name", '"-a"'),
        ({"name": "abc\n"}, "BAD_PACKAGE_NAME", "name", '"abc\\n"'),
        ({"name": "à"}, "BAD_PACKAGE_NAME", "name", '"à"'),
        ({"name": "a/b"}, "BAD_PACKAGE_NAME", "name", '"a/b"'),
        ({"name": 5}, "BAD_PACKAGE_NAME", "name", "a number"),
        ({"name": "a" * 101}, "BAD_PACKAGE_NAME", "name", "100 characters"),
        ({"name": "constructor"}, "RESERVED_NAME", "name", "another"),
        ({"name": "me"}, "RESERVED_NAME", "name", "another"),
        ({"name": "mine"}, "RESERVED_NAME", "name", "another"),
        ({"name": "latest"}, "RESERVED_NAME", "name", "another"),
        ({"name": "a.zip"}, "RESERVED_NAME", "name", "another"),
        ({"name": "a.xpi"}, "RESERVED_NAME", "name", "another"),
        ({"version": None}, "MISSING_PACKAGE_VERSION", "version", "no"),
        ({"version": ""}, "MISSING_PACKAGE_VERSION", "version", "no"),
        ({"version": "v1.2.3"}, "INVALID_VERSION_NUMBER", "version", 'Write "1.2.3"'),
        ({"version": "1.2"}, "INVALID_VERSION_NUMBER", "version", 'Write "1.2.0"'),
        ({"version": 1.2}, "INVALID_VERSION_NUMBER", "version", "a number"),
        ({"engines": {"brackets": "new"}}, "INVALID_BRACKETS_VERSION", "engines", ">=1.3.0"),
        ({"engines": {"brackets": 1}}, "INVALID_BRACKETS_VERSION", "engines", "a number"),
        ({"engines": ">=1"}, "BAD_FIELD", "engines", '{"brackets": ">=1"}'),
        ({"engines": [">=1"]}, "BAD_FIELD", "engines", "an object"),
        ({"homepage": "javascript:alert(1)"}, "BAD_URL", "homepage", "https://example.org/"),
        ({"homepage": "DATA:text/html,x"}, "BAD_URL", "homepage", "https://example.org/"),
        ({"bugs": "file:///etc/passwd"}, "BAD_URL", "bugs", "https://example.org/"),
        ({"bugs": {"url": "javascript:1"}}, "BAD_URL", "bugs", "bugs.url"),
        ({"author": {"name": "A", "url": "javascript:1"}}, "BAD_URL", "author", "author.url"),
        ({"package_i18n": {"de": {"homepage": "x:y"}}}, "BAD_URL", "package-i18n", "package-i18n.de.homepage"),
        ({"title": 5}, "BAD_FIELD", "title", "a text, not a number"),
        ({"title": "T" * 101}, "BAD_FIELD", "title", "101 characters; at most 100"),
        ({"title": "one\ntwo"}, "BAD_FIELD", "title", "line breaks"),
        ({"title": "gpj.\u202eexe"}, "BAD_FIELD", "title", "direction"),
        ({"description": ["x"]}, "BAD_FIELD", "description", "a text, not a list"),
        ({"description": "a\x07b"}, "BAD_FIELD", "description", "control characters"),
        ({"homepage": {}}, "BAD_FIELD", "homepage", "not an object"),
        ({"keywords": [1, None]}, "BAD_FIELD", "keywords", "list of texts"),
        ({"keywords": ["k"] * 101}, "BAD_FIELD", "keywords", "at most 100"),
        ({"i18n": [None]}, "BAD_FIELD", "i18n", "list of texts"),
        ({"categories": {"a": 1}}, "BAD_FIELD", "categories", "list of texts"),
        ({"author": 5}, "BAD_FIELD", "author", "a text, or an object"),
        ({"author": {"name": 5}}, "BAD_FIELD", "author", "author.name"),
        ({"contributors": [5]}, "BAD_FIELD", "contributors", "a text, or an object"),
        ({"contributors": ["A"] * 201}, "BAD_FIELD", "contributors", "at most 200"),
        ({"license": 5}, "BAD_FIELD", "license", "list of texts"),
        ({"engines": {"brackets": []}}, "INVALID_BRACKETS_VERSION", "engines", "a list"),
        ({"theme": 5}, "BAD_FIELD", "theme", "an object"),
        ({"requiresRestart": "yes"}, "BAD_FIELD", "requiresRestart", "true or false"),
        ({"dependencies": ["left-pad"]}, "BAD_FIELD", "dependencies", "an object"),
        ({"scripts": {"test": 5}}, "BAD_FIELD", "scripts", "scripts.test"),
        ({"dependencies": {f"d{n}": "" for n in range(501)}}, "BAD_FIELD", "dependencies", "at most 500"),
        ({"package_i18n": {f"d{n}": "" for n in range(201)}}, "BAD_FIELD", "package-i18n", "200 languages"),
        ({"peerDependencies": {"a": 1}}, "BAD_FIELD", "peerDependencies", "peerDependencies.a"),
        ({"package_i18n": []}, "BAD_FIELD", "package-i18n", "an object"),
        ({"package_i18n": {"de": None}}, "BAD_FIELD", "package-i18n", "package-i18n.de"),
        ({"package_i18n": {"de": {"keywords": [1]}}}, "BAD_FIELD", "package-i18n", "package-i18n.de.keywords"),
        ({"package_i18n": {"../x": {}}}, "BAD_FIELD", "package-i18n", "language tag"),
        ({"defaultLocale": "english"}, "BAD_FIELD", "defaultLocale", "language tag"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_and_explained(refused, change, code, field, said):
    found = refused(brackets(**change))
    assert list(found) == [code]
    assert found[code].field == field
    assert found[code].path == "package.json"
    assert said in found[code].message


def test_all_faults_come_in_one_answer(refused):
    files = brackets(name="Odd", version="1", engines={"brackets": "x y"}, homepage="x:y", title=1)
    del files["main.js"]
    assert set(refused(files)) == {
        "BAD_PACKAGE_NAME",
        "INVALID_VERSION_NUMBER",
        "INVALID_BRACKETS_VERSION",
        "MISSING_MAIN",
        "BAD_URL",
        "BAD_FIELD",
    }


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"x"', "{", '{"name": "a", "name": "b"}', "\ufeff{}", "\0"]
)
def test_a_package_json_that_is_no_sound_json_object(refused, text):
    found = refused(brackets({"package.json": text}))
    assert list(found) == ["INVALID_PACKAGE_JSON"]
    assert found["INVALID_PACKAGE_JSON"].message.startswith("package.json: ")


def test_a_package_json_beyond_the_limit_is_not_read(refused):
    assert list(refused(brackets(description="d" * 500), limits=Limits(manifest_bytes=400))) == [
        "FILE_TOO_LARGE"
    ]


def test_without_a_main_js_a_package_must_be_a_theme(read, refused):
    files = {"package.json": brackets()["package.json"], "Main.js": ""}
    assert "Rename Main.js to main.js" in refused(files)["MISSING_MAIN"].message
    theme = brackets({"style.less": ""}, theme={"file": "./style.less", "dark": True})
    del theme["main.js"]
    package = read(theme)
    assert package.theme
    assert package.warnings == ()


@pytest.mark.parametrize("key", ["name", "title", "description"])
def test_disallowed_words_are_found_whole_and_in_any_case(read, refused, key):
    manifest = {"name": "the-tally", key: "ACME-tool" if key != "name" else "acme-tool"}
    found = refused(brackets(**manifest), disallowed_words=("acme", "tool", "c++"))["DISALLOWED_WORDS"]
    assert found.field == key
    assert '"acme", "tool"' in found.message
    assert read(brackets(**manifest), disallowed_words=("acm", "tools", "c++", "")).warnings == ()


def test_disallowed_words_are_looked_for_in_translations_too(refused):
    files = brackets(package_i18n={"de": {"title": "Acme"}})
    assert "DISALLOWED_WORDS" in refused(files, disallowed_words=("acme",))


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"readme.txt": "x"}, "or manifest.json (a WebExtension)"),
        (within("a", {"readme.txt": "x"}), "package.json (a Brackets extension)"),
        ({"Package.json": "{}", "main.js": ""}, "Rename Package.json to package.json"),
        (within("a", {"PACKAGE.JSON": "{}"}), "Rename PACKAGE.JSON to package.json"),
        (within("a/b", brackets()), "There is one at a/b/package.json"),
        ({"a/package.json": "{}", "b/main.js": ""}, "There is one at a/package.json"),
    ],
)
def test_a_package_without_a_manifest_in_its_place(refused, files, hint):
    found = refused(files)
    assert list(found) == ["MISSING_PACKAGE_JSON"]
    assert hint in found["MISSING_PACKAGE_JSON"].message


def test_faults_of_the_contents_are_told_with_those_of_the_manifest(pack):
    parts = [Part(name, data.encode()) for name, data in brackets(name="Odd").items()]
    parts[1].crc32 = 1
    path = pack({"x": ""})
    path.write_bytes(assemble(parts))
    with pytest.raises(PackageRefused) as caught:
        read_package(path)
    assert [finding.code for finding in caught.value.findings] == ["BAD_PACKAGE_NAME", "CRC_MISMATCH"]


def test_a_file_that_is_damaged_and_also_the_manifest_is_told_once(pack):
    parts = [Part(name, data.encode(), crc32=1) for name, data in brackets().items()][:1]
    path = pack({"x": ""})
    path.write_bytes(assemble(parts))
    with pytest.raises(PackageRefused) as caught:
        read_package(path)
    assert [finding.code for finding in caught.value.findings] == ["CRC_MISMATCH", "MISSING_MAIN"]


def test_remarks_do_not_crowd_out_errors(refused):
    remarks = {f"x{chr(97 + n // 26)}{chr(97 + n % 26)}": {"nonsense": 1} for n in range(150)}
    assert set(refused(brackets(package_i18n=remarks, requiresRestart=1))) == {"BAD_FIELD"}


def test_findings_beyond_what_an_author_can_read_are_counted(read):
    codes = {f"l{chr(97 + n // 26)}{chr(97 + n % 26)}": {"title": 5} for n in range(150)}
    with pytest.raises(PackageRefused) as caught:
        read(brackets(package_i18n=codes))
    assert len(caught.value.findings) == 101
    assert caught.value.findings[-1].message == "50 more findings are not listed."


KEYS = ["brackets", "url", "name", "email", "file", "title", "description", "homepage", "keywords", "de", "x"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False)
    | st.text("a:/<(1. \n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "name", "version", "title", "description", "homepage", "keywords", "author", "contributors", "i18n", "engines",
    "package-i18n", "theme", "bugs", "license", "licenses", "categories", "dependencies", "peerDependencies", "scripts",
    "requiresRestart", "defaultLocale", "icon", "screenshot",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5))
def test_no_manifest_makes_the_reader_fail(changes):
    package, findings = read_manifest({"name": "a", "version": "1.0.0"} | changes, ["main.js"])
    assert package is not None or any(finding.severity == "error" for finding in findings)
    if package is not None:
        json.dumps([package.title, package.summary, package.author, package.keywords, package.dependencies])
        assert all(isinstance(text, str) for text in package.title.values())
        assert package.default_locale in package.title


def test_the_format_orders_versions_without_a_package_at_hand():
    assert FORMATS["brackets"].order_key("1.10.0") > FORMATS["brackets"].order_key("1.9.0")
    assert FORMATS["brackets"].is_prerelease("1.0.0-beta")
    assert not FORMATS["brackets"].is_prerelease("1.0.0")
