"""Versions: the list, the state of one's signature, and what validation found.

A version can be polled (`Retry-After`, `ETag`) or waited for: ``?wait=20`` holds the answer until the
version is signed, failed or dead, at most so long. Only some requests of a process may wait at a time
(`registry.long_poll_waiters`), so that waiting never takes the threads that serve everybody else;
the others are answered at once.
"""

import time
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry import hosts, models, pagination, representations
from registry.domain import management, visibility, yanking
from registry.domain.findings import finding_json, read_finding
from registry.errors import ApiError
from registry.models import Artifact, Channel, Validation, VersionState
from registry.models import Version as Row
from registry.permissions import Permission
from registry.resources import Version, Versions
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.hosts import HostSchema
from registry.schemas.versions import WaitSchema
from registry.validators import query

versions = ResourceService("versions", "/api/v4/extensions/{name}/versions/", Versions)
version = ResourceService("version", "/api/v4/extensions/{name}/versions/{version}/", Version)
validation = ResourceService(
    "validation", "/api/v4/extensions/{name}/versions/{version}/", Version, view="validation/"
)

LOOK_EVERY = 0.05  # seconds between two looks at a row that is waited for
# A younger version is worth asking after sooner: (age, pause), both in seconds.
PAUSES = ((10, 1), (60, 2), (300, 5))
LONGEST_PAUSE = 10

_ROWS = select(
    Row.__table__,
    Artifact.sha256,
    Artifact.size,
    Artifact.key_id,
    Artifact.serial,
    Artifact.created.label("signed_at"),
).outerjoin(Artifact, Artifact.version_id == Row.id)


@versions.get(permission=Permission.READ, validators=[query(pagination.PageSchema()), query(HostSchema())])
@answering(answers.page(answers.VERSION))
def list_versions(request: Request) -> dict[str, Any]:
    """The versions of an extension, newest first; those who publish it see the unsigned ones too."""
    node = request.context.__parent__
    private = node.permits(Permission.READ_PRIVATE)
    if not private:
        _open_to_strangers(node.row)
    request.keep_until_changed(node.row.id)
    rows = _ROWS.where(Row.extension_id == node.row.id, Row.deleted.is_(None))
    if not private:
        rows = rows.where(Row.state == VersionState.SIGNED, Row.channel == Channel.LISTED)
    fits = hosts.fitting(request)
    if fits is not None:
        rows = rows.where(Row.compatibility_id.in_(fits))

    def render(row: Any) -> dict[str, Any]:
        return representations.version(request, node.row, row)

    return pagination.paginate(
        request, rows, [Row.order_key, Row.id], render, pagination.count(request, rows), descending=True
    )


@version.get(permission=Permission.READ, validators=[query(WaitSchema()), query(HostSchema())])
@answering(answers.VERSION)
def show_version(request: Request) -> dict[str, Any]:
    """One version and the state of its signature; `latest` is the newest on offer."""
    node = request.context
    extension = node.__parent__.__parent__
    if not extension.permits(Permission.READ_PRIVATE):
        _open_to_strangers(extension.row)
    hosts.choose_latest(request, node)
    request.keep_until_changed(extension.row.id)
    if request.validated["wait"] and not VersionState(node.row.state).final:
        _wait(request, node, request.validated["wait"])
    if not VersionState(node.row.state).final:
        request.response.headers["Retry-After"] = str(retry_after(node.row))
        request.costs_nothing = True
    request.revision = f"{management.revision(node.row, yanking.COLUMNS)}."
    return representations.version(request, extension.row, node.row)


@validation.get(permission=Permission.READ_PRIVATE)
@answering(answers.VALIDATION)
def show_validation(request: Request) -> list[dict[str, Any]]:
    """What each validator found in the package; for those who publish it and for admins."""
    rows = request.read.execute(
        select(Validation.__table__)
        .where(Validation.sha256 == request.context.row.upload_sha256)
        .order_by(Validation.id)
    )
    return [
        {
            "tool": row.tool,
            "verdict": row.verdict,
            "findings": [finding_json(read_finding(finding)) for finding in row.findings],
            "created": representations.time(row.created),
        }
        for row in rows
    ]


def retry_after(row: Any) -> int:
    """After how many seconds to ask again."""
    age = (models.now() - row.created).total_seconds()
    return next((pause for limit, pause in PAUSES if age < limit), LONGEST_PAUSE)


def _open_to_strangers(extension: Any) -> None:
    if not visibility.detail_is_open(extension):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")


def _wait(request: Request, node: Version, seconds: int) -> None:
    waiters = request.registry["waiters"]
    if not waiters.acquire(blocking=False):
        return
    try:
        end = time.monotonic() + seconds
        while not VersionState(node.row.state).final and time.monotonic() < end:
            time.sleep(LOOK_EVERY)
            node.reload()
    finally:
        waiters.release()
