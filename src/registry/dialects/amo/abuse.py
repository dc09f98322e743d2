"""Reports of abuse in v5 of Mozilla's API: /api/v5/abuse/report/addon/

With an account it is a report like any other. Without one it hides nothing, however many there are: it waits for the
registry's team. A guid that is not known here is written down for the team, since Firefox lets people report whatever
they have installed.
"""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import urls
from registry.domain import reports as rules
from registry.models import Version, VersionState
from registry.permissions import Permission
from registry.resources import Abuse
from registry.rest import ResourceService, answering
from registry.schemas.ratings import ABUSE, CONTEXT, OTHER, REASONS
from registry.validators import json_body

report = ResourceService(
    "amo_abuse_report", "/api/v5/abuse/report/addon/", Abuse, traverse=f"{urls.API}/abuse"
)

_VERSION = select(Version.id).where(
    Version.extension_id == bindparam("extension_id"),
    Version.version == bindparam("version"),
    # Its owners may have deleted it since: whoever has it still may say so.
    Version.state == VersionState.SIGNED,
)


@report.post(permission=Permission.REPORT_ABUSE, validators=[json_body(ABUSE)])
@answering({"type": "object"}, 201)
def report_addon(request: Request) -> dict[str, Any]:
    """Report an add-on, with an account or without one."""
    identity, wanted = request.identity, request.validated
    may = request.has_permission(Permission.REPORT, request.root)
    if identity is not None and not may:
        raise HTTPForbidden(result=may)
    found = request.root["api"]["v4"]["webextensions"].find(wanted["addon"])
    extension = None if found is None else found.row
    reason = REASONS.get(wanted["reason"] or "", OTHER)
    if extension is None:
        request.database.write(rules.file_elsewhere, wanted["addon"], reason, wanted["message"])
    else:
        _file(request, extension.id, reason)
    request.response.status_int = 201
    return {
        "addon": {
            "guid": extension.guid if extension else wanted["addon"],
            "id": extension and extension.id,
            "slug": extension and extension.name,
        },
        "message": wanted["message"],
        "reason": wanted["reason"],
        **{name: wanted[name] for name in CONTEXT},
        "reporter": identity
        and {
            "id": identity.id,
            "name": identity.username,
            "url": f"{request.public_url}{urls.API}/users/{identity.username}/",
            "username": identity.username,
        },
    }


def _file(request: Request, extension_id: int, reason: str) -> None:
    wanted, settings, identity = request.validated, request.settings, request.identity
    version_id = None
    if wanted["addon_version"] is not None:
        which = {"extension_id": extension_id, "version": wanted["addon_version"]}
        version_id = request.read.scalar(_VERSION, which)
    context = {name: wanted[name] for name in ("reason", *CONTEXT) if wanted[name] is not None}
    team = rules.Team(settings.report_mail, request.public_url) if settings.report_mail else None
    request.database.write(
        lambda session: rules.file_report(
            session,
            extension_id,
            None if identity is None else identity.id,
            reason,
            wanted["message"],
            version_id=version_id,
            context=context or None,
            threshold=settings.report_threshold,
            team=team,
        )
    )
