"""Browse: the extensions on offer, and one in detail."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import pagination, representations
from registry.catalogue import presentation
from registry.domain import tallies, visibility
from registry.errors import ApiError
from registry.models import Extension as Row
from registry.models import Version as VersionRow
from registry.permissions import Permission
from registry.resources import Extension, Extensions
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.translations import ShownSchema
from registry.validators import query

extensions = ResourceService("extensions", "/api/v4/extensions/", Extensions)
extension = ResourceService("extension", "/api/v4/extensions/{name}/", Extension)


class PageSchema(pagination.PageSchema, ShownSchema):
    pass


_ROWS = select(
    Row.__table__,
    VersionRow.version.label("latest_version"),
    VersionRow.requires_restart.label("latest_requires_restart"),
).outerjoin(VersionRow, VersionRow.id == Row.latest_id)
_ROW = _ROWS.add_columns(VersionRow.facts.label("latest_facts")).where(Row.id == bindparam("id"))
_OFFERED = _ROWS.where(Row.listed)


@extensions.get(permission=Permission.READ, validators=[query(PageSchema())])
@answering(answers.page(answers.EXTENSION))
def list_extensions(request: Request) -> dict[str, Any]:
    """All extensions on offer, by name."""

    def render(row: Any) -> dict[str, Any]:
        return representations.shown(request, presentation.extension(request.public_url, row))

    request.keep_until_changed()
    total = tallies.value(request.read, tallies.LISTED)
    return pagination.paginate(request, _OFFERED, [Row.name], render, total)


@extension.get(permission=Permission.READ, validators=[query(ShownSchema())])
@answering(answers.EXTENSION_DETAIL)
def show_extension(request: Request) -> dict[str, Any]:
    """One extension in detail."""
    node = request.context
    if not visibility.detail_is_open(node.row) and not node.permits(Permission.READ_PRIVATE):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
    request.keep_until_changed(node.row.id)
    row = request.read.execute(_ROW, {"id": node.row.id}).one()
    return representations.shown(request, representations.extension_detail(request, row))
