"""Manifests: lines, sections, and what is not a manifest."""

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.signing import jar
from registry.signing.errors import Malformed

DIGEST = sha256(b"").digest()
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300)


def parse(data: bytes, most: int = 100) -> jar.Document:
    return jar.parse(data, "Manifest-Version", most)


@given(st.sets(NAMES, max_size=5))
def test_any_names_come_back_as_they_were(names: set[str]):
    manifest = jar.manifest(jar.sections(dict.fromkeys(names, DIGEST)).values())
    assert parse(manifest).sections.keys() == names


@given(NAMES)
def test_lines_have_at_most_72_bytes_and_end_between_characters(name: str):
    lines = jar.section(name, DIGEST).split(b"\r\n")
    assert max(len(line) + 2 for line in lines) <= 72
    for line in lines:
        line.decode()  # a character cut in two would raise


def test_a_section_has_its_digest_in_the_spellings_of_both_clients():
    assert jar.section("a.js", DIGEST) == (
        b"Name: a.js\r\n"
        b"SHA256-Digest: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n"
        b"SHA-256-Digest: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n"
        b"\r\n"
    )


def test_long_names_go_on_after_one_space():
    assert jar.fold(b"Name: " + b"a" * 150).split(b"\r\n") == [
        b"Name: " + b"a" * 64,
        b" " + b"a" * 69,
        b" " + b"a" * 17,
        b"",
    ]


def test_sections_do_not_depend_on_the_order_of_the_archive():
    assert list(jar.sections({"b": DIGEST, "a": DIGEST})) == ["a", "b"]


def test_a_section_s_bytes_are_kept_for_the_digest_over_them():
    section = jar.section("a.js", DIGEST)
    assert parse(jar.manifest([section])).sections["a.js"].raw == section


def test_plain_line_feeds_are_read_too():
    manifest = jar.manifest([jar.section("a" * 100, DIGEST)]).replace(b"\r\n", b"\n")
    assert list(parse(manifest).sections) == ["a" * 100]


def test_a_digest_in_another_algorithm_alone_is_none():
    found = parse(b"Manifest-Version: 1.0\n\nName: a\nSHA1-Digest: 2jmj7l5rSw0yVb/vlWAYkK/YBwk=\n\n")
    assert found.sections["a"].digests() == set()


HEAD = b"Manifest-Version: 1.0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\r\n\r\n",
        b"Manifest-Version: 1.0",
        b"Manifest-Version: 1.0\r\n",
        b"Manifest-Version: 1.1\r\n\r\n",
        b"Created-By: me\r\nManifest-Version: 1.0\r\n\r\n",
        b" Manifest-Version: 1.0\r\n\r\n",
        b"\xef\xbb\xbfManifest-Version: 1.0\r\n\r\n",
        HEAD + b"Name: a\r\n",
        HEAD + b"Name: a\r\n\r\nName: a\r\n\r\n",
        HEAD + b"Name: a\r\nNAME: b\r\n\r\n",
        HEAD + b"SHA256-Digest: x\r\nName: a\r\n\r\n",
        HEAD + b"\r\nName: a\r\n\r\n",
        HEAD + b"Name: a\r\n\r\n\r\n\r\n",
        HEAD + b" Name: a\r\n\r\n",
        HEAD + b"Name:a\r\n\r\n",
        HEAD + b"Name: a\nSHA256-Digest: x\r\n\r\n",
        HEAD + b"Name: a\rName: b\r\n\r\n",
        HEAD + b"Name: a\0b\r\n\r\n",
        HEAD + b"Name: \xff\r\n\r\n",
        HEAD + b"Name: " + b"a" * 67 + b"\r\n\r\n",
        HEAD + b"Name: a\r\nMagic: wand\r\n\r\n",
        HEAD + b"N\xc3\xa4me: a\r\n\r\n",
    ],
)
def test_what_two_readers_might_read_differently_is_not_read(data: bytes):
    with pytest.raises(Malformed):
        parse(data)


def test_more_sections_than_expected_are_not_looked_at():
    manifest = jar.manifest(jar.sections(dict.fromkeys("abc", DIGEST)).values())
    assert len(parse(manifest, most=3).sections) == 3
    with pytest.raises(Malformed, match="more than 2"):
        parse(manifest, most=2)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: HEAD + tail + b"\r\n\r\n"))
def test_anything_else_is_malformed_and_nothing_worse(data: bytes):
    with suppress(Malformed):
        parse(data)
