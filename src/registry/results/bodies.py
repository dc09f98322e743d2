"""The file of results in the body of a request, however its client has put it there.

    part `file` of a form            curl -F file=@results
    the body itself                  curl -T results, curl --data-binary @results (which says it were a form)
    urlencoded `file`, repeated      requests.post(data=[("file", line), ...]): one pair for each line of the file

each of them plain or with `Content-Encoding: gzip`. Nothing but an urlencoded form is held in memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import unquote_to_bytes

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from registry.results.faults import Fault
from registry.results.limits import Limits
from registry.results.sources import inflate, too_large

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
# What a form names its file; RefStack's first client called it `data`.
FILE_FIELDS = ("file", "data")
# A file of results begins with a byte that no name of a field has, or with a word and `:`, a blank or a newline.
FIRST_FIELD = re.compile(rb"[\w.%+\[\]-]+=")
MOST_PARTS = 16
MOST_FIELDS = 64
FIELD_BYTES = 16 * 1024
FORM_BYTES = 64 * 1024  # what a form may weigh beside its file


@dataclass(slots=True)
class Body:
    """The other fields of the form (the last of each name), and how many bytes the file had."""

    fields: dict[str, str] = field(default_factory=dict)
    size: int = 0


def extract(
    chunks: Iterable[bytes],
    content_type: str,
    content_encoding: str,
    write: Callable[[bytes], object],
    limits: Limits,
) -> Body:
    """Writes the file in a body that comes in ``chunks``; the two headers may be empty.

    Raises Fault: NO_FILE, FORM_MALFORMED, ONE_FILE_ONLY, UNSUPPORTED_ENCODING, GZIP_DAMAGED, RESULTS_TOO_LARGE.
    """
    body = Body()

    def take(data: bytes | bytearray) -> None:
        body.size += len(data)
        write(bytes(data))

    media_type, options = parse_options_header(content_type)
    wire = _decoded(_capped(chunks, limits.wire_bytes + FORM_BYTES), content_encoding, limits)
    if media_type == MULTIPART:
        _multipart(wire, options.get("boundary", ""), take, body.fields)
    else:
        first = _start(wire)
        if media_type == URLENCODED and FIRST_FIELD.match(first):
            _urlencoded(first, wire, take, body.fields, limits)
        else:
            take(first)
            for chunk in wire:
                take(chunk)
    if not body.size:
        raise Fault(
            "No results were sent, or an empty file. Send one with -F file=@results or --data-binary @results.",
            code="NO_FILE",
        )
    if body.size > limits.wire_bytes and not content_encoding:
        raise too_large(f"at most {limits.wire_bytes} bytes may be sent.")
    return body


def _capped(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise too_large(f"at most {most - FORM_BYTES} bytes may be sent.")
        yield chunk


def _decoded(chunks: Iterator[bytes], encoding: str, limits: Limits) -> Iterator[bytes]:
    match encoding.strip().lower():
        case "" | "identity":
            return chunks
        case "gzip" | "x-gzip":
            return inflate(chunks, limits)
    raise Fault(f"The content encoding {encoding[:40]!r} is not taken; gzip is.", code="UNSUPPORTED_ENCODING")


def _start(chunks: Iterator[bytes]) -> bytes:
    """Enough of the body to tell a form from a file: more than the longest name of a field that is known."""
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= 256:
            break
    return first


def _multipart(
    chunks: Iterator[bytes], boundary: str, take: Callable[[bytes | bytearray], None], fields: dict[str, str]
) -> None:
    found: dict[str, bytearray] = {}
    files, current = 0, ""
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
            for chunk in chunks:
                for item in parser.parse(chunk):
                    if isinstance(item, MultipartSegment):
                        current = item.name
                        files += current in FILE_FIELDS
                        if files > 1:
                            raise Fault("Send one file at a time.", code="ONE_FILE_ONLY")
                        if current not in FILE_FIELDS:
                            found[current] = bytearray()
                    elif item and current in FILE_FIELDS:
                        take(item)
                    elif item:
                        found[current] += item
                        _check_field(current, found[current])
    except ParserLimitReached as error:
        raise Fault(f"The form is too large: {error}.", code="FORM_MALFORMED") from None
    except (MultipartError, ValueError) as error:
        raise Fault(
            f"The body is not a proper {MULTIPART}: {error.args[0]}.", code="FORM_MALFORMED"
        ) from None
    fields.update((name, value.decode("utf-8", "replace")) for name, value in found.items())


def _urlencoded(
    first: bytes,
    rest: Iterator[bytes],
    take: Callable[[bytes | bytearray], None],
    fields: dict[str, str],
    limits: Limits,
) -> None:
    """Bytes stay bytes: the file may be binary, and be spread over a pair for each of its lines."""
    form = bytearray()
    for chunk in chain([first], rest):
        form += chunk
        if len(form) > limits.form_bytes:
            raise too_large(
                f"an urlencoded form may have at most {limits.form_bytes} bytes. Send a larger file with "
                "-F file=@results or --data-binary @results."
            )
    for pair in bytes(form).split(b"&"):
        name, _, value = pair.partition(b"=")
        if name in (b"file", b"data"):
            take(_unquoted(value))
        elif pair:
            called = _unquoted(name).decode("utf-8", "replace")
            _check_field(called, value)
            fields[called] = _unquoted(value).decode("utf-8", "replace")
            if len(fields) > MOST_FIELDS:
                raise Fault(f"The form has more than {MOST_FIELDS} fields.", code="FORM_MALFORMED")


def _unquoted(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _check_field(name: str, value: bytes | bytearray) -> None:
    if len(value) > FIELD_BYTES:
        raise Fault(f"The field {name[:40]!r} may have at most {FIELD_BYTES} bytes.", code="FORM_MALFORMED")
