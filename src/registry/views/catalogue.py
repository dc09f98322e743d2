"""One extension in detail; lists of them are in `search`."""

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from sqlalchemy import Select, bindparam, func, literal, literal_column, select, type_coerce

from registry import representations
from registry.domain import editing, visibility
from registry.errors import bad_field
from registry.models import Detail as DetailRow
from registry.models import Extension as Row
from registry.models import Ownership, OwnershipRole, Prepared, Team, User, Verbatim, table
from registry.models import Version as VersionRow
from registry.packages.languages import language_tag
from registry.permissions import Permission
from registry.resources import Extension, Extensions
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.extensions import EditSchema
from registry.schemas.translations import ShownSchema
from registry.validators import json_body, query
from registry.views.reviews import newest
from registry.views.visibility import require_open

extensions = ResourceService("extensions", "/api/v4/extensions/", Extensions)
extension = ResourceService("extension", "/api/v4/extensions/{name}/", Extension)


# As it is in the statement, which need not be put together for each request then.
_SPACE: Any = literal_column("' '")
OWNERS = (
    select(func.aggregate_strings(func.coalesce(User.username, literal("team:") + Team.name), _SPACE))
    .select_from(Ownership)
    .outerjoin(User, User.id == Ownership.user_id)
    .outerjoin(Team, Team.id == Ownership.team_id)
    .where(
        Ownership.extension_id == Row.id,
        Ownership.role == OwnershipRole.OWNER,
        User.deleted.is_(None),
        Team.dissolved.is_(None),
    )
    .correlate(Row)
    .scalar_subquery()
)


def _select(*columns: Any) -> Select[Any]:
    """``columns``, and what of the newest version and of who owns the extension its detail shows."""
    return (
        select(
            *columns,
            VersionRow.version.label("latest_version"),
            VersionRow.requires_restart.label("latest_requires_restart"),
            VersionRow.api_range.label("latest_api_range"),
            VersionRow.api_min.label("latest_api_min"),
            VersionRow.api_max.label("latest_api_max"),
            OWNERS.label("owners"),
        )
        .select_from(Row)
        .outerjoin(VersionRow, VersionRow.id == Row.latest_id)
        .outerjoin(DetailRow, DetailRow.extension_id == Row.id)
    )


# What the node of the tree has not read yet.
_REST = _select(DetailRow.__table__).where(Row.id == bindparam("id"))
# Of all that, for strangers: without what they are not shown, and JSON as it is stored where nothing looks into it.
_NOT_SHOWN = {
    "skeleton",
    "listed",
    "ever_shown",
    "latest_id",
    "edited",
    "api_limit",
    "origin",
    "rating_score",
    "changed",
    "deleted",
    "extension_id",
}
_AS_STORED = {"languages", "changes", "permissions", "dependencies", "peer_dependencies"}
_FOR_STRANGERS = [
    type_coerce(column, Verbatim()).label(column.name) if column.name in _AS_STORED else column
    for column in (*table(Row).c, *table(DetailRow).c)
    if column.name not in _NOT_SHOWN
]
_WHOLE = Prepared(
    _select(*_FOR_STRANGERS, visibility.SHOWN.label("shown")).where(Row.name == bindparam("name"))
)


@extension.get(permission=Permission.READ, validators=[query(ShownSchema())])
@answering(answers.EXTENSION_DETAIL)
def show_extension(request: Request) -> dict[str, Any]:
    """One extension in detail."""
    node = request.context
    require_open(node)
    request.keep_until_changed(node.row.id)
    return detail(request, node.row)


@extension.for_strangers
def detail_for_strangers(request: Request, name: str) -> dict[str, Any] | None:
    """What ``show_extension`` answers to anybody, where that is a detail; read in one statement."""
    row = _WHOLE.one_or_none(request.read, name=name)
    if row is None or not row.shown or not visibility.detail_is_open(row):
        return None
    reviews = newest(request.read, row.id) if any(row.rating_counts) else ()
    request.revision = f"{editing.revision(row)}."
    request.keep_until_changed(row.id)
    return representations.detail(request.public_url, request.sealer, row, reviews, private=False)


@extension.patch(permission=Permission.EDIT, validators=[json_body(EditSchema()), query(ShownSchema())])
@answering(answers.EXTENSION_DETAIL)
def edit_extension(request: Request) -> dict[str, Any]:
    """Edit what owners may say of an extension: texts, links, tags; null takes an edit back."""
    node, validated = request.context, request.validated
    changes = {
        field.name: validated[field.name] for field in EditSchema().children if field.name in validated
    }
    wanted = editing.Edit(changes, _written_language(validated["lang"]), request.settings.disallowed_words)
    request.database.write(
        editing.edit, node.row.id, request.identity.id, wanted, editing.rendered(wanted), _expected(request)
    )
    return detail(request, request.root["api"]["v4"]["extensions"][node.row.name].row)


def _written_language(lang: str | None) -> str | None:
    tag = lang and language_tag(lang)
    if lang and tag is None:
        raise bad_field(
            "lang", "Texts can be written in plain languages only, such as pt-BR.", "BAD_LANGUAGE"
        )
    return tag


def _expected(request: Request) -> set[str] | None:
    """The revisions that `If-Match` admits, see ``rendering``; None for any."""
    if request.headers.get("If-Match", "*").strip() == "*":
        return None
    return {etag.partition(".")[0] for etag in request.if_match.etags}


def detail(request: Request, row: Any) -> dict[str, Any]:
    """The detail of an extension; ``row`` has its columns."""
    request.revision = f"{editing.revision(row)}."
    rest = request.read.execute(_REST, {"id": row.id}).one()
    reviews = newest(request.read, row.id) if any(row.rating_counts) else ()
    whole = SimpleNamespace(**row._mapping, **rest._mapping)
    return representations.extension_detail(request, whole, reviews)
