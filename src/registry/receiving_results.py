"""Taking in what runners of tests send: a file of results in any body, and short messages as a form or JSON."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import orjson
from multipart import MultipartError, parse_form_data
from pyramid.request import Request

from registry.errors import ApiError, BadRequest
from registry.receiving import FORM, body_chunks
from registry.results import DEFAULT_LIMITS
from registry.results.bodies import extract
from registry.storage import SMALL_BYTES, Draft

MESSAGE_BYTES = 16 * 1024
MOST_FIELDS = 64
Message = dict[str, Any]


@contextlib.contextmanager
def receive_results(request: Request) -> Iterator[tuple[Draft, dict[str, str]]]:
    """The file of results in the body, as a draft at its beginning, and the other fields of the form it came in.

    Raises Fault, TooLarge, and ApiError 413.
    """
    limits = DEFAULT_LIMITS
    if (request.content_length or 0) > limits.wire_bytes + MESSAGE_BYTES:
        raise ApiError(413, f"At most {limits.wire_bytes} bytes of results are taken.", "ERROR_TOO_LARGE")
    with request.storage.draft(limits.unpacked_bytes, SMALL_BYTES) as draft:
        kind, encoding = request.headers.get("Content-Type", ""), request.headers.get("Content-Encoding", "")
        body = extract(body_chunks(request), kind, encoding, draft.write, limits)
        draft.file.flush()
        draft.file.seek(0)
        yield draft, body.fields


def receive_message(request: Request) -> Message:
    """The fields of a small body: JSON, a form with parts, or else an urlencoded form.

    Raises BadRequest, and ApiError 413.
    """
    text = b"".join(_small(body_chunks(request)))
    kind = request.content_type.lower()
    if kind == "application/json":
        return _json(text)
    if kind == FORM:
        return _parts(request, text)
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise BadRequest({"non_field_errors": ["The body is not an urlencoded form in UTF-8."]}) from None
    return _once(pairs)


def _small(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MESSAGE_BYTES:
            raise ApiError(413, f"A message may have at most {MESSAGE_BYTES} bytes.", "ERROR_TOO_LARGE")
        yield chunk


def _json(text: bytes) -> Message:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest({"non_field_errors": [f"The body is not JSON: {error}."]}) from None
    if not isinstance(body, dict):
        raise BadRequest({"non_field_errors": ["The body must be a JSON object."]})
    return {name: value for name, value in body.items() if value is not None}


def _parts(request: Request, text: bytes) -> Message:
    """By `multipart`, since WebOb takes seconds for long parts without line ends."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": request.headers["Content-Type"],
        "CONTENT_LENGTH": str(len(text)),
        "wsgi.input": io.BytesIO(text),
    }
    try:
        forms, _ = parse_form_data(environ, strict=True)
    except UnicodeDecodeError:
        raise BadRequest({"non_field_errors": ["The fields of the form are not UTF-8."]}) from None
    except (MultipartError, ValueError) as error:
        raise BadRequest(
            {"non_field_errors": [f"The body is not a proper {FORM}: {error.args[0]}."]}
        ) from None
    return _once(list(forms.iterallitems()))


def _once(pairs: list[tuple[str, str]]) -> Message:
    fields = dict(pairs)
    if twice := sorted({name for name, value in pairs if fields[name] != value}):
        raise BadRequest({twice[0]: ["This was sent more than once, and not the same."]})
    return fields
