"""Whole documents as they are served: files that the worker has made, without any of the application.

What is small is held in memory, which the server can send as it is. What is large is mapped: all processes
share its pages, and no request copies more than a block of it. A mapped file stays readable when the worker
has put another in its place; so an answer that has begun is whole.

A document appears with its signature at once, since both stand in one row: the header ``Registry-Signature``
(base64) of the document, and the same bytes at ``…/signature``.
"""

import base64
import hashlib
import logging
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from registry.catalogue.documents import PATHS, SIGNATURE, SIGNED
from registry.cors import HEADERS
from registry.models import Document
from registry.rendering import VARY
from registry.settings import HttpsRequired
from registry.storage import Storage

log = logging.getLogger(__name__)

LARGEST_IN_MEMORY = 4 * 1024 * 1024
BLOCK = 256 * 1024
YEAR = 365 * 24 * 3600
SIGNATURE_TYPE = "application/pkcs7-signature"
_ROWS = select(Document.__table__).order_by(Document.name)

Headers = list[tuple[str, str]]


class Mapped:
    """A large file as a WSGI answer, block by block."""

    def __init__(self, data: mmap.mmap):
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._data), BLOCK):
            yield self._data[start : start + BLOCK]

    def __len__(self) -> int:
        return len(self._data)


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, or a signature, ready to be sent. ``for_all``: to clients that do not ask for JSON too."""

    key: tuple[str, bytes | None]
    etag: str
    media_type: str
    headers: Headers
    plain: bytes | Mapped
    gzip: bytes | Mapped | None
    path: Path | None
    for_all: bool
    hsts: bool

    def serve(self, environ: dict[str, Any], start_response: Any, takes_gzip: bool) -> Iterable[bytes]:
        own = [("X-Request-Id", os.urandom(16).hex()), *self.headers]
        if self.hsts and environ["wsgi.url_scheme"] == "https":
            own.append(("Strict-Transport-Security", f"max-age={YEAR}"))
        packed = takes_gzip and self.gzip is not None
        own.append(("ETag", f'"{self.etag}-gzip"' if packed else f'"{self.etag}"'))
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is not None and (self.etag in known or known.strip() == "*"):
            start_response("304 Not Modified", own)
            return ()
        body = self.gzip if packed and self.gzip is not None else self.plain
        own += [("Content-Type", self.media_type), ("Content-Length", str(len(body)))]
        if packed:
            own.append(("Content-Encoding", "gzip"))
        start_response("200 OK", own)
        if environ["REQUEST_METHOD"] == "HEAD":
            return ()
        return [body] if isinstance(body, bytes) else body


class Documents:
    """What there is by path, as of the last ``look``. ``paths`` are all that there can be."""

    def __init__(self, storage: Storage, hsts: bool):
        self._storage, self._hsts = storage, hsts
        self._shown: dict[str, Shown] = {}
        self.paths = frozenset([*PATHS.values(), *map(signature_path, SIGNED)])

    def find(self, path: str) -> Shown | None:
        return self._shown.get(path)

    def look(self, connection: Connection) -> None:
        """Take up what the worker has made since."""
        shown = {}
        for row in connection.execute(_ROWS):
            path, key = PATHS.get(row.name), (row.sha256, row.signature)
            if path is None:
                continue
            before = self._shown.get(path)
            if before is None or before.key != key:
                before = self._open(row, before)
            if before is not None:
                shown[path] = before
                if row.signature is not None and before.key == key:
                    shown[signature_path(row.name)] = self._signature(row.signature)
        self._shown = shown

    def _open(self, row: Any, before: Shown | None) -> Shown | None:
        path = self._storage.path(row.sha256)
        headers = _headers()
        if row.signature is not None:
            headers.append((SIGNATURE, base64.b64encode(row.signature).decode("ascii")))
        try:
            return Shown(
                key=(row.sha256, row.signature),
                etag=row.sha256[:32],
                media_type="application/json",
                headers=headers,
                plain=_opened(path),
                gzip=_opened(self._storage.path(row.gzip_sha256)),
                path=path,
                for_all=False,
                hsts=self._hsts,
            )
        except OSError as error:
            # It has been superseded this very moment, or the store is away: the next look will tell.
            log.info("The document %s cannot be opened: %s", row.name, error)
            return before

    def _signature(self, signature: bytes) -> Shown:
        return Shown(
            key=("", signature),
            etag=hashlib.sha256(signature).hexdigest()[:32],
            media_type=SIGNATURE_TYPE,
            headers=_headers(),
            plain=signature,
            gzip=None,
            path=None,
            for_all=True,
            hsts=self._hsts,
        )


def signature_path(name: str) -> str:
    return f"{PATHS[name]}/signature"


def _headers() -> Headers:
    return [
        ("Cache-Control", "no-cache"),
        ("Vary", f"{VARY}, Accept-Encoding"),
        *HEADERS,
    ]


def _opened(path: Path) -> bytes | Mapped:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size <= LARGEST_IN_MEMORY:
            return file.read()
        return Mapped(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))


def furnish(registry: Any) -> None:
    hsts = registry["settings"].https_required == HttpsRequired.TRUE
    registry["documents"] = Documents(registry["storage"], hsts)
