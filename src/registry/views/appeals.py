"""Appeals: what owners say against a decision on their extension, and what the registry's team says to it."""

from typing import Any

from pyramid.request import Request

from registry import pagination
from registry.domain import appeals as rules
from registry.models import Appeal, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import reports as nodes
from registry.resources.reports import APPEALS
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.reports import ANY, APPEAL, AppealDecisionSchema, AppealSchema, AppealsSchema
from registry.urls import API
from registry.urls import appeal as appeal_url
from registry.validators import json_body, query

_APPEALS = f"{API}/extensions/{{name}}/appeals/"
appeals = ResourceService("appeals", _APPEALS, nodes.Appeals)
appeal = ResourceService("appeal", f"{_APPEALS}{{id}}/", nodes.Appeal)
decision = ResourceService("appeal_decision", f"{_APPEALS}{{id}}/decision/", nodes.AppealDecision)
queue = ResourceService("appeal_queue", f"{API}/appeals/", nodes.AppealQueue)

# Counting goes no further, so that nobody waits for a number that says "many".
MOST_COUNTED = 10_000


@appeals.post(permission=Permission.APPEAL, validators=[json_body(AppealSchema())])
@answering(APPEAL, 201)
def file_appeal(request: Request) -> dict[str, Any]:
    """Appeal against what the team has decided on one's extension: once for each decision."""
    extension_id, comment = request.context.__parent__.row.id, request.validated["comment"]
    number = request.database.write(rules.appeal, extension_id, request.identity.id, comment)
    shown = _shown(request, request.read.execute(APPEALS.where(Appeal.id == number)).one())
    request.response.status_int, request.response.location = 201, shown["url"]
    return shown


@appeals.get(permission=Permission.READ_APPEAL, validators=[query(pagination.PageSchema())])
@answering(page(APPEAL))
def list_appeals(request: Request) -> dict[str, Any]:
    """The appeals of an extension, the newest first; for its owners and admins."""
    rows = APPEALS.where(Appeal.extension_id == request.context.__parent__.row.id)
    return _page(request, rows, descending=True)


@appeal.get(permission=Permission.READ_APPEAL)
@answering(APPEAL)
def show_appeal(request: Request) -> dict[str, Any]:
    """One appeal."""
    return _shown(request, request.context.row)


@queue.get(
    permission=Permission.MODERATE, validators=[query(pagination.PageSchema()), query(AppealsSchema())]
)
@answering(page(APPEAL))
def list_all_appeals(request: Request) -> dict[str, Any]:
    """The appeals that wait for a decision, the oldest first; with `state` others."""
    state = request.validated["state"]
    return _page(request, APPEALS if state == ANY else APPEALS.where(Appeal.state == state))


@decision.put(permission=Permission.MODERATE, validators=[json_body(AppealDecisionSchema())])
@answering(APPEAL)
def decide_appeal(request: Request) -> dict[str, Any]:
    """Grant an appeal, which brings the extension back, or refuse it."""
    node, wanted = request.context.__parent__, request.validated
    grant = wanted["decision"] == "grant"
    request.database.write(
        lambda session: rules.decide(
            session, node.row.id, request.identity.id, grant=grant, reason=wanted["reason"]
        )
    )
    node.reload()
    return _shown(request, node.row)


def _page(request: Request, rows: Any, *, descending: bool = False) -> dict[str, Any]:
    def render(row: Any) -> dict[str, Any]:
        return _shown(request, row)

    total = pagination.count(request, rows.with_only_columns(Appeal.id).limit(MOST_COUNTED))
    return pagination.paginate(request, rows, [table(Appeal).c.id], render, total, descending=descending)


def _shown(request: Request, row: Any) -> dict[str, Any]:
    admin = request.has_permission(Permission.MODERATE, request.context)
    return {
        "id": row.id,
        "extension": row.extension,
        "extension_state": row.extension_state,
        "user": row.username,
        "comment": row.comment,
        "created": time(row.created),
        "state": row.state,
        "decided": time(row.decided),
        "decided_by": row.judge if admin else None,
        "answer": row.answer,
        "url": appeal_url(request.public_url, row.extension, row.id),
    }
