"""What reviewers are told of a package's contents; none of it holds the package back."""

import gzip
import io
import random
import struct
import tarfile

import pytest

from registry.packages import contents
from registry.packages.archive import open_archive
from support.archives import Part, assemble, build_zip, deflate

NOISE = random.Random(2).randbytes(200_000).hex().encode()


@pytest.fixture
def warned(tmp_path):
    def check(files, **fields):
        path = tmp_path / "x.zip"
        path.write_bytes(build_zip(files, **fields))
        with open_archive(path) as archive:
            found = archive.check_contents()
        assert all(finding.severity == "warning" for finding in found)
        assert all(finding.message.endswith(".") for finding in found)
        return found

    return check


EMPTY_BLOCKS = b"\x00\x00\x00\xff\xff" * 20_000


def summary(findings):
    return [(finding.code, finding.path) for finding in findings]


SUSPECT = {
    "right-to-left override": ("if (a) { /*\u202e } */", "BIDI_CONTROL"),
    "isolate": ("x = '\u2066admin\u2069'", "BIDI_CONTROL"),
    "zero width space": ("pass\u200bword", "INVISIBLE_CHARACTER"),
    "hangul filler as a name": ("const \u3164 = 1", "INVISIBLE_CHARACTER"),
    "half-width hangul filler": ("const \uffa0 = 1", "INVISIBLE_CHARACTER"),
    "word joiner": ("a\u2060b", "INVISIBLE_CHARACTER"),
    "invisible times": ("a\u2062b", "INVISIBLE_CHARACTER"),
    "soft hyphen": ("a\u00adb", "INVISIBLE_CHARACTER"),
    "joiner in a name": ("is\u200dAdmin", "INVISIBLE_CHARACTER"),
    "right-to-left mark in a name": ("is\u200fAdmin", "INVISIBLE_CHARACTER"),
    "arabic mark in a name": ("is\u061cAdmin", "INVISIBLE_CHARACTER"),
    "single selector in a name": ("is\ufe00Admin", "INVISIBLE_CHARACTER"),
    "single far selector in a name": ("is\U000e0100Admin", "INVISIBLE_CHARACTER"),
    "byte order mark inside": ("a = 1;\ufeffb = 2", "INVISIBLE_CHARACTER"),
    "musical control": ("a\U0001d173b", "INVISIBLE_CHARACTER"),
    "run of near selectors": ("eval(`\ufe00\ufe0f\ufe05`)", "HIDDEN_TEXT"),
    "run of far selectors": ("eval(`\U000e0100\U000e01ef`)", "HIDDEN_TEXT"),
    "mixed run of selectors": ("`\ufe01\U000e0142`", "HIDDEN_TEXT"),
    "tag characters": ("hi \U000e0068\U000e0069", "HIDDEN_TEXT"),
    "private use": ("\ue0b0", "PRIVATE_USE_CHARACTER"),
    "end of private use": ("\uf8ff", "PRIVATE_USE_CHARACTER"),
    "far private use": ("\U000f0000", "PRIVATE_USE_CHARACTER"),
    "farthest private use": ("\U0010fffd", "PRIVATE_USE_CHARACTER"),
}


@pytest.mark.parametrize("case", SUSPECT)
def test_hidden_characters_in_source_text_are_reported(case, warned):
    text, code = SUSPECT[case]
    found = warned({"main.js": f"// first\n// second\n{text}\n"})
    assert summary(found) == [(code, "main.js")]
    assert "Line 3 " in found[0].message


