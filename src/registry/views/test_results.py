"""Results of test runs: sent as a file of any format, read one by one, and as they came."""

import contextlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select, text

from registry import pagination
from registry.domain import test_attachments, test_runs, test_uploads
from registry.domain.test_uploads import File
from registry.errors import ApiError
from registry.models import TestName, TestResult, TestUpload, table
from registry.permissions import Permission
from registry.receiving_results import Message, receive_results
from registry.representations import time
from registry.resources import test_runs as nodes
from registry.resources.test_runs import RESULTS
from registry.rest import ResourceService, answering, with_files
from registry.results import DEFAULT_LIMITS, Fault, Format, Limits, Results, Status, read_results, sniff
from registry.results.sources import GZIP
from registry.schemas.answers import page
from registry.schemas.test_reports import FinalSchema
from registry.schemas.test_runs import RESULT, RESULT_DETAIL, RUN, RawSchema, ResultsSchema
from registry.storage import Draft
from registry.validators import deserialize, query
from registry.views.downloads import row_response
from registry.views.test_attachments import attachments
from registry.views.test_runs import LOOSE_PATH, RUN_PATH, address, keep_a_moment, settle, shown

results = ResourceService("test_run_results", f"{RUN_PATH}results/", nodes.TestRunResults)
result = ResourceService("test_run_result", f"{RUN_PATH}results/{{result}}/", nodes.TestRunResult)
loose_results = ResourceService("loose_test_run_results", f"{LOOSE_PATH}results/", nodes.LooseResults)
loose_result = ResourceService("loose_test_run_result", f"{LOOSE_PATH}results/{{result}}/", nodes.LooseResult)
raw = ResourceService("test_run_raw", RUN_PATH, nodes.TestRun, view="raw/", media_type=None)

# What is larger is read by a worker.
AT_ONCE_BYTES = 4 * 1024 * 1024
# Results that are made before they are stored.
FEW = 1000
# Of these, any number of packets or lines from the beginning on can be read.
STREAMS = (Format.SUBUNIT_V2, Format.SUBUNIT_V1, Format.TAP)
# What programs call such files.
RAW_TYPES = (
    "",
    "application/octet-stream",
    "application/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/xml",
)


# Literally as the index of these has it.
_TROUBLE = text(f"test_result.status <> '{Status.PASSED}'")


@results.get(permission=Permission.READ, validators=[query(pagination.PageSchema()), query(ResultsSchema())])
@loose_results.get(
    permission=Permission.READ, validators=[query(pagination.PageSchema()), query(ResultsSchema())]
)
@answering(page(RESULT))
def list_results(request: Request) -> dict[str, Any]:
    """What came of each test."""
    node, wanted = request.context.__parent__, request.validated
    settle(request, node)
    keep_a_moment(request, node.row.extension_id)
    rows = RESULTS.where(TestResult.run_id == node.row.id)
    total = sum(getattr(node.row, status) for status in test_runs.COUNTS)
    if wanted["status"]:
        rows = rows.where(TestResult.status == wanted["status"])
        if wanted["status"] != Status.PASSED:
            rows = rows.where(_TROUBLE)
        total = getattr(node.row, wanted["status"])
    if wanted["q"]:
        rows = rows.where(TestName.name.icontains(wanted["q"], autoescape=True))
        total = pagination.count(request, rows.with_only_columns(TestResult.name_id))
    above = _url(request, node)

    def render(row: Any) -> dict[str, Any]:
        return _result(above, row)

    return pagination.paginate(request, rows, [table(TestResult).c.name_id], render, total)


@results.post(permission=Permission.REPORT_RUN)
@answering(RUN, 201)
@with_files(taken=RAW_TYPES)
def send_results(request: Request) -> dict[str, Any]:
    """Send the results of a run: subunit, JUnit XML, CTRF, TAP or JSON. The last file ends the run."""
    node = request.context.__parent__
    with receive_results(request) as (draft, fields):
        waits = take(request, node, draft, is_final(request, fields))
    answer = shown(request, node)
    request.response.status_int, request.response.location = 202 if waits else 201, answer["url"]
    return answer


