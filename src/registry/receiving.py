"""Taking in a package: from any body curl can send to a draft in the store, hashed on the way.

A package comes as the whole body (`--data-binary`, `-T`) or as the part `file` of a form (`-F`). It is
streamed, never held in memory, and cut off at the limit. Form fields beside the file may repeat what
the package says of itself; they never override it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from pyramid.request import Request

from registry.errors import ApiError, BadRequest, bad_field
from registry.packages import Limits, Options, Package, PackageRefused, read_package
from registry.packages.limits import configured
from registry.permissions import Permission
from registry.storage import Draft

RAW_TYPES = (
    "",
    "application/java-archive",
    "application/octet-stream",
    "application/x-www-form-urlencoded",  # what `curl --data-binary` says of any body
    "application/x-xpinstall",
    "application/x-zip-compressed",
    "application/zip",
)
FORM = "multipart/form-data"
NO_FILE = "NO_FILE"
CHUNK = 256 * 1024
MOST_PARTS = 16
FIELD_BYTES = 1000
FORM_BYTES = 64 * 1024  # what a form may weigh beside its file
_REPEATABLE = frozenset({"name", "guid", "version"})


def uploads_to(*services: Any, permission: Permission, answer: dict[str, Any]) -> Callable[[Any], Any]:
    """A view of these services that takes a package, by POST and by PUT alike: `curl -T` says PUT."""

    def register(view: Any) -> Any:
        view.takes_package, view.answer = True, answer  # for the API's description
        for service in services:
            service.post(permission=permission)(view)
            service.put(permission=permission)(view)
        return view

    return register


@dataclass
class Received:
    """A draft in the store, what was read from it, and the other fields of the form."""

    draft: Draft
    package: Package
    fields: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def receive(request: Request) -> Iterator[Received]:
    """The package in the body of ``request``; the draft is gone afterwards unless the store has kept it.

    Raises BadRequest, PackageRefused, TooLarge, and ApiError 413 and 415.
    """
    limits = configured(request.settings)
    with receive_file(request, limits.wire_bytes, RAW_TYPES, "package") as (draft, fields):
        package = _read(request, draft, limits)
        _repeats(package, fields)
        yield Received(draft, package, fields)


@contextlib.contextmanager
def receive_part(request: Request, part: str) -> Iterator[Received]:
    """The package in the ``part`` of a form, for dialects whose forms have other fields; raises what `receive` does."""
    limits = configured(request.settings)
    with receive_file(request, limits.wire_bytes, (), "package", part) as (draft, fields):
        yield Received(draft, _read(request, draft, limits), fields)


@contextlib.contextmanager
def receive_file(
    request: Request, most_bytes: int, kinds: Sequence[str], what: str, part: str = "file"
) -> Iterator[tuple[Draft, dict[str, str]]]:
    """The file in the body, as a draft, and the other fields of the form it may have come in.

    ``kinds`` are the media types that a body without a form may have, ``what`` is what people call such a file,
    ``part`` is its name in a form.
    Raises BadRequest, TooLarge, and ApiError 413 and 415.
    """
    if (request.content_length or 0) > most_bytes + FORM_BYTES:
        raise ApiError(413, f"A {what} may have at most {most_bytes} bytes.", "ERROR_TOO_LARGE")
    kind = request.content_type.lower()
    with request.storage.draft(most_bytes) as draft:
        if kind == FORM:
            fields = _form(request, draft, part)
        elif kind in kinds:
            fields = {}
            for chunk in body_chunks(request):
                draft.write(chunk)
        else:
            bare = f"as the body ({', '.join(filter(None, kinds))}) or " if kinds else ""
            raise ApiError(
                415, f"Send the {what} {bare}as the part `{part}` of {FORM}.", "ERROR_UNSUPPORTED_MEDIA_TYPE"
            )
        draft.file.flush()
        if not draft.size:
            ways = "--data-binary @file, -T file or " if kinds else ""
            raise bad_field(part, f"No {what} was sent. Send one with {ways}-F {part}=@file.", NO_FILE)
        yield draft, fields


def _read(request: Request, draft: Draft, limits: Limits) -> Package:
    try:
        return read_package(draft.path, limits, Options(disallowed_words=request.settings.disallowed_words))
    except PackageRefused:
        if _mangled(draft):
            raise bad_field(
                "file",
                "The body was a zip file once, but line ends and zero bytes have been taken out of it: curl's --data "
                "does that. Send the file with --data-binary @file instead.",
                "ERROR_BODY_MANGLED",
            ) from None
        raise


def _mangled(draft: Draft) -> bool:
    """What `curl --data @file` leaves of a zip file: a real one has zero bytes in its first header."""
    draft.file.seek(0)
    head = draft.file.read(4096)
    return head.startswith(b"PK") and not any(byte in head for byte in (b"\0", b"\r", b"\n"))


def body_chunks(request: Request) -> Iterator[bytes]:
    """The body, as it comes. Without a length it ends where the server says so (chunked)."""
    stream, left = request.environ["wsgi.input"], request.content_length
    if left is None and not request.environ.get("HTTP_TRANSFER_ENCODING"):
        return
    while left is None or left > 0:
        chunk = stream.read(CHUNK if left is None else min(CHUNK, left))
        if not chunk:
            if left:
                raise bad_field("file", "The body ended before its Content-Length.", "BODY_CUT_OFF")
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _form(request: Request, draft: Draft, part: str) -> dict[str, str]:
    boundary = parse_options_header(request.headers["Content-Type"])[1].get("boundary", "")
    fields: dict[str, bytearray] = {}
    files, current = 0, None
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
            for chunk in body_chunks(request):
                for item in parser.parse(chunk):
                    if isinstance(item, MultipartSegment):
                        current = item.name
                        if item.filename is not None and current != part:
                            raise bad_field(
                                part,
                                f"There is a file in the part {current[:50]!r}; send one, as the part `{part}`.",
                            )
                        files += current == part
                        if files > 1:
                            raise bad_field(part, "Send one file at a time.", "ONE_FILE_ONLY")
                        if current != part:
                            fields[current] = bytearray()
                    elif item is not None and current == part:
                        draft.write(item)
                    elif item is not None and current is not None:
                        fields[current] += item
                        if len(fields[current]) > FIELD_BYTES:
                            raise bad_field(current, f"This field may have at most {FIELD_BYTES} bytes.")
    except ParserLimitReached as error:
        raise bad_field("non_field_errors", f"The form is too large: {error}.") from None
    except (MultipartError, ValueError) as error:
        raise bad_field("non_field_errors", f"The body is not a proper {FORM}: {error.args[0]}.") from None
    return {name: value.decode("utf-8", "replace") for name, value in fields.items()}


def _repeats(package: Package, fields: dict[str, str]) -> None:
    """Form fields may repeat what the package says."""
    faults: dict[str, list[str]] = {}
    for name, value in fields.items():
        if name not in _REPEATABLE:
            faults[name] = ["This field is not known here; everything is read from the package itself."]
        elif (said := getattr(package, name)) is not None and value != said:
            faults[name] = [
                f"FIELD_MISMATCH: The form says {value!r}, the package says {said!r}; the package counts."
            ]
    if faults:
        raise BadRequest(faults)
