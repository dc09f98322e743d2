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
from sqlalchemy import Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.sql import operators

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

    A key may be a column's ``desc()``; ``descending`` turns all of them. ``render`` makes a row's JSON; ``total``
    is the number of all rows.
    """
    page, size, cursor = (request.validated[name] for name in ("page", "page_size", "cursor"))
    if cursor is not None and "page" in request.GET:
        raise bad_field("cursor", "Send `page` or `cursor`, not both.")
    reachable = max(1, request.settings.page_depth // size)
    down = [descending or _is_descending(key) for key in keys]
    keys = [key.element if _is_descending(key) else key for key in keys]
    ordered = rows.order_by(*(key.desc() if falls else key for key, falls in zip(keys, down, strict=True)))
    if cursor is not None:
        page = None
        ordered = ordered.where(_after(keys, _open(request, cursor, keys), down))
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


def paginate_ids(
    request: Request, ids: Sequence[int], load: Callable[[Sequence[int]], list[Any]]
) -> dict[str, Any]:
    """One page of rows whose order is that of ``ids``; ``load`` makes the JSON of some of them."""
    page, size, cursor = (request.validated[name] for name in ("page", "page_size", "cursor"))
    if cursor is not None:
        raise bad_field("cursor", "Results by relevance have no cursor; their pages all have numbers.")
    total = len(ids)
    # What is found is reached by number to its end, since there is no other way.
    if page > max(1, request.settings.page_depth // size, -(-total // size)):
        raise bad_field("page", "There are not that many pages.")
    return {
        "page_size": size,
        "page_count": -(-total // size),
        "count": total,
        "next": address(request, page=page + 1) if page * size < total else None,
        "previous": address(request, page=page - 1) if page > 1 else None,
        "results": load(ids[(page - 1) * size : page * size]),
    }


def count(request: Request, rows: Select[Any]) -> int:
    return request.read.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _is_descending(key: Any) -> bool:
    return getattr(key, "modifier", None) is operators.desc_op


def _after(keys: Sequence[Any], values: Sequence[Any], down: Sequence[bool]) -> Any:
    """SQL: the row comes after the one with these values."""
    known = [literal(value, key.type) for value, key in zip(values, keys, strict=True)]
    if len(set(down)) == 1:
        # One comparison, which an index answers.
        return tuple_(*keys) < tuple_(*known) if down[0] else tuple_(*keys) > tuple_(*known)
    beyond = [
        key < value if falls else key > value for key, value, falls in zip(keys, known, down, strict=True)
    ]
    same = [key == value for key, value in zip(keys, known, strict=True)]
    return or_(*(and_(*same[:place], beyond[place]) for place in range(len(keys))))


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
