"""Reports of abuse: users file them, the registry's team decides. Nobody else knows of them, nor who filed them."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import Select, bindparam, select

from registry import pagination
from registry.domain import reports as rules
from registry.errors import ApiError, bad_field
from registry.models import (
    Appeal,
    AppealState,
    Extension,
    Report,
    ReportEvidence,
    Version,
    VersionState,
    table,
)
from registry.permissions import Permission
from registry.representations import time
from registry.resources import reports as nodes
from registry.resources.reports import REPORTS
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.reports import ANY, REPORT, DecisionSchema, ReportSchema, ReportsSchema
from registry.urls import API
from registry.urls import report as report_url
from registry.validators import json_body, query

_REPORTS = f"{API}/extensions/{{name}}/reports/"
_REPORT = f"{_REPORTS}{{id}}/"
reports = ResourceService("reports", _REPORTS, nodes.Reports)
report = ResourceService("report", _REPORT, nodes.Report)
claim = ResourceService("report_claim", f"{_REPORT}claim/", nodes.Claim)
decision = ResourceService("report_decision", f"{_REPORT}decision/", nodes.Decision)
queue = ResourceService("report_queue", f"{API}/reports/", nodes.ReportQueue)

# Counting goes no further, so that nobody waits for a number that says "many".
MOST_COUNTED = 10_000
_VERSION = select(Version.id).where(
    Version.extension_id == bindparam("extension_id"),
    Version.version == bindparam("version"),
    # Its owners may have deleted it since: whoever has it still may say so.
    Version.state == VersionState.SIGNED,
)
_EVIDENCE = (
    select(ReportEvidence.__table__, Version.version)
    .outerjoin(Version, Version.id == ReportEvidence.version_id)
    .where(ReportEvidence.report_id.in_(bindparam("reports", expanding=True)))
    .order_by(ReportEvidence.id)
)
_APPEALED = (
    select(Appeal.id)
    .where(Appeal.extension_id == Report.extension_id, Appeal.state == AppealState.OPEN)
    .exists()
)


@reports.post(permission=Permission.REPORT, validators=[json_body(ReportSchema())])
@answering(REPORT, 201)
def file_report(request: Request) -> dict[str, Any]:
    """Report an extension; what one adds to one's open report is evidence (200 then)."""
    row, wanted = request.context.__parent__.row, request.validated
    version_id = _version(request, row.id, wanted["version"])
    settings = request.settings
    team = rules.Team(settings.report_mail, request.public_url) if settings.report_mail else None
    filed = request.database.write(
        lambda session: rules.file_report(
            session,
            row.id,
            request.identity.id,
            wanted["reason"],
            wanted["comment"],
            version_id=version_id,
            threshold=settings.report_threshold,
            team=team,
        )
    )
    shown = _shown(request, request.read.execute(REPORTS.where(Report.id == filed.id)).all())[0]
    request.response.status_int, request.response.location = 201 if filed.created else 200, shown["url"]
    return shown


@report.get(permission=Permission.READ_REPORT)
@answering(REPORT)
def show_report(request: Request) -> dict[str, Any]:
    """One report, for its reporter and for admins."""
    return _shown(request, [request.context.row])[0]


@queue.get(
    permission=Permission.MODERATE, validators=[query(pagination.PageSchema()), query(ReportsSchema())]
)
@answering(page(REPORT))
def list_reports(request: Request) -> dict[str, Any]:
    """The reports, the oldest first; what every filter says must hold. Without `state` those that are open."""
    rows = _filtered(request)

    def keep(row: Any) -> Any:
        return row

    total = pagination.count(request, rows.with_only_columns(Report.id).limit(MOST_COUNTED))
    answer = pagination.paginate(request, rows, [table(Report).c.id], keep, total)
    return answer | {"results": _shown(request, answer["results"])}


@claim.put(permission=Permission.MODERATE)
@answering(REPORT)
def claim_report(request: Request) -> dict[str, Any]:
    """Look into a report, so that no other admin does."""
    request.database.write(rules.claim, request.context.__parent__.row.id, request.identity.id)
    return _fresh(request)


@claim.delete(permission=Permission.MODERATE)
def release_report(request: Request) -> None:
    """Leave it to others."""
    if not request.database.write(rules.release, request.context.__parent__.row.id, request.identity.id):
        raise ApiError(404, "Nobody has claimed this report.", "ERROR_NOT_FOUND")
    request.response.status_int = 204


@decision.put(permission=Permission.MODERATE, validators=[json_body(DecisionSchema())])
@answering(REPORT)
def decide_report(request: Request) -> dict[str, Any]:
    """Dismiss a report, or uphold it, which disables the extension; with `all`, all that are open."""
    number, wanted = request.context.__parent__.row.id, request.validated
    request.database.write(
        lambda session: rules.decide(
            session,
            number,
            request.identity.id,
            uphold=wanted["decision"] == "uphold",
            reason=wanted["reason"],
            together=wanted["all"],
        )
    )
    return _fresh(request)


def _version(request: Request, extension_id: int, number: str | None) -> int | None:
    if number is None:
        return None
    wanted = {"extension_id": extension_id, "version": number}
    found: int | None = request.read.scalar(_VERSION, wanted)
    if found is None:
        raise bad_field("version", f"There is no version {number}.", "NO_VERSION")
    return found


def _filtered(request: Request) -> Select[Any]:
    wanted, rows = request.validated, REPORTS
    if wanted["state"] != ANY:
        rows = rows.where(Report.state == wanted["state"])
    if wanted["reason"]:
        rows = rows.where(Report.reason == wanted["reason"])
    if wanted["extension"]:
        named = select(Extension.id).where(Extension.name == wanted["extension"]).scalar_subquery()
        rows = rows.where(Report.extension_id == named)
    if wanted["claimed"] == "me":
        rows = rows.where(Report.claimed_by == request.identity.id)
    elif wanted["claimed"]:
        free = Report.claimed_by.is_(None)
        rows = rows.where(free if wanted["claimed"] == "false" else ~free)
    if wanted["appeal"]:
        rows = rows.where(_APPEALED if wanted["appeal"] == "true" else ~_APPEALED)
    return rows


def _fresh(request: Request) -> dict[str, Any]:
    node = request.context.__parent__
    node.reload()
    return _shown(request, [node.row])[0]


def _shown(request: Request, rows: list[Any]) -> list[dict[str, Any]]:
    """With what was added to each; who of the team did what is shown to admins."""
    evidence: dict[int, list[dict[str, Any]]] = {row.id: [] for row in rows}
    if rows:
        for added in request.read.execute(_EVIDENCE, {"reports": list(evidence)}):
            evidence[added.report_id].append(_said(added))
    admin = request.has_permission(Permission.MODERATE, request.context)
    return [
        {
            "id": row.id,
            "extension": row.extension,
            "extension_state": row.extension_state,
            "reporter": row.reporter,
            **_said(row),
            "context": row.context,
            "evidence": evidence[row.id],
            "state": row.state,
            "claimed": time(row.claimed),
            "claimed_by": row.claimant if admin else None,
            "decided": time(row.decided),
            "decided_by": row.judge if admin else None,
            "answer": row.answer,
            "url": report_url(request.public_url, row.extension, row.id),
        }
        for row in rows
    ]


def _said(row: Any) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "comment": row.comment,
        "version": row.version,
        "created": time(row.created),
    }