@result.get(permission=Permission.READ)
@loose_result.get(permission=Permission.READ)
@answering(RESULT_DETAIL)
def show_result(request: Request) -> dict[str, Any]:
    """What came of one test, with all that it said."""
    node = request.context.__parent__.__parent__
    settle(request, node)
    row, above = request.context.row, _url(request, node)
    return {
        **_result(above, row),
        "detail": row.detail,
        "detail_cut": bool(row.cut),
        "attachments": attachments(request, f"{above}{row.name_id}/", row),
    }


@raw.get(permission=Permission.READ_OUTPUT, validators=[query(RawSchema())])
@with_files(given=("application/octet-stream",))
def show_raw(request: Request) -> Response:
    """The results as they were sent, for who made the run and for the extension's own people."""
    node = request.context
    settle(request, node)
    files = select(TestUpload.sha256, TestUpload.size, TestUpload.content).where(
        TestUpload.run_id == node.row.id
    )
    if request.validated["sha256"]:
        files = files.where(TestUpload.sha256 == request.validated["sha256"])
    row = request.read.execute(files.order_by(TestUpload.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise ApiError(404, "There are no such results.", "ERROR_NOT_FOUND")
    return row_response(request, row, f"test-run-{node.row.id}.results")


def take(request: Request, node: nodes.AnyRun, draft: Draft, final: bool) -> bool:
    """Take the results of a run; ``node`` is as they leave it. Whether a worker has to read them first.

    Raises Fault for what is none, Conflict for a run that takes none any more.
    """
    settle(request, node)
    run_id, job_id = node.row.id, None
    try:
        if _takes_long(draft):
            file = File(sha256=draft.sha256, size=draft.size, format=_begins_well(draft), final=final)
            request.storage.keep(draft.path, draft.sha256)
            job_id = request.database.write(test_uploads.queue_up, run_id, file)
            node.reload()
        else:
            with kept(request, draft, final, DEFAULT_LIMITS) as (file, found):
                node.row = request.database.write(test_uploads.store, run_id, file, found)
    except Fault as fault:
        request.database.write(test_uploads.reject, run_id, str(fault))
        raise
    if job_id is not None:
        request.registry["alarm"].hint(job_id)
    return job_id is not None


def _takes_long(draft: Draft) -> bool:
    """Whether its sender would wait for long; of what is packed nobody knows how much it is."""
    draft.file.seek(0)
    packed = draft.file.read(2) == GZIP
    return draft.size > (AT_ONCE_BYTES // DEFAULT_LIMITS.ratio if packed else AT_ONCE_BYTES)


def _begins_well(draft: Draft) -> Format:
    """The format of a large file, the first part of which has been read where it can be. Raises Fault."""
    draft.file.seek(0)
    first = draft.file.read(AT_ONCE_BYTES)
    format = sniff(first)
    if format in STREAMS and not first.startswith(GZIP):
        read_results(io.BytesIO(first)).close()
    return format


def is_final(request: Request, fields: Message) -> bool:
    """Whether this is the run's last file, as the form says, or else the query. Raises BadRequest."""
    said = fields.get("finished", request.GET.get("finished"))
    final: bool = deserialize(FinalSchema(), {} if said is None else {"finished": said})["finished"]
    return final


@contextlib.contextmanager
def kept(request: Request, draft: Draft, final: bool, limits: Limits) -> Iterator[tuple[File, Results]]:
    """A file that has been read, and is kept. Raises Fault."""
    draft.file.seek(0)
    with read_results(draft.file, limits) as found:
        content, summary = draft.content, found.summary
        if len(found) <= FEW:  # others wait for the turn to write
            found.make()
        test_attachments.keep(request.storage, found)
        if content is None:
            request.storage.keep(draft.path, draft.sha256)
        yield (
            File(
                sha256=draft.sha256,
                size=draft.size,
                content=content,
                format=summary.format,
                producer=summary.producer,
                final=final,
            ),
            found,
        )


def _url(request: Request, node: nodes.AnyRun) -> str:
    return f"{address(request, node)}results/"


def _result(above: str, row: Any) -> dict[str, Any]:
    return {
        "id": row.name_id,
        "test": row.name,
        "key": row.digest,
        "status": row.status,
        "started": None if row.started is None else time(datetime.fromtimestamp(row.started, UTC)),
        "duration": row.duration,
        "message": row.message,
        "tags": orjson.loads(row.tags or "[]"),
        "url": f"{above}{row.name_id}/",
    }
