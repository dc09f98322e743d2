"""Search for add-ons as v4 and v5 of Mozilla's API have it: /api/{v4|v5}/addons/search/ and …/autocomplete/

It is the registry's own search, of browser extensions only. Their parameter ``color`` is not known here.
"""

import operator
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pyramid.request import Request
from sqlalchemy import Text, bindparam, cast, false, func, or_, select

from registry import pagination, search, urls
from registry.catalogue import presentation, selection
from registry.dialects.amo import addresses, gates, pages, representation
from registry.dialects.amo.texts import translated
from registry.domain import compatibility
from registry.models import AddonDetail, Extension, Ownership, OwnershipRole, Review, User, Version, table
from registry.packages.webextension import WebExtension
from registry.permissions import Permission
from registry.resources import Extensions
from registry.resources.base import row_number
from registry.rest import ResourceService, answering
from registry.schemas.addon_search import COMPARED, HOSTS, TYPES, AutocompleteSchema, SearchSchema, compared
from registry.validators import query

COMPLETIONS = 10
DAYS = 7  # that `downloads_recent` is of; `users` are those of one

_ROW = table(Extension)
_COMPARED = {
    "created": _ROW.c.created,
    "updated": _ROW.c.updated,
    "ratings": _ROW.c.rating_score,
    "users": _ROW.c.downloads_recent / DAYS,
}
_COMPARE = {"": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_ORDERS: dict[str, list[Any]] = {
    "created": [_ROW.c.id.desc()],
    "downloads": [_ROW.c.downloads_total.desc(), _ROW.c.id.desc()],
    "hotness": [_ROW.c.downloads_recent.desc(), _ROW.c.id.desc()],
    "ratings": [_ROW.c.rating_score.desc(), _ROW.c.id.desc()],
    "updated": [_ROW.c.updated.desc(), _ROW.c.id.desc()],
    "users": [_ROW.c.downloads_recent.desc(), _ROW.c.id.desc()],
}
_IDS: Any = bindparam("ids", expanding=True)
_ADDONS = select(_ROW).where(_ROW.c.id.in_(_IDS))
_DETAILS = select(AddonDetail.__table__).where(AddonDetail.extension_id.in_(_IDS))
_LATEST = representation.VERSIONS.where(
    Version.id.in_(select(Extension.latest_id).where(Extension.id.in_(_IDS)))
)
_AUTHORS = (
    select(User.id, User.username, Ownership.extension_id)
    .join(Ownership, Ownership.user_id == User.id)
    .where(Ownership.extension_id.in_(_IDS), Ownership.role == OwnershipRole.OWNER, User.deleted.is_(None))
    .order_by(Ownership.id)
)
_TEXTS = (
    select(Review.extension_id, func.count().label("texts"))
    .where(
        Review.extension_id.in_(_IDS),
        Review.body.is_not(None),
        Review.hidden.is_(None),
        Review.deleted.is_(None),
    )
    .group_by(Review.extension_id)
)


def _services(name: str) -> list[ResourceService]:
    return [
        ResourceService(
            f"amo_{name}_{api}", f"/api/{api}/addons/{name}/", Extensions, traverse=f"{urls.API}/extensions"
        )
        for api in ("v4", "v5")
    ]


def _get(name: str, *schemas: Any) -> Any:
    def register(view: Any) -> Any:
        for service in _services(name):
            service.add_view("GET", view, permission=Permission.READ, validators=[*map(query, schemas)])
        return view

    return register


@_get("search", SearchSchema(), compared(), pages.PageSchema())
@answering({"type": "object"})
def search_addons(request: Request) -> dict[str, Any]:
    """The add-ons on offer, all of them or those that are looked for."""
    request.keep_until_changed()
    wanted, fitting = request.validated, None
    if wanted["appversion"] is not None:
        fitting = compatibility.matching(request.read, HOSTS[wanted["app"]], wanted["appversion"])
    words = " ".join(filter(None, [wanted["q"], *(wanted["tag"] or ())]))
    chosen = selection.choose(
        request.read,
        selection.Wanted(
            text=words or None,
            filters=_filters(wanted),
            owner=None,
            min_rating=None,
            updated_since=None,
            fitting=fitting,
            further=_conditions(wanted),
        ),
    )
    orders = [order for order in wanted["sort"] or () if order is not None]
    order = orders[0] if orders else "users" if wanted["q"] is None else "relevance"
    return _page(request, chosen, order)


@_get("autocomplete", AutocompleteSchema())
@answering({"type": "object"})
def complete(request: Request) -> dict[str, Any]:
    """At most ten add-ons whose names go on like that."""
    request.keep_until_changed()
    wanted, lang = request.validated["q"], request.validated["lang"]
    only = {"format": WebExtension.name}
    ids = (search.hits(request.read, wanted, only, names_only=True) or [])[:COMPLETIONS] if wanted else []
    found = {row.id: row for row in request.read.execute(_ADDONS, {"ids": ids})}

    def render(row: Any) -> dict[str, Any]:
        icons = presentation.images(request.public_url, row)["icons"]
        name: Any = translated(row.title, row.default_locale, lang)
        return {
            "id": row.id,
            "guid": row.guid,
            "icon_url": representation.icon_url(icons),
            "icons": icons,
            "name": gates.text(name) if lang is not None and _is_v4(request) else name,
            "promoted": [],
            "type": "statictheme" if row.theme else "extension",
            "url": addresses.addon(request.public_url, row.name),
        }

    return {"results": [render(found[which]) for which in ids if which in found]}


def _is_v4(request: Request) -> bool:
    return str(request.matched_route.name).endswith("v4")


def _filters(wanted: dict[str, Any]) -> dict[str, str]:
    filters = {"format": WebExtension.name}
    if wanted["category"] is not None:
        filters["category"] = wanted["category"]
    if wanted["type"] is not None and len(kinds := set(wanted["type"]) & set(TYPES)) == 1:
        filters["kind"] = "theme" if "statictheme" in kinds else "extension"
    return filters


def _conditions(wanted: dict[str, Any]) -> list[Any]:
    """What our own search has no word for."""
    conditions: list[Any] = []
    if wanted["guid"] is not None:
        conditions.append(Extension.guid.in_(wanted["guid"]))
    if wanted["author"] is not None:
        conditions.append(_by(wanted["author"]))
    if wanted["exclude_addons"] is not None:
        conditions.append(~_named(wanted["exclude_addons"]))
    if wanted["promoted"] is not None or not set(wanted["type"] or TYPES) & set(TYPES):
        conditions.append(false())
    conditions += [
        # A list of texts is JSON, in which each stands between quotes.
        cast(Extension.keywords, Text).contains(f'"{tag}"', autoescape=True)
        for tag in wanted["tag"] or ()
    ]
    conditions += [
        _COMPARE[how](column, wanted[parameter])
        for parameter, (name, how) in COMPARED.items()
        for column in [_COMPARED[name]]
        if wanted[parameter] is not None
    ]
    return conditions


def _by(authors: Sequence[str]) -> Any:
    numbers = [number for number in map(row_number, authors) if number is not None]
    users = select(User.id).where(
        or_(User.username.in_(authors), User.id.in_(numbers)), User.deleted.is_(None)
    )
    return Extension.id.in_(select(Ownership.extension_id).where(Ownership.user_id.in_(users)))


def _named(names: Sequence[str]) -> Any:
    numbers = [number for number in map(row_number, names) if number is not None]
    return or_(Extension.id.in_(numbers), Extension.name.in_(names), Extension.guid.in_(names))


def _page(request: Request, chosen: selection.Selection, order: str) -> dict[str, Any]:
    page, size = request.validated["page"], request.validated["page_size"]
    if page > 1 and (page - 1) * size >= chosen.total:
        raise pages.no_such_page()
    if order == "relevance" and chosen.ids is not None:
        return pagination.paginate_ids(request, chosen.ids, lambda ids: _load(request, ids))
    rows = select(_ROW.c.id, *(_ROW.c[name] for name in ("downloads_total", "downloads_recent")))
    rows = rows.add_columns(_ROW.c.rating_score, _ROW.c.updated).where(Extension.listed, *chosen.conditions)
    if chosen.ids is not None:
        rows = rows.where(selection.among(request.read, chosen.ids))
    answer = pagination.paginate(
        request, rows, _ORDERS.get(order, _ORDERS["users"]), lambda row: row.id, chosen.total
    )
    return answer | {"results": _load(request, answer["results"])}


def _load(request: Request, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The add-ons with these numbers, in this order; those that went away meanwhile are left out."""
    which = {"ids": list(ids)}
    ask = request.read.execute
    found = {row.id: row for row in ask(_ADDONS, which)}
    details = {row.extension_id: row for row in ask(_DETAILS, which)}
    latest = {row.id: row for row in ask(_LATEST, which)}
    texts = {row.extension_id: row.texts for row in ask(_TEXTS, which)}
    authors: dict[int, list[Any]] = defaultdict(list)
    for author in ask(_AUTHORS, which):
        authors[author.extension_id].append(author)

    def render(row: Any) -> dict[str, Any]:
        shown = representation.addon(
            request,
            row,
            details.get(row.id),
            latest.get(row.latest_id),
            authors[row.id],
            waiting=False,
            text_count=texts.get(row.id, 0),
        )
        for author in shown["authors"]:
            del author["picture_url"]
        return gates.addon(shown, request.validated["lang"]) if _is_v4(request) else shown

    return [render(found[one]) for one in ids if one in found]
