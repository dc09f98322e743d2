"""Test runs: made for a version, followed while they go on, and called off.

Who makes a run gets a token for its runner, which reports by `events/` and `results/` here or by the calls that
RefStack's runners have made since 2014 (``dialects.refstack``); both are the same.
"""

from operator import attrgetter
from typing import Any, NamedTuple

from pyramid.request import Request
from sqlalchemy import Select, select

from registry import pagination, urls
from registry.domain import test_plans, test_runs
from registry.errors import ApiError, bad_field
from registry.models import OPEN, TestRun, TestUpload, table
from registry.models.test_runs import ENVIRONMENT
from registry.permissions import Permission
from registry.representations import time
from registry.resources import test_runs as nodes
from registry.resources.test_runs import LISTED
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.test_runs import (
    NEW_RUN,
    RUN,
    RUN_DETAIL,
    NewRunSchema,
    RunsSchema,
)
from registry.urls import API
from registry.validators import json_body, query
from registry.views.visibility import require_open

RUNS_PATH = f"{API}/extensions/{{name}}/versions/{{version}}/test-runs/"
RUN_PATH = f"{RUNS_PATH}{{run}}/"
LOOSE_PATH = f"{API}/test-runs/{{run}}/"
runs = ResourceService("test_runs", RUNS_PATH, nodes.TestRuns)
run = ResourceService("test_run", RUN_PATH, nodes.TestRun)
loose = ResourceService("loose_test_run", LOOSE_PATH, nodes.LooseRun)


# Counting goes no further, so that nobody waits for a number that says "many".
MOST_COUNTED = 10_000
_ENV, _COUNTS = attrgetter(*ENVIRONMENT), attrgetter(*test_runs.COUNTS)
_FILE = [column for column in table(TestUpload).c if column.name != "content"]
_DUE = select(TestRun.id).where(TestRun.finished.is_(None))


class Place(NamedTuple):
    """Which version runs are of, and the address of its runs."""

    extension: str | None
    version: str | None
    url: str


@runs.get(permission=Permission.READ, validators=[query(pagination.PageSchema()), query(RunsSchema())])
@answering(page(RUN))
def list_runs(request: Request) -> dict[str, Any]:
    """The test runs of a version, newest first; what every filter says must hold."""
    version = request.context.__parent__
    open_to(version)
    keep_a_moment(request, version.row.extension_id)
    _end_due_of(request, version.row.id)
    rows = _filtered(LISTED.where(TestRun.version_id == version.row.id), request.validated)

    place = _place(request, version)

    def render(row: Any) -> dict[str, Any]:
        return _shown(place, row, row.creator)

    total = pagination.count(request, rows.with_only_columns(TestRun.id).limit(MOST_COUNTED))
    return pagination.paginate(request, rows, [table(TestRun).c.id], render, total, descending=True)


@runs.post(permission=Permission.RUN_TESTS, validators=[json_body(NewRunSchema())])
@answering(NEW_RUN, 201)
def create_run(request: Request) -> dict[str, Any]:
    """Have a version tested: the answer has the token for whoever runs the tests, once."""
    node, wanted = request.context, request.validated
    version = node.__parent__
    open_to(version)
    if wanted["tokenless"] and not request.settings.tokenless_runs:
        raise bad_field("tokenless", "This registry takes no reports without a token.", "TOKEN_REQUIRED")
    plan = test_plans.Plan(
        **target(version),
        created_by=request.identity.id,
        env=wanted["env"],
        runner_label=wanted["runner"],
        silence=wanted["silence_seconds"],
        most=wanted["total_seconds"],
        tokenless=wanted["tokenless"],
        retry_of=wanted["retry_of"],
        tests=wanted["tests"],
        extra=wanted["extra"],
    )
    created = request.database.write(test_plans.create, plan, request.settings.runners)
    answer = _detail(request, node[str(created.run_id)])
    request.response.status_int, request.response.location = 201, answer["url"]
    request.response.headers["Cache-Control"] = "no-store"
    return answer | {"token": created.token}


@run.get(permission=Permission.READ)
@loose.get(permission=Permission.READ)
@answering(RUN_DETAIL)
def show_run(request: Request) -> dict[str, Any]:
    """One run: how far it is, or what it came to."""
    settle(request, request.context)
    keep_a_moment(request, request.context.row.extension_id)
    return _detail(request, request.context)


