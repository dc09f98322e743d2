"""Lists as Mozilla's API pages them: a size out of bounds is brought within them, a page that is not there is 404."""

from collections.abc import Callable
from typing import Any

import colander
from pyramid.request import Request
from sqlalchemy import Select

from registry import pagination
from registry.errors import ApiError


class _Size(colander.SchemaType):
    """From 1 to the most there may be; what is no such number is the usual size."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": pagination.MOST}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or not _is_number(cstruct) or int(cstruct) == 0:
            return colander.null
        return min(int(cstruct), pagination.MOST)


class _Page(colander.SchemaType):
    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not _is_number(cstruct) or int(cstruct) == 0:
            raise no_such_page()
        return int(cstruct)


class PageSchema(colander.MappingSchema):
    page = colander.SchemaNode(_Page(), missing=1, description="Number of the page, from 1.")
    page_size = colander.SchemaNode(_Size(), missing=pagination.DEFAULT, description="Results on a page.")
    cursor = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Length(max=1000),
        description="Where to go on, from an earlier answer; instead of `page`.",
    )


def paginate(
    request: Request, rows: Select[Any], keys: list[Any], render: Callable[[Any], Any]
) -> dict[str, Any]:
    """One page of ``rows``, the highest ``keys`` first."""
    total = pagination.count(request, rows)
    page, size = request.validated["page"], request.validated["page_size"]
    if page > 1 and (page - 1) * size >= total:
        raise no_such_page()
    return pagination.paginate(request, rows, keys, render, total, descending=True)


def no_such_page() -> ApiError:
    return ApiError(404, "There is no such page.", "ERROR_NOT_FOUND")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
