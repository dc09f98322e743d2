"""Lists of extensions: browsed in several orders, searched, filtered, and completed while somebody types."""

from collections.abc import Sequence
from typing import Any

from pyramid.request import Request
from sqlalchemy import Select, bindparam, select, type_coerce

from registry import pagination, representations, search, urls
from registry.catalogue import presentation, selection, tested, translations
from registry.domain import compatibility
from registry.fragments import ENVIRON, Fragments
from registry.lookout import LONGEST
from registry.models import Extension, Verbatim, Version, table
from registry.permissions import Permission
from registry.resources import Extensions
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.search import RELEVANCE, AutocompleteSchema, SearchSchema
from registry.validators import query
from registry.views.catalogue import extensions

autocomplete = ResourceService("autocomplete", "/api/v4/extensions/", Extensions, view="autocomplete/")

COMPLETIONS = 10


class ListSchema(pagination.PageSchema, SearchSchema):
    pass


_ROW = table(Extension)
_ORDERS: dict[str, list[Any]] = {
    "name": [_ROW.c.name],
    "downloads": [_ROW.c.downloads_total.desc(), _ROW.c.id.desc()],
    "recent_downloads": [_ROW.c.downloads_recent.desc(), _ROW.c.id.desc()],
    "rating": [_ROW.c.rating_score.desc(), _ROW.c.id.desc()],
    "updated": [_ROW.c.updated.desc(), _ROW.c.id.desc()],
}
# In each order, the rows that are listed: what the index of that order holds of them.
_ORDERED = {
    order: select(_ROW.c.id, *(getattr(key, "element", key) for key in keys[:1])).where(Extension.listed)
    for order, keys in _ORDERS.items()
}
# What is shown as it is stored, unless a language is chosen or links are wrapped.
_STORED = ("title", "summary", "homepage", "support_url", "categories", "keywords", "author", "languages")
_READ = (
    *("id", "name", "guid", "format", "state", "default_locale", "theme", "license", "owner_label", "images"),
    *("rating_counts", "downloads_total", "downloads_recent", "created", "updated"),
)


def _select(stored: bool, fitting: bool) -> Select[Any]:
    """Rows for ``presentation.extension`` of what is listed; those of a host with the newest version that runs on it.

    ``stored``: the columns _STORED are ``Verbatim``.
    """
    columns: list[Any] = [_ROW.c[name] for name in _READ]
    columns += [
        type_coerce(_ROW.c[name], Verbatim()).label(name) if stored else _ROW.c[name] for name in _STORED
    ]
    latest = (
        Version.version.label("latest_version"),
        Version.requires_restart.label("latest_requires_restart"),
    )
    which = compatibility.NEWEST_FITTING if fitting else Extension.latest_id
    return select(*columns, *latest).outerjoin(Version, Version.id == which)


_NAMED = _ROW.c.id.in_(bindparam("ids", expanding=True))
# Between finding the numbers and reading the rows, one of them may have gone off the list.
_ROWS = {
    (stored, fitting): _select(stored, fitting).where(_NAMED, Extension.listed)
    for stored in (False, True)
    for fitting in (False, True)
}
# The shape that is the same whoever asks for it, and so may be kept.
_STORED_LATEST = (True, False)
_COMPLETED = select(_ROW.c.id, _ROW.c.name, _ROW.c.title, _ROW.c.default_locale, _ROW.c.images).where(_NAMED)


@extensions.same_for_all
@extensions.get(permission=Permission.READ, validators=[query(ListSchema())])
@answering(answers.FOUND)
def list_extensions(request: Request) -> dict[str, Any]:
    """The extensions on offer, all of them or those that are looked for."""
    wanted, fitting = request.validated, _fitting(request)
    on = tested.read(wanted["tested_on"], wanted["os"])
    # Results of tests are no change of the catalogue.
    request.keep_until_changed(seconds=LONGEST if on is None else request.settings.look_every)
    chosen = selection.choose(
        request.read,
        selection.Wanted(
            text=wanted["q"],
            filters={name: wanted[name] for name in search.FILTERS if wanted[name] is not None},
            owner=wanted["owner"],
            min_rating=wanted["min_rating"],
            updated_since=wanted["updated_since"],
            fitting=fitting,
            tested=on,
        ),
    )
    answer = _page(request, chosen, fitting)
    if wanted["facets"]:
        answer["facets"] = selection.facets(request.read, chosen)
    return answer


@autocomplete.same_for_all
@autocomplete.get(permission=Permission.READ, validators=[query(AutocompleteSchema())])
@answering(answers.COMPLETIONS)
def complete(request: Request) -> dict[str, Any]:
    """At most ten extensions whose names or titles go on like that, popular ones first."""
    request.keep_until_changed()
    wanted, lang = request.validated["q"], request.validated["lang"]
    ids = (search.hits(request.read, wanted, names_only=True) or [])[:COMPLETIONS] if wanted else []
    found = {row.id: row for row in request.read.execute(_COMPLETED, {"ids": ids})}

    def render(row: Any) -> dict[str, Any]:
        icons = presentation.images(request.public_url, row)["icons"]
        return {
            "name": row.name,
            "title": row.title if lang is None else translations.pick(row.title, lang, row.default_locale),
            "url": urls.extension(request.public_url, row.name),
            "icon": icons[min(icons, key=int)] if icons else None,
        }

    return {"results": [render(found[which]) for which in ids if which in found]}


def _fitting(request: Request) -> list[int] | None:
    host, version = request.validated["host"], request.validated["host_version"]
    return None if host is None else compatibility.matching(request.read, host, version)


def _page(request: Request, chosen: selection.Selection, fitting: Sequence[int] | None) -> dict[str, Any]:
    def render(row: Any) -> dict[str, Any]:
        return representations.shown(request, presentation.extension(request.public_url, row))

    def make(ids: Sequence[int]) -> dict[int, Any]:
        rows = request.read.execute(_ROWS[shape], {"ids": ids, "fitting": fitting or ()})
        return {row.id: render(row) for row in rows}

    def load(ids: Sequence[int]) -> list[Any]:
        kept: Fragments | None = request.environ.get(ENVIRON)
        found = make(ids) if kept is None or shape != _STORED_LATEST else kept.load(ids, make)
        return [found[which] for which in ids if which in found]

    wanted = request.validated
    shape = (wanted["lang"] is None and not wanted["wrap_outgoing_links"], fitting is not None)
    order = wanted["sort"] or ("name" if wanted["q"] is None else RELEVANCE)
    if order == RELEVANCE:
        return pagination.paginate_ids(request, chosen.ids or (), load)
    # Only what an index holds is walked through on the way to a later page.
    rows = _ORDERED[order].where(*chosen.conditions)
    if chosen.ids is not None:
        rows = rows.where(selection.among(request.read, chosen.ids))
    answer = pagination.paginate(request, rows, _ORDERS[order], lambda row: row.id, chosen.total)
    return answer | {"results": load(answer["results"])}
