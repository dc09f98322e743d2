import random
import time

import nodesemver
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.packages.versions import (
    ApiRange,
    parse_range,
    semver_is_prerelease,
    semver_key,
    toolkit_key,
)

NUMBERS = st.one_of(st.integers(0, 12), st.sampled_from([255, 256, 65535, 65536, 2**32, 2**53 - 1]))
WORDS = st.from_regex(r"[0-9]{0,3}[A-Za-z-][0-9A-Za-z-]{0,3}", fullmatch=True)
IDENTIFIERS = st.one_of(NUMBERS.map(str), WORDS, st.sampled_from(["alpha", "beta", "rc", "-", "a-b"]))


@st.composite
def semvers(draw):
    version = ".".join(str(draw(NUMBERS)) for _ in range(3))
    prerelease = draw(st.lists(IDENTIFIERS, max_size=3))
    return f"{version}-{'.'.join(prerelease)}" if prerelease else version


@settings(deadline=None)  # shared machines pause
@given(semvers(), semvers())
def test_the_key_orders_as_the_precedence_of_semantic_versioning(one, other):
    assume(len(one) <= 100 and len(other) <= 100)
    by_key = (semver_key(one) > semver_key(other)) - (semver_key(one) < semver_key(other))
    assert by_key == nodesemver.compare(one, other, False)


def test_the_order_of_the_specification_itself():
    ordered = [
        "0.0.0-0", "0.0.0", "1.0.0-0", "1.0.0-1", "1.0.0-9", "1.0.0-10", "1.0.0-256", "1.0.0-65536",
        "1.0.0--", "1.0.0-0a", "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta", "1.0.0-alpha0", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.0.1", "1.2.0", "1.10.0", "1.256.0", "2.0.0-0", "2.0.0", "10.0.0",
    ]  # fmt: skip
    mixed = random.Random(1).sample(ordered, len(ordered))
    assert sorted(mixed, key=semver_key) == ordered
    assert len({semver_key(version) for version in ordered}) == len(ordered)


def test_build_metadata_is_allowed_and_has_no_part_in_the_order():
    assert semver_key("1.2.3+build.007") == semver_key("1.2.3")
    assert semver_key("1.2.3-rc.1+x") == semver_key("1.2.3-rc.1")


@pytest.mark.parametrize(
    "version",
    [
        "", "1", "1.2", "1.2.3.4", "v1.2.3", "=1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "01.2.3", "1.02.3",
        "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3+a+b", "1.2.3-ä", "１.2.3", "1.2.x", "latest",
        "9007199254740992.0.0", "1.0.0-9007199254740992", "1.0.0-" + "a" * 100, "1" * 5000 + ".0.0",
    ],
)  # fmt: skip
def test_what_is_no_semantic_version_is_refused(version):
    with pytest.raises(ValueError) as caught:
        semver_key(version)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("written", "right"),
    [("v1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("3", "3.0.0"), ("01.2.3", "1.2.3"), ("soon", "1.0.0")],
)
def test_the_refusal_says_what_would_be_right(written, right):
    with pytest.raises(ValueError, match=f'Write "{right}"'):
        semver_key(written)


def test_a_prerelease_is_told_by_its_hyphen_not_by_that_of_the_build():
    assert semver_is_prerelease("1.0.0-rc.1")
    assert not semver_is_prerelease("1.0.0")
    assert not semver_is_prerelease("1.0.0+a-b")


PARTS = st.lists(st.integers(0, 999_999_999), min_size=1, max_size=4)


@settings(deadline=None)  # shared machines pause
@given(PARTS, PARTS)
def test_the_toolkit_key_orders_by_number_and_ignores_missing_zeros(one, other):
    def value(parts):
        return [*parts, 0, 0, 0][:4]

    def key(parts):
        return toolkit_key(".".join(map(str, parts)))

    assert (key(one) < key(other)) == (value(one) < value(other))
    assert (key(one) == key(other)) == (value(one) == value(other))


@pytest.mark.parametrize(
    "version",
    ["", ".", "1.", ".1", "1.2.3.4.5", "01", "1.02", "1.0a", "1.*", "-1", "1234567890", "1.0 ", "1\n", "１"],
)
def test_what_is_no_toolkit_version_is_refused(version):
    with pytest.raises(ValueError, match="one to four whole numbers"):
        toolkit_key(version)


@pytest.mark.parametrize(
    ("written", "minimum", "maximum"),
    [
        (">=0.40 <2", "0.40.0", "<2"),
        ("<=1.5.0 >=0.40.0", "0.40.0", "1.5.0"),
        (">= 0.23", "0.23.0", None),
        ("< 1.9", None, "<1.9"),
        ("<=3.0", None, "<3.1.0"),
        (">1.0.0", ">1.0.0", None),
        ("=0.44.0", "0.44.0", "0.44.0"),
        ("~1.2", "1.2.0", "<1.3.0"),
        ("^1.1.0", "1.1.0", "<2.0.0"),
        ("1.2.*", "1.2.0", "<1.3.0"),
        ("1.2.3 - 2.3.4", "1.2.3", "2.3.4"),
        (">=1.3.0-16022", "1.3.0-16022", None),
        ("*", None, None),
        ("", None, None),
        ("1.0.0 || 2.0.0", None, None),
        (">1 >2", None, None),
    ],
)
def test_the_ends_of_a_range(written, minimum, maximum):
    assert parse_range(written) == ApiRange(minimum, maximum)


@pytest.mark.parametrize(
    "written",
    ["latest", ">=01", ">= 1.2.3.4", "1.2.3-", ">=１.0", ">1\0", ">99999999999999999.0.0", ">=1 " * 80],
)
def test_what_is_no_range_is_refused(written):
    with pytest.raises(ValueError):
        parse_range(written)


@settings(deadline=None)  # shared machines pause
@given(st.text("0123456789.xX*<>=~^|- v+ab", max_size=300))
def test_no_text_makes_the_range_parser_fail_otherwise(written):
    try:
        ends = parse_range(written)
    except ValueError:
        return
    assert all(end is None or len(end) <= 101 for end in ends)


def test_many_blanks_in_a_range_cost_nothing():
    # The library below would take 0.3 s for this one: its patterns are cubic in the number of blanks.
    begun = time.process_time()
    with pytest.raises(ValueError):
        parse_range("1" + " " * 120 + "-" + " " * 120 + "z")
    assert time.process_time() - begun < 0.1
