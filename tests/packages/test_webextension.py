"""Which WebExtensions are refused, and with what words; what is read from good ones."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.packages import FORMATS, Limits, canonical, open_archive
from registry.packages.package import Options
from registry.packages.versions import toolkit_key
from support.archives import build_zip
from support.extensions import brackets, webextension, within
from support.pictures import picture

PNG = picture((8, 8))
NAMED = {"name": "__MSG_title__", "default_locale": "en"}


LETTERS = "abcdefghijklmno"
OTHER_ID = {"applications": {"gecko": {"id": "c@d"}}}


def gecko(**settings):
    return {"browser_specific_settings": {"gecko": settings}}


def messages(**texts):
    return json.dumps({key: {"message": text} for key, text in texts.items()})


def warnings(package):
    return [(finding.code, finding.field) for finding in package.warnings]


def test_the_smallest_extension_has_a_manifest_version_a_name_and_a_version(read):
    package = read(webextension())
    assert (package.format, package.name, package.guid) == ("webextension", None, None)
    assert (package.version, package.order_key, package.prerelease) == ("1.0", toolkit_key("1.0.0.0"), False)
    assert package.title == {"en": "Tab Notes"}
    assert (package.files, package.languages, package.warnings) == (2, (), ())


def test_the_plain_fields(read):
    package = read(
        webextension(
            {"README.md": "# Long", "CHANGELOG.md": "## 1.0"},
            manifest_version=2,
            description="Keeps notes.",
            author="Ada",
            homepage_url="https://example.org/",
            theme={"colors": {}},
        )
    )
    assert package.summary == {"en": "Keeps notes."}
    assert package.description == {"en": "# Long"}
    assert package.changelog == "## 1.0"
    assert package.author == {"name": "Ada"}
    assert package.homepage == {"en": "https://example.org/"}
    assert package.theme
    assert package.warnings == ()


@pytest.mark.parametrize(
    ("change", "code", "field", "said"),
    [
        ({"manifest_version": None}, "BAD_MANIFEST_VERSION", "manifest_version", "missing"),
        ({"manifest_version": 1}, "BAD_MANIFEST_VERSION", "manifest_version", "1"),
        ({"manifest_version": "3"}, "BAD_MANIFEST_VERSION", "manifest_version", "a text"),
        ({"manifest_version": True}, "BAD_MANIFEST_VERSION", "manifest_version", "2 or 3"),
        ({"manifest_version": [2]}, "BAD_MANIFEST_VERSION", "manifest_version", "a list"),
        ({"name": None}, "MISSING_PACKAGE_NAME", "name", "no"),
        ({"name": "  "}, "MISSING_PACKAGE_NAME", "name", "no"),
        ({"name": 5}, "BAD_FIELD", "name", "a number"),
        ({"name": "n" * 76}, "BAD_FIELD", "name", "at most 75"),
        ({"name": "a\u202eb"}, "BAD_FIELD", "name", "direction"),
        ({"name": "__MSG_x__"}, "MISSING_MESSAGE", "name", '"x"'),
        ({"version": None}, "MISSING_PACKAGE_VERSION", "version", "no"),
        ({"version": 1}, "INVALID_VERSION_NUMBER", "version", "a number"),
        ({"version": "1.0.0.0.0"}, "INVALID_VERSION_NUMBER", "version", "one to four"),
        ({"version": "1.02"}, "INVALID_VERSION_NUMBER", "version", "leading zeros"),
        ({"version": "1.0b2"}, "INVALID_VERSION_NUMBER", "version", "Letters, as in the old add-on versions"),
        ({"description": 1}, "BAD_FIELD", "description", "a number"),
        ({"description": "d" * 2001}, "BAD_FIELD", "description", "at most 2000"),
        (gecko(id="nobody"), "BAD_GUID", "browser_specific_settings", "name@example.org"),
        (gecko(id="a@b c"), "BAD_GUID", "browser_specific_settings", "name@example.org"),
        (gecko(id="a@b\n@"), "BAD_FIELD", "browser_specific_settings", "line breaks"),
        (gecko(id="{1234}"), "BAD_GUID", "browser_specific_settings", "UUID"),
        (gecko(id="a@" + "b" * 79), "BAD_FIELD", "browser_specific_settings", "at most 80"),
        (gecko(id=5), "BAD_FIELD", "browser_specific_settings", "gecko.id"),
        ({"browser_specific_settings": []}, "BAD_FIELD", "browser_specific_settings", "an object"),
        ({"applications": {"gecko": {"id": "x"}}}, "BAD_GUID", "applications", '"x"'),
        (gecko(id="a@b") | OTHER_ID, "BAD_GUID", "browser_specific_settings", "different"),
        (gecko(strict_min_version="109"), "BAD_API_VERSION", "browser_specific_settings", '"109.0"'),
        (gecko(strict_min_version="109.*"), "BAD_API_VERSION", "browser_specific_settings", '"109.0"'),
        (gecko(strict_max_version="new"), "BAD_API_VERSION", "browser_specific_settings", '"115.*"'),
        ({"permissions": "tabs tabs", "host_permissions": [1]}, "BAD_FIELD", "host_permissions", "list of texts"),
        ({"permissions": [{"x": 1}]}, "BAD_FIELD", "permissions", "list of texts"),
        ({"icons": "a.png"}, "BAD_FIELD", "icons", "an object"),
        ({"icons": {"48": 5}}, "BAD_FIELD", "icons", "icons.48"),
        ({"developer": "Ada"}, "BAD_FIELD", "developer", "an object"),
        ({"homepage_url": "javascript:1"}, "BAD_URL", "homepage_url", "https://example.org/"),
        ({"developer": {"url": "javascript:1"}}, "BAD_URL", "developer", "developer.url"),
        ({"default_locale": "en"}, "MISSING_LOCALE", "default_locale", '"en"'),
        ({"default_locale": 5}, "BAD_FIELD", "default_locale", "a number"),
        ({"theme": 1}, "BAD_FIELD", "theme", "an object"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_and_explained(refused, change, code, field, said):
    found = refused(webextension(**change))
    assert list(found) == [code]
    assert found[code].field == field
    assert said in found[code].message


def test_all_faults_come_in_one_answer(refused):
    files = webextension(
        {"_locales/en/messages.json": "{"}, version="x", manifest_version=1, homepage_url="x:y"
    )
    assert set(refused(files)) == {
        "BAD_MANIFEST_VERSION",
        "INVALID_VERSION_NUMBER",
        "MISSING_DEFAULT_LOCALE",
        "BAD_URL",
    }


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"name": "a", "name": "b"}', "{/* */}"])
def test_a_manifest_that_is_no_sound_json_object(refused, text):
    assert list(refused(webextension({"manifest.json": text}))) == ["INVALID_MANIFEST_JSON"]


def test_comments_and_a_byte_order_mark_are_read_as_browsers_do(read):
    text = '\ufeff// ours\n{"manifest_version": 2, // old\n"name": "//", "version": "1"}'
    assert read(webextension({"manifest.json": text})).title == {"en": "//"}


@pytest.mark.parametrize(
    "id", ["a@b", "@b", "Tab-Notes@Example.org", "{EC8030f7-c20a-464f-9b0e-13a3a9e97384}", "a@" + "b" * 78]
)
def test_ids(read, id):
    assert read(webextension(**gecko(id=id))).guid == id
    assert read(webextension(applications={"gecko": {"id": id}})).guid == id
    assert read(webextension(**gecko(id=id), applications={"gecko": {"id": id}})).guid == id


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, None, None)),
        ({"strict_min_version": "109.0"}, (">=109.0", "109.0", None)),
        ({"strict_max_version": "115.*"}, ("<=115.*", None, "115.*")),
        (
            {"strict_min_version": "58.0a1", "strict_max_version": "60.0.1"},
            (">=58.0a1 <=60.0.1", "58.0a1", "60.0.1"),
        ),
    ],
)
def test_the_range_of_browsers(read, settings, expected):
    package = read(webextension(**gecko(**settings)))
    assert (package.api_range, package.api_min, package.api_max) == expected


def test_permissions_that_are_asked_for_at_once_and_those_that_may_come_later(read):
    package = read(
        webextension(
            permissions=["storage", "tabs"],
            host_permissions=["https://*/*", "tabs"],
            optional_permissions=["history"],
            optional_host_permissions=["http://*/*"],
        )
    )
    assert package.permissions == ("storage", "tabs", "https://*/*")
    assert package.optional_permissions == ("history", "http://*/*")


@pytest.mark.parametrize(
    ("icons", "chosen"),
    [
        ({"16": "a.png", "128": "/b.png", "48": "./c.png"}, "b.png"),
        ({"96": "d.svg", "16": "a.png"}, "a.png"),
        ({"96": "d.svg"}, "d.svg"),
        ({}, None),
    ],
)
def test_the_icon_is_the_largest_picture(read, icons, chosen):
    files = dict.fromkeys(["a.png", "b.png", "c.png"], PNG) | {"d.svg": "<svg></svg>"}
    package = read(webextension(files, icons=icons))
    assert package.icon == chosen
    if chosen == "d.svg":
        assert (warnings(package), package.pictures) == ([("PICTURE_SVG", "file")], {})
    else:
        assert package.warnings == ()
        assert package.pictures == ({chosen: hashlib.sha256(PNG).hexdigest()} if chosen else {})


def test_an_icon_that_is_missing_is_a_warning(read):
    package = read(webextension({"a.png": PNG}, icons={"48": "a.png", "96": "b.png", "big": "a.png"}))
    assert package.icon == "a.png"
    assert warnings(package) == [("FILE_MISSING", "icons")] * 2


def test_the_developer_goes_before_the_author(read):
    package = read(
        webextension(
            author="Ada", homepage_url="https://a.org", developer={"name": "Bo", "url": "https://b.org"}
        )
    )
    assert package.author == {"name": "Bo"}
    assert package.homepage == {"en": "https://b.org"}


def test_a_long_description_is_a_warning(read):
    assert warnings(read(webextension(description="d" * 133))) == [("LONG_DESCRIPTION", "description")]


def test_disallowed_words_are_looked_for_in_every_language(refused, read):
    files = {
        "_locales/en/messages.json": messages(title="Notes"),
        "_locales/de/messages.json": messages(title="Acme"),
    }
    assert (
        refused(webextension(files, **NAMED), disallowed_words=("acme",))["DISALLOWED_WORDS"].field == "name"
    )
    assert read(webextension(files, **NAMED), disallowed_words=("note",)).title["de"] == "Acme"


def test_texts_are_translated_by_the_messages_of_each_locale(read):
    package = read(
        webextension(
            {
                "_locales/en/messages.json": messages(
                    Title="Notes", about="Keeps notes.", who="Ada", u="https://x.org"
                ),
                "_locales/pt_BR/messages.json": messages(title="Notas"),
                "_locales/de/messages.json": '// übersetzt\n{"TITLE": {"message": "Notizen"}}',
            },
            name="My __MSG_title__",
            description="__MSG_about__",
            author="__MSG_who__",
            homepage_url="__MSG_u__",
            default_locale="en",
        )
    )
    assert package.title == {"en": "My Notes", "de": "My Notizen", "pt-BR": "My Notas"}
    assert package.summary == {"en": "Keeps notes."}
    assert package.author == {"name": "Ada"}
    assert package.homepage == {"en": "https://x.org"}
    assert package.languages == ("de", "en", "pt-BR")
    assert package.default_locale == "en"
    assert package.warnings == ()


def test_placeholders_and_doubled_dollars_in_a_message(read):
    entry = {"message": "$brand$ for $$5 $1 $none$", "placeholders": {"BRAND": {"content": "Tabs"}, "x": 1}}
    package = read(webextension({"_locales/en/messages.json": json.dumps({"title": entry})}, **NAMED))
    assert package.title == {"en": "Tabs for $5 $1"}


@pytest.mark.parametrize("part", ["message", "placeholder", "reference"])
def test_texts_that_would_grow_without_end_are_refused(refused, part):
    long = "x" * 20_000
    entry = {
        "message": {"message": long, "placeholder": "$a$" * 1300, "reference": "$a$"}[part],
        "placeholders": {"a": {"content": long if part != "reference" else "x" * 75}},
    }
    files = {"_locales/en/messages.json": json.dumps({"title": entry, "ok": {"message": "Notes"}})}
    found = refused(webextension(files, name="__MSG_ok__", author="__MSG_title__" * 20, default_locale="en"))
    assert "at most 300" in found["BAD_FIELD"].message


def test_a_locale_that_lacks_one_of_two_messages_borrows_it_from_the_default(read):
    files = {
        "_locales/en/messages.json": messages(a="Tab", b="Notes"),
        "_locales/de/messages.json": messages(b="Notizen"),
    }
    package = read(webextension(files, name="__MSG_a__ __MSG_b__", default_locale="en"))
    assert package.title == {"en": "Tab Notes", "de": "Tab Notizen"}


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"_locales/de/messages.json": messages(title="T")}, "MISSING_LOCALE", '"en"'),
        ({"_locales/en/messages.json": messages(other="T")}, "MISSING_MESSAGE", "_locales/en/messages.json lacks"),
        ({"_locales/en/messages.json": '{"title": "T"}'}, "MISSING_MESSAGE", "lacks"),
        ({"_locales/en/messages.json": '{"title": {"message": 5}}'}, "MISSING_MESSAGE", "lacks"),
        ({"_locales/en/messages.json": messages(title="n" * 76)}, "BAD_FIELD", "at most 75"),
        ({"_locales/en/messages.json": messages(title=" ")}, "MISSING_PACKAGE_NAME", "no"),
        ({"_locales/en/messages.json": messages(title="a", TITLE="b")}, "INVALID_MESSAGES_JSON", "case"),
        (
            {"_locales/en/messages.json": messages(title="T"), "_locales/de/messages.json": "[]"},
            "INVALID_MESSAGES_JSON",
            "_locales/de/messages.json",
        ),
        (
            {f"_locales/{a}{b}/messages.json": messages(title="T") for a in LETTERS for b in LETTERS},
            "TOO_MANY_MESSAGES",
            "at most 200",
        ),
    ],
)  # fmt: skip
def test_messages_that_are_missing_or_unsound(refused, files, code, said):
    found = refused(webextension(files, **NAMED))
    assert code in found
    assert said in found[code].message


def test_too_large_messages_are_not_read(refused):
    files = {"_locales/en/messages.json": messages(title="T", pad="x" * 500)}
    assert "FILE_TOO_LARGE" in refused(webextension(files, **NAMED), limits=Limits(manifest_bytes=500))


def test_all_messages_together_have_a_limit(refused, monkeypatch):
    monkeypatch.setattr("registry.packages.messages.MAX_TOTAL", 50)
    files = {f"_locales/{tag}/messages.json": messages(title="T") for tag in ("en", "de")}
    assert "50 bytes" in refused(webextension(files, **NAMED))["TOO_MANY_MESSAGES"].message


def test_a_folder_that_is_no_locale_is_a_warning(read):
    files = {"_locales/en/messages.json": messages(title="T"), "_locales/english/messages.json": "no json"}
    package = read(webextension(files, **NAMED))
    assert package.languages == ("en",)
    found = {finding.code: finding.path for finding in package.warnings}
    assert found["BAD_LOCALE"] == "_locales/english/messages.json"


def test_a_single_folder_around_the_extension_is_taken_away(read, pack):
    files = within("tab-notes", webextension({"_locales/en/messages.json": messages(title="T")}, **NAMED))
    assert read(files).title == {"en": "T"}
    with canonical(pack(files), Limits(), "webextension") as archive:
        assert archive.names() == ("manifest.json", "popup.html", "_locales/en/messages.json")


@pytest.mark.parametrize(
    ("npm", "format"),
    [
        ({"devDependencies": {"web-ext": "8"}}, "webextension"),
        ({"engines": {"node": ">=20"}}, "webextension"),
        ({"engines": {"brackets": ">=1"}}, "brackets"),
    ],
)
def test_beside_each_other_the_manifest_that_names_its_editor_decides(read, npm, format):
    assert read(brackets(**npm) | webextension()).format == format


def test_a_manifest_json_of_something_else_makes_no_browser_extension(read):
    app = {"manifest.json": '{"name": "App", "start_url": "/"}'}
    assert read(brackets() | app).format == "brackets"
    without_main = webextension() | {"package.json": '{"engines": {"brackets": "*"}}'}
    assert read(without_main).format == "webextension"
    broken = webextension() | {"package.json": "{"}
    assert read(broken).format == "webextension"


KEYS = ["gecko", "id", "48", "name", "url", "message", "placeholders", "content", "title"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("a_MSGtile:/.@$1 \n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "name", "version", "description", "default_locale", "browser_specific_settings", "applications", "permissions",
    "host_permissions", "optional_permissions", "icons", "author", "developer", "homepage_url", "theme",
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "package.zip"


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
    st.dictionaries(st.just("title"), JSON),
    st.booleans(),
)
def test_no_manifest_makes_the_reader_fail(path, changes, texts, named):
    manifest = (NAMED if named else {}) | changes
    path.write_bytes(build_zip(webextension({"_locales/en/messages.json": json.dumps(texts)}, **manifest)))
    with open_archive(path) as archive:
        package, findings = FORMATS["webextension"].read(archive, Options())
    assert package is not None or any(finding.severity == "error" for finding in findings)
    assert package is None or (package.title and package.default_locale in package.title)


def test_the_format_orders_versions_without_a_package_at_hand():
    assert FORMATS["webextension"].order_key("1.10") > FORMATS["webextension"].order_key("1.9.9.9")
    assert FORMATS["webextension"].order_key("1.0") == FORMATS["webextension"].order_key("1")
    assert not FORMATS["webextension"].is_prerelease("1.0")
    with pytest.raises(ValueError):
        FORMATS["webextension"].is_prerelease("1.0b1")
