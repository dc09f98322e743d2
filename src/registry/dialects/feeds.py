"""What was published last, for feed readers: RSS 2.0 at ``/rss`` and Atom (RFC 4287) at ``/atom``, and Atom for each
extension at ``…/extensions/{name}/feed``."""

import datetime
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry import urls
from registry.catalogue.presentation import time
from registry.catalogue.translations import pick
from registry.domain import visibility
from registry.errors import ApiError
from registry.models import Channel, ExtensionState
from registry.models import Extension as Row
from registry.models import Version as VersionRow
from registry.permissions import Permission
from registry.rendering import VARY, etag
from registry.resources import Extension, Root
from registry.rest import ResourceService, answering
from registry.schemas.answers import TEXT

NEWEST = 20
ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Extension Registry: newest versions"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

RSS_TYPE, ATOM_TYPE = "application/rss+xml; charset=utf-8", "application/atom+xml; charset=utf-8"

feed = ResourceService(
    "extension_feed", f"{urls.API}/extensions/{{name}}/", Extension, view="feed", media_type=ATOM_TYPE
)
rss = ResourceService("rss", "/", Root, view="rss", media_type=RSS_TYPE)
atom = ResourceService("atom", "/", Root, view="atom", media_type=ATOM_TYPE)

_ROWS = (
    select(Row.__table__, VersionRow.version.label("latest_version"))
    .join(VersionRow, VersionRow.id == Row.latest_id)
    .where(Row.listed)
    .order_by(Row.updated.desc(), Row.id.desc())
    .limit(NEWEST)
)
_VERSIONS = (
    select(VersionRow.version, VersionRow.published, VersionRow.created)
    .where(
        VersionRow.extension_id == bindparam("extension_id"),
        VersionRow.channel == Channel.LISTED,
        *visibility.SOUND,
    )
    .order_by(VersionRow.order_key.desc(), VersionRow.id.desc())
    .limit(NEWEST)
)


@rss.get(permission=Permission.READ)
@answering(TEXT)
def show_rss(request: Request) -> Response:
    """The newest versions as RSS."""
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _texts(channel, title=TITLE, link=request.public_url, description="What has been published last.")
    for row in _rows(request):
        item = ElementTree.SubElement(channel, "item")
        _texts(
            item,
            title=_title(row),
            link=_link(request, row),
            description=_summary(row),
            pubDate=format_datetime(row.updated, usegmt=True),
        )
        guid = ElementTree.SubElement(item, "guid", isPermaLink="true")
        guid.text = urls.version(request.public_url, row.name, row.latest_version)
    return _xml(request, root, RSS_TYPE)


@atom.get(permission=Permission.READ)
@answering(TEXT)
def show_atom(request: Request) -> Response:
    """The newest versions as Atom."""
    rows = _rows(request)
    root = _feed(f"{request.public_url}/atom", TITLE, rows[0].updated if rows else EPOCH, request.public_url)
    for row in rows:
        entry = ElementTree.SubElement(root, "entry")
        version = urls.version(request.public_url, row.name, row.latest_version)
        _texts(entry, id=version, title=_title(row), updated=time(row.updated) or "", summary=_summary(row))
        ElementTree.SubElement(entry, "link", href=_link(request, row))
        author = ElementTree.SubElement(entry, "author")
        _texts(author, name=(row.author or {}).get("name") or row.owner_label or row.name)
    return _xml(request, root, ATOM_TYPE)


@feed.get(permission=Permission.READ)
@answering(TEXT)
def show_feed(request: Request) -> Response:
    """The newest versions of an extension, as Atom; none for one that nobody is offered."""
    row = request.context.row
    if not visibility.detail_is_open(row):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
    request.keep_until_changed(row.id)
    offered = row.state != ExtensionState.DISABLED
    versions = request.read.execute(_VERSIONS, {"extension_id": row.id}).all() if offered else []
    here = urls.extension(request.public_url, row.name)
    times = [version.published or version.created for version in versions]
    root = _feed(f"{here}feed", _name(row), max(times, default=row.updated or EPOCH), here)
    author = ElementTree.SubElement(root, "author")
    _texts(author, name=(row.author or {}).get("name") or row.owner_label or row.name)
    for version, at in zip(versions, times, strict=True):
        entry = ElementTree.SubElement(root, "entry")
        address = urls.version(request.public_url, row.name, version.version)
        _texts(entry, id=address, title=f"{_name(row)} {version.version}", updated=time(at) or "")
        ElementTree.SubElement(entry, "link", href=address)
    return _xml(request, root, ATOM_TYPE)


def _feed(address: str, title: str, updated: datetime.datetime, about: str) -> ElementTree.Element:
    root = ElementTree.Element("feed", xmlns=ATOM)
    _texts(root, id=address, title=title, updated=time(updated) or "")
    ElementTree.SubElement(root, "link", rel="self", href=address)
    ElementTree.SubElement(root, "link", href=about)
    return root


def _rows(request: Request) -> Sequence[Any]:
    request.keep_until_changed()
    return request.read.execute(_ROWS).all()


def _title(row: Any) -> str:
    return f"{_name(row)} {row.latest_version}"


def _name(row: Any) -> str:
    return pick(row.title, row.default_locale, row.default_locale) or str(row.name)


def _summary(row: Any) -> str:
    return pick(row.summary, row.default_locale, row.default_locale) or ""


def _link(request: Request, row: Any) -> str:
    homepage = pick(row.homepage, row.default_locale, row.default_locale) or ""
    return (
        homepage
        if homepage.startswith(("http://", "https://"))
        else urls.extension(request.public_url, row.name)
    )


def _texts(parent: ElementTree.Element, **texts: str) -> None:
    for tag, text in texts.items():
        # What XML cannot hold (1.0, 2.2) goes, whatever it was.
        ElementTree.SubElement(parent, tag).text = "".join(filter(_fits, text))


def _fits(character: str) -> bool:
    return (
        character in "\t\n\r" or " " <= character <= "\ud7ff" or "\ue000" <= character not in "\ufffe\uffff"
    )


def _xml(request: Request, root: ElementTree.Element, media_type: str) -> Response:
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    response = Response(body, conditional_response=True)
    response.headers["Content-Type"] = media_type
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = VARY
    response.etag = etag(body)
    return response
