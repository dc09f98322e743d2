"""The file of results is found in whatever body a client makes of it, byte for byte."""

import gzip
import io
from dataclasses import replace
from urllib.parse import quote_from_bytes

import pytest
import requests
from urllib3 import encode_multipart_formdata

from registry.results import DEFAULT_LIMITS, Fault
from registry.results.bodies import extract
from support.subunit import packet

FORM = "application/x-www-form-urlencoded"
EVERY_BYTE = packet("a", name="bytes", data=bytes(range(256)))


def sent(body, content_type="", content_encoding="", limits=DEFAULT_LIMITS, step=7):
    file = io.BytesIO()
    chunks = (body[start : start + step] for start in range(0, len(body), step))
    found = extract(chunks, content_type, content_encoding, file.write, limits)
    assert found.size == len(file.getvalue())
    return file.getvalue(), found.fields


def multipart(files, **fields):
    # The same in every process, since bodies are in the names of tests.
    parts = files.items() if isinstance(files, dict) else files
    return encode_multipart_formdata([*fields.items(), *parts], boundary="b0unda7y")


def test_a_part_of_a_form():
    body, content_type = multipart({"file": ("x.subunit", EVERY_BYTE)}, test_id="5", finished="false")
    assert sent(body, content_type) == (EVERY_BYTE, {"test_id": "5", "finished": "false"})


@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "text/xml; charset=utf-8", FORM])
@pytest.mark.parametrize(
    "body",
    [
        EVERY_BYTE,
        b"test: a=b&c\nsuccess: a=b&c\n",
        b"<testsuites/>",
        b'{"file=": 1}',
        b"TAP version 13\n",
        b"ok 1 a=b\n",
    ],
)
def test_the_body_itself_even_where_curl_calls_it_a_form(body, content_type):
    assert sent(body, content_type) == (body, {})


def test_one_pair_of_a_form_for_each_line_of_the_file():
    lines = (EVERY_BYTE * 3).splitlines(keepends=True)
    request = requests.Request(
        "POST", "http://x/", data=[("test_id", "7"), *(("file", line) for line in lines)]
    )
    body = request.prepare().body.encode()
    assert sent(body, FORM) == (EVERY_BYTE * 3, {"test_id": "7"})


def test_the_first_upload_of_refstack_calls_the_field_data():
    assert sent(b"data=%7B%22cpid%22%3A+1%7D", FORM) == (b'{"cpid": 1}', {})


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_each_of_them_may_be_packed(encoding):
    form, content_type = multipart({"file": ("x", EVERY_BYTE)})
    assert sent(gzip.compress(form), content_type, encoding)[0] == EVERY_BYTE
    assert sent(gzip.compress(EVERY_BYTE), FORM, encoding)[0] == EVERY_BYTE
    assert (
        sent(gzip.compress(b"file=" + quote_from_bytes(EVERY_BYTE).encode()), FORM, encoding)[0] == EVERY_BYTE
    )


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "code"),
    [
        (b"", "", "", "NO_FILE"),
        (b"test_id=5", FORM, "", "NO_FILE"),
        (b"file=&test_id=5", FORM, "", "NO_FILE"),
        (*multipart({"other": ("x", b"y")}), "", "NO_FILE"),
        (*multipart({"file": ("x", b"")}), "", "NO_FILE"),
        (*multipart([("file", ("x", b"1")), ("file", ("y", b"2"))]), "", "ONE_FILE_ONLY"),
        (*multipart({"file": ("x", b"1")}, note="n" * 20_000), "", "FORM_MALFORMED"),
        (*multipart([(f"f{number}", ("x", b"1")) for number in range(20)]), "", "FORM_MALFORMED"),
        (b"--x\r\nno form", "multipart/form-data; boundary=x", "", "FORM_MALFORMED"),
        (b"whatever", "multipart/form-data", "", "FORM_MALFORMED"),
        (b"whatever", "multipart/form-data; boundary=\xff\r\n", "", "FORM_MALFORMED"),
        (b"&".join(b"f%d=1" % number for number in range(100)), FORM, "", "FORM_MALFORMED"),
        (b"note=" + b"n" * 20_000, FORM, "", "FORM_MALFORMED"),
        (b"ok 1", "", "br", "UNSUPPORTED_ENCODING"),
        (b"ok 1", "", "gzip", "GZIP_DAMAGED"),
        (gzip.compress(b"ok 1", mtime=0)[:-3], "", "gzip", "GZIP_DAMAGED"),
        (gzip.compress(b"ok 1", mtime=0) + b"more", "", "gzip", "GZIP_DAMAGED"),
    ],
)
def test_bodies_that_are_refused(body, content_type, encoding, code):
    if isinstance(content_type, bytes):
        content_type = content_type.decode("latin-1")
    with pytest.raises(Fault) as refused:
        sent(body, content_type, encoding)
    assert refused.value.code == code


LIMITS = replace(
    DEFAULT_LIMITS, wire_bytes=200_000, form_bytes=1000, unpacked_bytes=300_000, ratio_from=100_000
)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"\xb3" * 270_000, "", ""),
        (b"\xb3" * 200_001, "", ""),
        (b"file=" + b"." * 1000, FORM, ""),
        (gzip.compress(b"\xb3" * 301_000, mtime=0), "", "gzip"),
        (gzip.compress(b"\xb3" * 150_000, mtime=0), "", "gzip"),
        (*multipart({"file": ("x", b"." * 200_001)}), ""),
    ],
)
def test_bodies_that_are_too_large(body, content_type, encoding):
    with pytest.raises(Fault) as refused:
        sent(body, content_type, encoding, LIMITS, step=10_000)
    assert refused.value.too_large


def test_a_large_form_is_told_of_the_other_way():
    with pytest.raises(Fault, match="-F file=@"):
        sent(b"file=" + b"." * 1000, FORM, limits=LIMITS, step=100)
