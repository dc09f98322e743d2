"""Whole documents: the bulk listing, the blocklist and the head of the event chain, all three signed.

They are files that the worker makes, and are served in front of the application (``registry.documents``). What
comes here is the rest: requests with a credential or for a range, and those to a registry whose worker has
made none yet. Then the document is made of rows at once, without a signature, as long as there is not
much of it.
"""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from registry import resources
from registry.catalogue import documents
from registry.catalogue.documents import BLOCKLIST, HEAD, LISTING, PATHS, SIGNATURE, SIGNED
from registry.documents import SIGNATURE_TYPE, signature_path
from registry.domain import tallies
from registry.errors import ApiError
from registry.permissions import Permission
from registry.rendering import VARY, etag
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.answers import NUMBER, REASON, SHA256, TEXT, TIME, URL, mapping, or_null
from registry.urls import API

# So many extensions are put together while a request waits.
MOST_AT_ONCE = 2000
NOT_MADE_YET = [("Retry-After", "5")]

BYTES = {"type": "string", "format": "binary"}
_ISSUE = {
    "serial": or_null(NUMBER),
    "seq": or_null(NUMBER),
    "issued": or_null(TIME),
    "expires": or_null(TIME),
}
LISTING_SCHEMA = {
    **mapping(
        download_url=TEXT,
        detail_url=TEXT,
        **_ISSUE,
        extensions={"type": "array", "items": answers.LISTED_EXTENSION},
    ),
    "description": "`download_url` and `detail_url` are templates: put in {name} and {version}.",
}
BLOCKLIST_SCHEMA = mapping(
    **_ISSUE,
    entries={
        "type": "array",
        "items": mapping(name=TEXT, guid=TEXT, versions=TEXT, reason=REASON, since=TIME, url=URL),
    },
)
HEAD_SCHEMA = mapping(**_ISSUE, hash=or_null(SHA256))

listing = ResourceService("listing", f"{API}/listing/", resources.Listing)
blocklist = ResourceService("blocklist", f"{API}/blocklist/", resources.Blocklist)
head = ResourceService("head", f"{API}/changes/head/", resources.Head)


@listing.get(permission=Permission.READ)
@answering(LISTING_SCHEMA)
def show_listing(request: Request) -> Response:
    """All extensions in one document; disabled ones are flagged and have no links."""
    return document_response(request, LISTING)


@blocklist.get(permission=Permission.READ)
@answering(BLOCKLIST_SCHEMA)
def show_blocklist(request: Request) -> Response:
    """What has been disabled, and which versions the team has yanked, and why."""
    return document_response(request, BLOCKLIST)


@head.get(permission=Permission.READ)
@answering(HEAD_SCHEMA)
def show_head(request: Request) -> Response:
    """The last event and its hash, which seals all events before it."""
    return document_response(request, HEAD)


def show_signature(request: Request) -> Response:
    """The document's detached CMS signature (DER), which is also its header `Registry-Signature` (base64)."""
    name = request.context.__name__
    shown = request.registry["documents"].find(signature_path(name))
    if shown is None:
        raise ApiError(
            404, "The worker has signed nothing yet; try again soon.", "NOT_SIGNED_YET", NOT_MADE_YET
        )
    return _response(SIGNATURE_TYPE, shown.plain, shown.etag)


def _signatures() -> None:
    kinds: dict[str, type] = {
        LISTING: resources.Listing,
        BLOCKLIST: resources.Blocklist,
        HEAD: resources.Head,
    }
    for name in SIGNED:
        service = ResourceService(
            f"{name}_signature", f"{PATHS[name]}/", kinds[name], view="signature", media_type=SIGNATURE_TYPE
        )
        service.add_view("GET", answering(BYTES)(show_signature), permission=Permission.READ)


_signatures()


def document_response(request: Request, name: str) -> Response:
    """The document as the worker has made it last; or, if it has not made one yet, as the rows have it now."""
    shown = request.registry["documents"].find(PATHS[name])
    if shown is None:
        if tallies.value(request.read, tallies.LISTED) > MOST_AT_ONCE:
            raise ApiError(
                503, "The worker is making this document; try again soon.", "ERROR_NOT_MADE_YET", NOT_MADE_YET
            )
        request.keep_until_changed()
        body = documents.from_rows(request.read, request.public_url, name)
        return _response("application/json", body, etag(body))
    response = _response("application/json", shown.plain, shown.etag)
    response.headers.update(dict(pair for pair in shown.headers if pair[0] == SIGNATURE))
    return response


def _response(media_type: str, body: Any, tag: str) -> Response:
    response = Response(conditional_response=True)
    response.headers["Content-Type"] = media_type
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = VARY
    response.accept_ranges = "bytes"
    if isinstance(body, bytes):
        response.body = body
    else:
        response.app_iter, response.content_length = body, len(body)
    response.etag = tag
    return response