HARMLESS = {
    "byte order mark in front": "\ufeffvar a = 1;",
    "german": "Größe: Straße, Übung",
    "typography": "“quotes” – dashes … · • € → ✓",
    "japanese": "漢字かなカナ　全角！",
    "emoji": "❤️ ☎️ 👩‍👩‍👧 1️⃣ ©️ 🏳️‍🌈",
    "region flag": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "persian": "می‌خواهم",
    "hebrew": "שלום\u200f!",
    "hindi": "क्‍ष",
    "ideographic variant": "葛\U000e0100",
    "replacement": "\ufffd",
    "arabic ligature": "ﷲ ﻼ",
    "mathematics": "𝒳 𝔸",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_ordinary_writing_is_not_reported(case, warned):
    assert warned({"main.js": HARMLESS[case]}) == ()


def test_only_source_text_is_searched(warned):
    files = dict.fromkeys(("a.png", "font.woff", "LICENSE", "js", "a.js.bin"), "a\u202eb")
    assert warned(files) == ()
    files = dict.fromkeys(("A.JS", "a.mjs", "b.json", "b.html", "b.css", "README.md", "b.ts"), "a\u202eb")
    assert len(warned(files)) == 7


def test_each_finding_comes_once_for_each_file(warned):
    found = warned({"a.js": "\u202e\n\u200b\u200b\n\ue000\u202e", "b.js": "\u202e"})
    assert summary(found) == [
        ("BIDI_CONTROL", "a.js"),
        ("INVISIBLE_CHARACTER", "a.js"),
        ("PRIVATE_USE_CHARACTER", "a.js"),
        ("BIDI_CONTROL", "b.js"),
    ]


@pytest.mark.parametrize("before", range(262_136, 262_146))
@pytest.mark.parametrize("text", ["\u202e", "A\U000e0100", "\ufe00\ufe00"])
def test_character_across_two_chunks_is_found(before, text, warned):
    """Chunks have 262,144 bytes."""
    line = b"// a line\n"
    data = (line * 26_215)[: before - 1] + b"\n" + text.encode() + b"\n" + line * 10
    found = warned({"a.js": data}, method=0)
    assert len(found) == 1
    assert f"Line {data[:before].count(10) + 1} " in found[0].message


def test_search_of_a_file_ends_after_many_findings(warned):
    assert len(warned({"a.js": "\u200b" * 99 + "\u202e"})) == 2
    assert len(warned({"a.js": "\u200b" * 100 + "\u202e"})) == 1


def test_line_is_counted_through_large_files(warned):
    data = NOISE + b"\n" * 1000 + NOISE + "\n\u202e".encode()
    assert "Line 1002 " in warned({"a.js": data})[0].message


def test_what_is_reported_is_bounded(warned):
    found = warned({f"{number}.js": "a\u202eb" for number in range(50)})
    assert len(found) == 21
    assert found[-1].code == "BIDI_CONTROL"
    assert found[-1].message.startswith("30 more files")


def test_text_beyond_the_budget_is_said_to_be_unsearched(warned, monkeypatch):
    monkeypatch.setattr(contents, "MOST_SEARCHED_BYTES", 1000)
    files = {"a.js": "é" * 400, "ascii.js": "a" * 5000, "b.js": "é" * 400, "c.js": "\u202e"}
    assert summary(warned(files)) == [("TEXT_NOT_SEARCHED", "b.js")]


def tar(name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


ARCHIVES = {
    "zip": build_zip({"a": b"a"}),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "gzip": gzip.compress(b"a"),
    "xz": b"\xfd7zXZ\x00\x00\x04",
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "rar": b"Rar!\x1a\x07\x01\x00",
    "bzip2": b"BZh91AY&SY",
    "zstd": b"\x28\xb5\x2f\xfd\x04",
    "tar": tar("a"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archive_inside_is_reported_whatever_its_name(kind, warned):
    assert summary(warned({"data.png": ARCHIVES[kind]})) == [("NESTED_ARCHIVE", "data.png")]


@pytest.mark.parametrize("first", [0, 1, 3])
def test_archive_whose_first_bytes_come_one_by_one_is_reported(first, tmp_path):
    """Empty deflate blocks make the unpacker hand out as little as the packer likes."""
    data = ARCHIVES["tar"]
    packed = b"".join(
        bytes([0]) + struct.pack("<2H", len(piece), len(piece) ^ 0xFFFF) + piece + EMPTY_BLOCKS
        for piece in (data[:first], data[first:])
    )
    path = tmp_path / "x.zip"
    path.write_bytes(assemble([Part("a.png", data, packed=packed + deflate(b""))]))
    with open_archive(path) as archive:
        assert len(next(archive.inflate(archive.entries[0]))) < 262 or first == 0
        assert summary(archive.check_contents()) == [("NESTED_ARCHIVE", "a.png")]


PROGRAMS = {
    "windows": b"MZ\x90\x00\x03" + bytes(100),
    "elf": b"\x7fELF\x02\x01\x01",
    "mach-o": b"\xcf\xfa\xed\xfe\x07\x00\x00\x01",
    "mach-o big endian": b"\xfe\xed\xfa\xce\x00\x00\x00\x12",
    "mach-o universal": b"\xca\xfe\xba\xbe\x00\x00\x00\x02",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_program_inside_is_reported_whatever_its_name(kind, warned):
    assert summary(warned({"icon.png": PROGRAMS[kind]})) == [("EXECUTABLE_INSIDE", "icon.png")]


def test_other_files_are_neither_archive_nor_program(warned):
    files = {
        "a.png": b"\x89PNG\r\n\x1a\n",
        "A.class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34",
        "names.txt": "MZ is a letter pair\n" * 10,
        "bz.txt": "BZh is not enough",
        "pk.txt": "PK",
        "a.wasm": b"\x00asm\x01\x00\x00\x00",
        "empty": b"",
    }
    assert warned(files) == ()
