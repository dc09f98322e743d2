"""A file's name means the same file in every client and never leads out of the package."""

import pytest

from registry.packages.archive import Limits, open_archive
from registry.packages.names import is_nested_signature, is_signature_file
from support.archives import Part, assemble, build_zip
from support.gate import codes, contents, refusal

UNSAFE = {
    "": "NAME_EMPTY",
    "/": "NAME_EMPTY",
    "/etc/passwd": "NAME_ABSOLUTE",
    "//server/share": "NAME_ABSOLUTE",
    "a//b.js": "NAME_EMPTY_PART",
    "a//": "NAME_EMPTY_PART",
    "../up.js": "NAME_TRAVERSAL",
    "a/../../up.js": "NAME_TRAVERSAL",
    "a/..": "NAME_TRAVERSAL",
    "../": "NAME_TRAVERSAL",
    "..": "NAME_TRAVERSAL",
    "./a.js": "NAME_TRAVERSAL",
    "a/./b.js": "NAME_TRAVERSAL",
    "a\\b.js": "NAME_BACKSLASH",
    "..\\up.js": "NAME_BACKSLASH",
    "C:/a.js": "NAME_CHARACTER",
    "c:a.js": "NAME_CHARACTER",
    "a.js:stream": "NAME_CHARACTER",
    "what?.js": "NAME_CHARACTER",
    "a*.js": "NAME_CHARACTER",
    "a<b>.js": "NAME_CHARACTER",
    'a"b.js': "NAME_CHARACTER",
    "a|b.js": "NAME_CHARACTER",
    "a.js.": "NAME_TRAILING_DOT",
    "a.js ": "NAME_TRAILING_DOT",
    "lib./a.js": "NAME_TRAILING_DOT",
    "lib /a.js": "NAME_TRAILING_DOT",
    "...": "NAME_TRAILING_DOT",
    "CON": "NAME_RESERVED",
    "nul.txt": "NAME_RESERVED",
    "lib/aux.tar.gz": "NAME_RESERVED",
    "prn/a.js": "NAME_RESERVED",
    "Com1.js": "NAME_RESERVED",
    "lpt9": "NAME_RESERVED",
    "COM¹.js": "NAME_RESERVED",
    "con .txt": "NAME_RESERVED",
    "CONIN$": "NAME_RESERVED",
    "a\nb.js": "NAME_CONTROL_CHARACTER",
    "a\rName: b.js": "NAME_CONTROL_CHARACTER",
    "a\0.js": "NAME_CONTROL_CHARACTER",
    "a\x1b[2J.js": "NAME_CONTROL_CHARACTER",
    "a\x7f.js": "NAME_CONTROL_CHARACTER",
    "a\x85.js": "NAME_CONTROL_CHARACTER",
    "a\u2028b.js": "NAME_CONTROL_CHARACTER",
    "a\u202egpj.js": "NAME_INVISIBLE_CHARACTER",
    "a\u200bb.js": "NAME_INVISIBLE_CHARACTER",
    "\ufeffa.js": "NAME_INVISIBLE_CHARACTER",
    "a\u00adb.js": "NAME_INVISIBLE_CHARACTER",
    "a\ufe0f.js": "NAME_INVISIBLE_CHARACTER",
    "a\U000e0101.js": "NAME_INVISIBLE_CHARACTER",
    "a\U000e0041.js": "NAME_INVISIBLE_CHARACTER",
    "a\u3164.js": "NAME_INVISIBLE_CHARACTER",
    "a\ue000.js": "NAME_INVISIBLE_CHARACTER",
    "a\U0010fffd.js": "NAME_INVISIBLE_CHARACTER",
    "a\ufffe.js": "NAME_INVISIBLE_CHARACTER",
    "a\U0001ffff.js": "NAME_INVISIBLE_CHARACTER",
    "․․/up.js": "NAME_LOOKALIKE",
    "‥/up.js": "NAME_LOOKALIKE",
    "a／b.js": "NAME_LOOKALIKE",
    "a＼b.js": "NAME_LOOKALIKE",
    "a℀.js": "NAME_LOOKALIKE",
    "x" * 301: "NAME_TOO_LONG",
    "ü" * 151: "NAME_TOO_LONG",
    "x" * 256: "NAME_TOO_LONG",
    "a/" * 33 + "b": "NAME_TOO_DEEP",
}


@pytest.mark.parametrize("name", UNSAFE, ids=ascii)
def test_unsafe_name_is_refused(name, tmp_path):
    assert UNSAFE[name] in codes(
        refusal(tmp_path / "x.zip", build_zip({"ok.js": b"", name: b""}), unpack=False)
    )


@pytest.mark.parametrize(
    "raw_name", [b"caf\x82.js", b"a\xff.js", b"\xc0\xae\xc0\xae/up", b"a\xed\xa0\x80.js"]
)
@pytest.mark.parametrize("flags", [0, 1 << 11])
def test_name_that_is_not_utf8_is_refused(raw_name, flags, tmp_path):
    found = refusal(tmp_path / "x.zip", assemble([Part(raw_name, b"", flags=flags)]))
    assert codes(found) == ["NAME_NOT_UTF8"]


