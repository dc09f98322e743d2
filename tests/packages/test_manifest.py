import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.packages.languages import language_tag
from registry.packages.manifest import ManifestError, parse_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_an_object_is_read_as_it_stands():
    data = '{"ä": [1, -2.5, true, null, "\\ud83d\\ude00", "//"], "b": {}}'.encode()
    assert parse_object(data) == {"ä": [1, -2.5, True, None, "😀", "//"], "b": {}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,\n "b": 2,}', "line 2"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": 1} {}', "line 1, column 10"),
        (b'{"a": "\t"}', "line 1, column 8"),
        (b'{} // "a"', "line 1, column 4"),
        (b'{"a": "\xff"}', "Byte 7 is not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"null", "not null"),
        (b"[]", "not a list"),
        (b'"x"', "not a text"),
        (b"7", "not a number"),
        (b"false", "not true or false"),
        (b'{"a": 1, "a": 2}', '"a" is given twice'),
        (b'{"x": [{"a": 1, "\\u0061": 2}]}', '"a" is given twice'),
        (b'{"\\ud800": 1, "\\ud800": 2}', "is given twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 9007199254740992}', "too large"),
        (b'{"a": -9007199254740992}', "too large"),
        (b'{"a": ' + b"9" * 200_000 + b"}", "too large"),
        (b'{"a": "\\u0000"}', "u0000"),
        (b'{"\\u0000": 1}', "u0000"),
        (b'{"a": [{"b": "\\ud800x"}]}', "surrogate"),
        (b'{"a": "\\uDFFF"}', "surrogate"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested"),
        (b"{" + b",".join(b'"%d":0' % n for n in range(10_001)) + b"}", "10000 keys"),
    ],
)
def test_what_readers_could_take_differently_is_refused_with_a_sentence(data, said):
    with pytest.raises(ManifestError) as caught:
        parse_object(data)
    message = str(caught.value)
    assert said in message
    assert len(message) < 200
    message.encode("utf-8")


def test_nesting_counts_brackets_but_not_those_in_texts():
    deep = {"a": 1}
    for _ in range(31):
        deep = {"a": deep}
    assert parse_object(json.dumps(deep).encode()) == deep
    flat = {"a": "[" * 100, "b": '"{\\' * 50}
    assert parse_object(json.dumps(flat).encode()) == flat


def test_the_largest_integer_that_javascript_holds_is_accepted():
    assert parse_object(b'{"a": 9007199254740991}') == {"a": 2**53 - 1}


def test_browsers_allow_comments_and_a_byte_order_mark():
    data = b'\xef\xbb\xbf// head {\n{"a": "http://x", // tail "\n "b": "\\"//"}\r// end'
    assert parse_object(data, browser=True) == {"a": "http://x", "b": '"//'}


@pytest.mark.parametrize("data", [b"{/* */}", b"{} / /", b'{"a": 1 # x\n}'])
def test_no_other_comments_are_allowed(data):
    with pytest.raises(ManifestError):
        parse_object(data, browser=True)


def test_a_position_behind_a_comment_is_that_in_the_file():
    with pytest.raises(ManifestError, match="line 2, column 9"):
        parse_object(b'{ // "x": {{\n "a": 1 "b"}', browser=True)


@pytest.mark.parametrize(
    "data", [b'"\\' * 130_000, b'{"a":"' + b'\\"' * 130_000, b"/" * 260_000, b"[]" * 130_000]
)
def test_no_text_takes_more_than_linear_time(data):
    begun = time.process_time()
    with pytest.raises(ManifestError):
        parse_object(data, browser=True)
    assert time.process_time() - begun < 1.5


@settings(deadline=None)  # shared machines pause
@given(JSON)
def test_every_json_is_read_or_refused(value):
    data = json.dumps(value).encode()
    with suppress(ManifestError):
        assert parse_object(data) == value


@settings(deadline=None)  # shared machines pause
@given(
    st.one_of(
        st.binary(max_size=60), st.text('{}[]":,\\/ \n1eE-+.untrfalsu0d8NI', max_size=60).map(str.encode)
    )
)
def test_every_text_is_read_or_refused(data):
    for browser in (False, True):
        with suppress(ManifestError):
            assert isinstance(parse_object(data, browser=browser), dict)


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("DE-at", "de-AT"),
        ("pt_BR", "pt-BR"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("ca-valencia", "ca-valencia"),
        ("de-CH-1901", "de-CH-1901"),
        ("fil", "fil"),
        ("root", None),
        ("", None),
        ("e", None),
        ("en-", None),
        ("en--us", None),
        ("en us", None),
        ("en\n", None),
        ("ｅｎ", None),
        ("../de", None),
        ("ca" + "-valencia" * 50, None),
    ],
)
def test_language_tags_have_one_spelling(written, tag):
    assert language_tag(written) == tag
