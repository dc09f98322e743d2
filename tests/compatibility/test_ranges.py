"""What ranges admit, in both grammars, and what an extension's limit makes of them."""

import pytest

from registry.domain.compatibility import effective_range
from registry.packages import ranges

# Ranges that real extensions for Brackets have, each with versions in it and versions that are not.
REAL = {
    ">= 0.23": ("0.23.0 1.14.2", "0.22.9"),
    "<1.3.0": ("1.2.9 0.1", "1.3 1.3.0"),
    "< 1.9": ("1.8.1", "1.9"),
    "<=3.0": ("3.0.0 3.0.7", "3.1"),
    ">1.0.0": ("1.0.1", "1.0 1.0.0"),
    ">=1.13.x": ("1.13", "1.12.9"),
    ">=1.3.0-16022": ("1.3.0 1.14", "1.2.9"),
    "1.2.*": ("1.2.0 1.2.9", "1.3 1.1.9"),
    "^1.9.0": ("1.9 1.14", "2.0 1.8"),
    "=0.44.0": ("0.44", "0.44.1"),
    "v1": ("1.0 1.14.2", "0.44 2.0"),
    "1.14.2": ("1.14.2", "1.14.1"),
    "x": ("0.1 9.9", ""),
    "*": ("0.1 9.9", ""),
    ">=0.40 <1.0 || ^1.9.0": ("0.44 1.14", "0.39 1.5"),
    "0.40.0 - 1.5.0": ("0.40 1.5.0", "1.5.1"),
    "next": ("", "1.14"),
    "=>1.0": ("", "1.14"),
}
LIMITED = {
    (">=0.40.0", "1.5.0"): "<=1.5.0 >=0.40.0",
    (">= 0.40  <2", "<1.9"): "<1.9 >= 0.40 <2",
    ("0.40 || ^1.9.0", "1.10"): "<=1.10 0.40 || <=1.10 ^1.9.0",
    ("1||1 ||1", "1.5"): "<=1.5 1",
    (">=1 ||", "1.5"): "<=1.5",
    ("*", "1.5"): "<=1.5",
    ("", "1.5"): "<=1.5",
    (None, "1.5"): "<=1.5",
    ("0.40.0 - 2.0.0", "1.5"): "<=1.5 >=0.40.0 <=2.0.0",
    ("next", "1.5"): "<=1.5 next",
    ("", None): None,
    (None, None): None,
    ("0.40.0 - 2.0.0", None): "0.40.0 - 2.0.0",
}


@pytest.mark.parametrize(("written", "tried"), REAL.items())
def test_semver_ranges_admit_what_the_real_client_says(written, tried):
    admitted, others = (sentence.split() for sentence in tried)
    assert [v for v in admitted if not ranges.semver_admits(written, ranges.semver_host(v))] == []
    assert [v for v in others if ranges.semver_admits(written, ranges.semver_host(v))] == []


@pytest.mark.parametrize(("given", "expected"), LIMITED.items())
def test_a_limit_comes_first_and_goes_into_every_alternative(given, expected):
    own, limit = given
    assert effective_range(own, limit, "brackets") == expected


@pytest.mark.parametrize("own", REAL)
@pytest.mark.parametrize("limit", ["1.5.0", "<1.9", "1.9.x"])
def test_a_limited_range_is_the_range_and_the_limit(own, limit):
    upper = limit if limit.startswith("<") else f"<={limit}"
    whole = effective_range(own, limit, "brackets")
    for version in (
        "0.23.0",
        "0.40.0",
        "0.44.0",
        "1.2.5",
        "1.5.0",
        "1.5.1",
        "1.9.0",
        "1.9.3",
        "1.14.2",
        "2.0.0",
    ):
        both = ranges.semver_admits(own, version) and ranges.semver_admits(upper, version)
        assert ranges.semver_admits(whole, version) == both, version


def test_the_versions_of_browsers_are_in_the_order_of_their_makers():
    ascending = [
        "56",
        "57.0a1",
        "57.0b2",
        "57.0b10",
        "57",
        "57.0.1",
        "57.*",
        "58.0",
        "115.9.1",
        "115.*",
        "116",
    ]
    known = [ranges.browser_key(version) for version in ascending]
    assert known == sorted(known)
    assert ranges.browser_key("57") == ranges.browser_key("57.0.0")
    assert ranges.browser_admits(">=109.0 <=115.*", "115.9.1")
    assert not ranges.browser_admits(">=109.0 <=115.*", "116.0")
    assert not ranges.browser_admits(">=109.0 <=115.*", "109.0b3")
    assert ranges.browser_admits("*", "1.0")
    assert not ranges.browser_admits("soon", "1.0")
    limited = effective_range(">=109.0 <=140.*", "<128.0", "webextension")
    assert limited == "<128.0 >=109.0 <=140.*"
    assert ranges.browser_admits(limited, "127.0.1")
    assert not ranges.browser_admits(limited, "128.0")


@pytest.mark.parametrize(
    "version", ["", "1.x", "1.2.3.4", "9" * 17, "1" * 101, "one", "1.2\0", "１.2", "\ud800"]
)
def test_what_is_no_version_of_a_host_is_told_so(version):
    with pytest.raises(ValueError, match=r"1\.14\.2"):
        ranges.semver_host(version)
    if version != "1.2.3.4":
        with pytest.raises(ValueError, match="browser"):
            ranges.browser_host(version)


def test_a_prerelease_of_a_host_counts_as_its_release():
    assert ranges.semver_host("1.14.2-17770") == "1.14.2"


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1.14.0", "1.14.0"), (" <= 1.5", "1.5"), ("<2.0.0", "<2.0.0"), ("1.9.x", "1.9.x")],
)
def test_limits_are_kept_in_one_form(written, kept):
    assert ranges.read_limit(written, browser=False) == kept


@pytest.mark.parametrize(
    "written", ["", ">1.0", "1.0 || 2.0", "next", "1" * 31, "9" * 17, "^1", "1.0\n>2", "1..2"]
)
@pytest.mark.parametrize("browser", [True, False])
def test_what_is_no_limit_is_refused(written, browser):
    with pytest.raises(ValueError, match="write it like"):
        ranges.read_limit(written, browser=browser)
