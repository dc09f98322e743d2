"""Downloads: the signed file of a version, and never anything else.

Strong ETag (the file's SHA-256) and Range, so interrupted downloads go on where they stopped. The file
of a version never changes and may be kept for ever; `latest` must be asked for anew. Nothing that was
uploaded can become a page of this site: attachment, nosniff, and a sandbox for viewers that insist.
"""

import io
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from pyramid.request import Request
from pyramid.response import Response

from registry import hosts
from registry.domain import visibility
from registry.domain.visibility import Download
from registry.downloads import Counted
from registry.errors import ApiError
from registry.packages import FORMATS
from registry.permissions import Permission
from registry.resources import Version
from registry.rest import ResourceService
from registry.schemas.hosts import HostSchema
from registry.validators import query

FOR_EVER = "public, max-age=31536000, immutable"
NO_STORE = [("Cache-Control", "no-store")]
BLOCK = 256 * 1024

download = ResourceService(
    "download", "/api/v4/extensions/{name}/versions/{version}/", Version, view="download", media_type=None
)


@download.get(permission=Permission.READ, validators=[query(HostSchema())])
def download_version(request: Request) -> Response:
    """The signed file; at `latest` that of the newest version for a host, when one is named."""
    hosts.choose_latest(request, request.context)
    return file_response(request, request.context)


def file_response(request: Request, node: Any) -> Response:
    """The signed file of a version node, for whoever may have it."""
    extension, row = node.__parent__.__parent__, node.row
    access = visibility.download(extension.row, row)
    private = access is not Download.OPEN
    if private and not extension.permits(Permission.READ_PRIVATE):
        if access is Download.PENDING:
            raise ApiError(
                403, "This extension is under review; its files are held back.", "STATE_PENDING", NO_STORE
            )
        if access is Download.BLOCKED:
            raise ApiError(
                410,
                "The registry's team has yanked this version because it does harm; its file is gone.",
                "VERSION_BLOCKED",
                NO_STORE,
            )
        raise ApiError(
            410, "This extension has been disabled; its files are gone.", "STATE_DISABLED", NO_STORE
        )
    if row.sha256 is None:
        if row.upload_sha256 is None:
            raise ApiError(404, "The registry holds no file of this version.", "NO_PACKAGE", NO_STORE)
        raise ApiError(
            404, f"The version is {row.state}; it has no signed file yet.", "NOT_SIGNED_YET", NO_STORE
        )
    format = FORMATS[extension.row.format]
    response = _to_be_saved(row, f"{row.flat_name}.{format.suffix}", format.media_type)
    response.last_modified = row.signed_at
    if private:
        response.headers["Cache-Control"] = "private, no-store"
    else:
        response.headers["Cache-Control"] = "no-cache" if node.__name__ == "latest" else FOR_EVER
    check_range(request, response)
    span = FileSpan(request.storage.path(row.sha256).open("rb"))
    response.app_iter = span if private else Counted(span, request, row.id)
    if not private:
        request.keep_until_changed(extension.row.id, counted=row.id)
    response.content_length = row.size
    return response


def row_response(request: Request, row: Any, name: str) -> Response:
    """What has been sent in and is for some people only, to be saved under that name.

    ``row`` has the ``content``, or None where that is in the store, its ``size`` and ``sha256``.
    """
    response = _to_be_saved(row, name, "application/octet-stream")
    response.headers["Cache-Control"] = "private, no-store"
    check_range(request, response)
    stored = row.content is None
    response.app_iter = FileSpan(
        request.storage.path(row.sha256).open("rb") if stored else io.BytesIO(row.content)
    )
    response.content_length = row.size
    return response


def _to_be_saved(row: Any, name: str, media_type: str) -> Response:
    """All but the bytes, which are of ``row.size`` and ``row.sha256``."""
    response = Response(content_type=media_type, conditional_response=True)
    response.content_length = row.size
    response.accept_ranges = "bytes"
    response.etag = row.sha256
    response.content_disposition = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def check_range(request: Request, response: Response) -> None:
    """A Range beyond the end is an error of ours, in JSON; WebOb serves the others."""
    size = response.content_length
    if (
        request.range is not None
        and response in request.if_range
        and request.range.content_range(size) is None
    ):
        raise ApiError(
            416,
            f"The file has {size} bytes.",
            "ERROR_RANGE_NOT_SATISFIABLE",
            [("Content-Range", f"bytes */{size}")],
        )


class FileSpan:
    """The bytes of an open file from ``start`` up to ``stop``, as a WSGI answer.

    WebOb asks for ``app_iter_range`` to serve a Range, and every server calls ``close`` at the end.
    """

    def __init__(self, file: BinaryIO, start: int = 0, stop: int | None = None):
        self._file, self._start, self._stop = file, start, stop

    def app_iter_range(self, start: int, stop: int | None) -> "FileSpan":
        return FileSpan(self._file, start, stop)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = sys.maxsize if self._stop is None else self._stop - self._start
        while left > 0 and (block := self._file.read(min(BLOCK, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        self._file.close()