@run.delete(permission=Permission.CANCEL_RUN)
def end_run(request: Request) -> None:
    """Call a run off; or take one's own back that has ended: it stays to be read and counts for nothing."""
    node = request.context
    settle(request, node)
    if node.row.state in OPEN:
        request.database.write(test_runs.cancel, node.row.id, request.identity.id)
    elif node.row.created_by == request.identity.id or request.identity.is_admin:
        request.database.write(test_runs.withdraw, node.row.id, request.identity.id)
    else:
        raise ApiError(409, "This run has ended; who made it may take it back.", "RUN_CLOSED")
    request.response.status_int = 204


def target(version: Any) -> dict[str, Any]:
    """What a run of that version is bound to: its served file. Raises ApiError where there is none."""
    row = version.row
    if row.sha256 is None:
        raise ApiError(409, "This version has no signed file that could be tested.", "NOT_SIGNED_YET")
    return {"extension_id": row.extension_id, "version_id": row.id, "package_sha256": row.sha256}


def open_to(version: Any) -> None:
    """What a version shows is shown to whom its extension is shown."""
    require_open(version.__parent__.__parent__)


def settle(request: Request, node: nodes.AnyRun) -> None:
    """The run as it is now, by the clock; 404 where its version is not shown."""
    version = version_of(node)
    if version is not None:
        open_to(version)
    if test_runs.is_due(node.row) and request.database.write(test_runs.end_due, node.row.id):
        node.reload()


def keep_a_moment(request: Request, extension_id: int | None) -> None:
    """Reports are no changes of the extension: what they change is kept no longer than changes may go unseen."""
    request.keep_until_changed(extension_id, seconds=request.settings.look_every)


def version_of(node: nodes.AnyRun) -> Any:
    """The node of the version that was tested; None where it is not known."""
    above: Any = node.__parent__
    return None if isinstance(node, nodes.LooseRun) else above.__parent__


def shown(request: Request, node: nodes.AnyRun) -> dict[str, Any]:
    """A run as JSON."""
    return _shown(_place(request, version_of(node)), node.row, node.creator)


def _place(request: Request, version: Any) -> Place:
    if version is None:
        return Place(None, None, urls.test_runs(request.public_url, None, None))
    name, number = version.__parent__.__parent__.row.name, version.row.version
    return Place(name, number, urls.test_runs(request.public_url, name, number))


def _shown(place: Place, row: Any, creator: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "uuid": row.uuid,
        "extension": place.extension,
        "version": place.version,
        "package_sha256": row.package_sha256,
        "state": row.state,
        "outcome": row.outcome,
        "reason": row.reason,
        "env": dict(zip(ENVIRONMENT, _ENV(row), strict=True)),
        "source": row.source,
        "tokenless": row.tokenless,
        "runner": row.runner_label,
        "created_by": creator,
        "created": time(row.created),
        "started": time(row.started),
        "last_seen": time(row.last_seen),
        "deadline": time(row.deadline) if row.finished is None else None,
        "finished": time(row.finished),
        "counts": dict(zip(test_runs.COUNTS, _COUNTS(row), strict=True)),
        "duration": row.duration,
        "truncated": row.truncated,
        "late": row.late,
        "withdrawn": time(row.withdrawn),
        "attempt": row.attempt,
        "retry_of": row.retry_of,
        "url": f"{place.url}{row.id}/",
    }


def _detail(request: Request, node: nodes.AnyRun) -> dict[str, Any]:
    files = select(*_FILE).where(TestUpload.run_id == node.row.id).order_by(TestUpload.id)
    return {
        **shown(request, node),
        "tests": node.row.tests,
        "raw": [
            {
                "sha256": file.sha256,
                "size": file.size,
                "format": file.format,
                "producer": file.producer,
                "state": file.state,
                "error": file.error,
                "created": time(file.created),
            }
            for file in request.read.execute(files)
        ],
    }


def address(request: Request, node: nodes.AnyRun) -> str:
    return f"{_place(request, version_of(node)).url}{node.row.id}/"


def _filtered(rows: Select[Any], wanted: dict[str, Any]) -> Select[Any]:
    for name in ("state", "outcome", "source", "arch"):
        if wanted[name]:
            rows = rows.where(getattr(TestRun, name) == wanted[name])
    for name in ("host_app", "host_version", "os"):
        if wanted[name]:
            rows = rows.where(getattr(TestRun, name) == wanted[name].lower())
    return rows


def _end_due_of(request: Request, version_id: int) -> None:
    due = _DUE.where(TestRun.version_id == version_id, TestRun.deadline <= test_runs.now())
    if request.read.scalar(due.limit(1)) is not None:
        request.database.write(test_runs.end_due, None, version_id)