SAFE = [
    "package.json",
    ".eslintrc",
    "..data/a",
    "a..b.js",
    "-rf",
    "a b/c d.txt",
    " leading",
    "_locales/pt_BR/messages.json",
    "@scope/pkg+1~2/file(1)[2]{3}.js",
    "it's, a; file = #1 & 100%!.txt",
    "console.js",
    "auxiliary.js",
    "com10.js",
    "lib/comma.js",
    "über/straße.js",
    "cafe\u0301.js",
    "日本語/読んで.md",
    "なに？.txt",
    "Ελληνικά.txt",
    "🎨.svg",
    "x" * 255,
    "x" * 255 + "/" + "y" * 44,
    "a/" * 32 + "b",
]


@pytest.mark.parametrize("name", SAFE, ids=ascii)
def test_ordinary_name_is_accepted(name, tmp_path):
    assert contents(tmp_path / "x.zip", build_zip({name: b"x"})) == {name: b"x"}


def test_utf8_name_is_accepted_without_its_flag(tmp_path):
    assert contents(tmp_path / "x.zip", build_zip({"ü.js": b"x"}, flags=0)) == {"ü.js": b"x"}


TOGETHER = {
    ("a.js", "a.js"): "NAME_DUPLICATE",
    ("b", "b"): "NAME_DUPLICATE",
    ("A.js", "a.js"): "NAME_COLLISION",
    ("lib/A.js", "LIB/a.js"): "NAME_COLLISION",
    ("ａ.js", "a.js"): "NAME_COLLISION",
    ("é.js", "e\u0301.js"): "NAME_COLLISION",
    ("straße.js", "STRASSE.js"): "NAME_COLLISION",
    ("ﬁle.js", "file.js"): "NAME_COLLISION",
    ("\u212a.js", "k.js"): "NAME_COLLISION",
    ("a b.js", "a\u00a0b.js"): "NAME_COLLISION",
    ("a", "a/b"): "NAME_FILE_AND_FOLDER",
    ("a/b", "a"): "NAME_FILE_AND_FOLDER",
    ("a/", "a"): "NAME_FILE_AND_FOLDER",
    ("A", "a/b/c"): "NAME_FILE_AND_FOLDER",
    ("x/y", "x/y/z/a"): "NAME_FILE_AND_FOLDER",
}


@pytest.mark.parametrize("names", TOGETHER, ids=ascii)
def test_names_that_get_in_each_others_way_are_refused(names, tmp_path):
    data = assemble([Part(name, b"", method=0) for name in names])
    assert codes(refusal(tmp_path / "x.zip", data, unpack=False)) == [TOGETHER[names]]


def test_folder_may_be_listed_twice_and_differ_in_case(tmp_path):
    parts = [Part("lib/", method=0), Part("lib/", method=0), Part("lib/a.js"), Part("Lib/b.js")]
    assert list(contents(tmp_path / "x.zip", assemble(parts))) == ["lib/a.js", "Lib/b.js"]


def test_unsafe_folder_name_is_refused_although_folders_are_dropped(tmp_path):
    data = build_zip({"ok.js": b"", "../up/": b""})
    assert codes(refusal(tmp_path / "x.zip", data)) == ["NAME_TRAVERSAL"]


def test_refusal_names_the_file_without_its_control_characters(tmp_path):
    found = refusal(tmp_path / "x.zip", build_zip({"a\n\u202eb.js": b""}))
    assert {finding.path for finding in found} == {"a\\n\\u202eb.js"}
    long = refusal(tmp_path / "x.zip", build_zip({"x" * 5000: b""}))
    assert len(long[0].path) == 120


@pytest.mark.parametrize(
    "name",
    [
        "META-INF/MANIFEST.MF",
        "meta-inf/manifest.mf",
        "META-INF/mozilla.sf",
        "META-INF/mozilla.rsa",
        "META-INF/X.DSA",
        "META-INF/X.EC",
        "META-INF/SIG-anything",
        "META-INF/cose.manifest",
        "META-INF/COSE.SIG",
        "META-INF/INDEX.LIST",
        "META-INF/.rsa",
        "META-INF/x.\u017ff",
        "META-\u0131NF/x.rsa",
    ],
    ids=ascii,
)
def test_file_of_an_earlier_signature_is_set_aside(name, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(build_zip({name: b"old", "main.js": b"x"}))
    with open_archive(path) as archive:
        assert archive.names() == ("main.js",)
        assert [entry.name for entry in archive.signature_entries] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "META-INF/sub/x.rsa",
        "META-INF/sub/sub/X.SF",
        "meta-inf/a/b.dsa",
        "META-INF/a/b.ec",
        "META-INF/a/MANIFEST.MF",
        "META-INF/a/cose.sig",
        "META-INF/a/cose.manifest",
    ],
)
def test_signature_file_deeper_in_meta_inf_is_refused(name, tmp_path):
    found = refusal(tmp_path / "x.zip", build_zip({name: b"", "main.js": b"x"}))
    assert codes(found) == ["NESTED_SIGNATURE"]


@pytest.mark.parametrize(
    "name",
    [
        "lib/META-INF/x.rsa",
        "META-INF/services/x",
        "META-INF/x.txt",
        "x.rsa",
        "META-INF/lib/INDEX.LIST",
        "META-INF/mf",
    ],
)
def test_other_file_is_no_signature_file(name):
    assert not is_signature_file(name)
    assert not is_nested_signature(name)


def test_names_are_judged_by_the_limits_given(tmp_path):
    data = build_zip({"a/b/c.js": b""})
    assert codes(refusal(tmp_path / "x.zip", data, Limits(depth=1))) == ["NAME_TOO_DEEP"]
    assert contents(tmp_path / "x.zip", data, Limits(depth=2))
