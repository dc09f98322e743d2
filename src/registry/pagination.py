"""Lists in pages: `page` for people, a keyset underneath, so that page 1 and page 40,000 cost the same.

`next` and `previous` are page numbers as far as `registry.page_depth` results reach; from there on
`next` carries a sealed ``cursor`` that says after which row to go on. Asking for a deeper `page` is a
400 that names the cursor to use instead.
"""

import datetime
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import colander
import orjson
from pyramid.request import Request
from sqlalchemy import Select, func, literal, select, tuple_

from registry.errors import BadRequest, bad_field

# What a cursor's JSON has as text; the others are what they are.
_READERS: dict[type, Callable[[Any], Any]] = {
    bytes: bytes.fromhex,
    datetime.datetime: datetime.datetime.fromisoformat,
}
MOST = 50
DEFAULT = 25


class PageSchema(colander.MappingSchema):
    page = colander.SchemaNode(
        colander.Integer(),
        missing=1,
        validator=colander.Range(1, 10**9),
        description="Number of the page, from 1.",
    )
    page_size = colander.SchemaNode(
        colander.Integer(),
        missing=DEFAULT,
        validator=colander.Range(1, MOST),
        description="Results on a page.",
    )
    cursor = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Length(max=1000),
        description="Where to go on, from an earlier answer; instead of `page`.",
    )


def paginate(
    request: Request,
    rows: Select[Any],
    keys: Sequence[Any],
    render: Callable[[Any], Any],
    total: int,
    *,
    descending: bool = False,
) -> dict[str, Any]:
    """One page of ``rows``, ordered by ``keys``: columns among theirs that together are unique.

    ``render`` makes a row's JSON; ``total`` is the number of all rows.
    """
    page, size, cursor = (request.validated[name] for name in ("page", "page_size", "cursor"))
    if cursor is not None and "page" in request.GET:
        raise bad_field("cursor", "Send `page` or `cursor`, not both.")
    reachable = max(1, request.settings.page_depth // size)
    ordered = rows.order_by(*(key.desc() if descending else key for key in keys))
    if cursor is not None:
        page, place = None, tuple_(*keys)
        after = tuple_(
            *(literal(value, key.type) for value, key in zip(_open(request, cursor, keys), keys, strict=True))
        )
        ordered = ordered.where(place < after if descending else place > after)
    elif page > reachable:
        raise _too_deep(request, ordered, keys, reachable, size)
    else:
        ordered = ordered.offset((page - 1) * size)
    found = request.read.execute(ordered.limit(size + 1)).all()
    answer = {
        "page_size": size,
        "page_count": -(-total // size),
        "count": total,
        "next": None,
        "previous": address(request, page=page - 1) if page is not None and page > 1 else None,
        "results": [render(row) for row in found[:size]],
    }
    if len(found) > size:
        deeper = page is None or page >= reachable
        step = {"cursor": _seal(request, found[size - 1], keys)} if deeper else {"page": page + 1}
        answer["next"] = address(request, **step)
    return answer


def count(request: Request, rows: Select[Any]) -> int:
    return request.read.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _too_deep(
    request: Request, ordered: Select[Any], keys: Sequence[Any], reachable: int, size: int
) -> BadRequest:
    last = request.read.execute(ordered.offset(reachable * size - 1).limit(1)).one_or_none()
    if last is None:
        return bad_field("page", "There are not that many pages.")
    cursor = _seal(request, last, keys)
    return bad_field("page", f"Pages of {size} end at {reachable}; go on from there with cursor={cursor}")


def _seal(request: Request, row: Any, keys: Sequence[Any]) -> str:
    values = [getattr(row, key.key) for key in keys]
    plain = [value.hex() if isinstance(value, bytes) else value for value in values]
    return request.sealer.seal(orjson.dumps(plain)).decode()


def _open(request: Request, cursor: str, keys: Sequence[Any]) -> list[Any]:
    try:
        plain = orjson.loads(request.sealer.open(cursor.encode()))
        readers = [_READERS.get(key.type.python_type, key.type.python_type) for key in keys]
        return [read(value) for value, read in zip(plain, readers, strict=True)]
    except (ValueError, TypeError):
        raise bad_field("cursor", "This cursor is not one that an answer at this address gave you.") from None


def address(request: Request, **step: Any) -> str:
    """Where this list goes on: the same question with ``step`` in place of the page."""
    others: Sequence[tuple[str, str]] = [
        (name, value) for name, value in request.GET.items() if name not in ("page", "cursor", *step)
    ]
    # Without the prefix the application is mounted under, which public_url has already.
    path = quote(request.path_info, safe="/@+~")
    return f"{request.public_url}{path}/?{urlencode([*others, *step.items()])}"
