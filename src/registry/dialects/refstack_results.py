"""RefStack's later API, version 1: results as its client has uploaded and listed them since 2015.

    POST /v1/results              {"cpid", "duration_seconds", "results": [{"name", "uuid"}]}: what passed
    GET  /v1/results              the newest first, in pages of 20
    GET  /v1/results/{uuid}       its meta/{key} is in `refstack_meta`
    GET  /v1/results/schema       what is to be sent

Sent with the token of a test run (its client's `--url https://run:TOKEN@host`) they are that run's; with a user's, or
signed with a user's key, they are that user's; else they are anonymous. Signed ones are shown to others when they
are shared.
"""

import dataclasses
import datetime
from typing import Any

import colander
from pyramid.request import Request
from sqlalchemy import Select, func, select

from registry.authentication.base import NOBODY
from registry.dialects.refstack import CHALLENGE
from registry.domain import refstack, test_plans
from registry.domain.refstack import Signature, Upload
from registry.edge import network
from registry.errors import ApiError, bad_field
from registry.models import PublicKey, RefStackResult, TestName, TestResult, TestRun
from registry.permissions import Permission
from registry.receiving_results import receive_results
from registry.resources import Root
from registry.resources import test_runs as nodes
from registry.resources.test_runs import UPLOADED, find_run
from registry.rest import ResourceService, answering, with_files
from registry.results import ANONYMOUS_LIMITS, DEFAULT_LIMITS, Format, Limits, Status, Summary, read_results
from registry.schemas.answers import NUMBER, TEXT, TEXTS, URL, mapping, or_null
from registry.storage import Draft
from registry.validators import query
from registry.views.test_results import AT_ONCE_BYTES, kept, take

PATH = "/v1/results/"
results = ResourceService("refstack_results", PATH, nodes.Uploads)
result_schema = ResourceService("refstack_results_schema", PATH, nodes.Uploads, view="schema")
result = ResourceService("refstack_upload", f"{PATH}{{uuid}}/", nodes.Upload)

ON_A_PAGE, MOST_LISTED = 20, 10_000
# Nobody waits while more is read; what is packed counts as it is unpacked.
_OF_USERS = dataclasses.replace(DEFAULT_LIMITS, wire_bytes=AT_ONCE_BYTES, unpacked_bytes=AT_ONCE_BYTES)
TIME = "%Y-%m-%d %H:%M:%S"
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "cpid": {"type": "string", "minLength": 1, "maxLength": refstack.MOST_CPID},
        "duration_seconds": {"type": "integer", "minimum": 0},
        "results": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "uuid": {"type": "string"}},
                "required": ["name"],
            },
        },
    },
    "required": ["cpid", "duration_seconds", "results"],
}
_ITEM = {
    "id": TEXT,
    "created_at": TEXT,
    "duration_seconds": NUMBER,
    "meta": {"type": "object"},
    "product_version": or_null(TEXT),
    "verification_status": NUMBER,
    "url": URL,
}
_DETAIL = mapping(**_ITEM, cpid=or_null(TEXT), results=TEXTS, user_role=TEXT)
_PAGE = mapping(
    results={"type": "array", "items": mapping(**_ITEM)},
    pagination=mapping(current_page=NUMBER, total_pages=NUMBER),
)
_PASSED = (
    select(TestName.name)
    .join(TestResult, TestResult.name_id == TestName.id)
    .where(TestResult.status == Status.PASSED)
    .order_by(TestResult.name_id)
)


class Moment(colander.SchemaType):
    """A time of UTC, as RefStack's clients write it."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": ["2026-11-25 10:00:00"]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        try:
            return datetime.datetime.strptime(cstruct, TIME).replace(tzinfo=datetime.UTC)
        except ValueError:
            raise colander.Invalid(node, "This must be a time like 2026-11-25 10:00:00.") from None


class ListSchema(colander.MappingSchema):
    page = colander.SchemaNode(
        colander.Integer(), missing=1, validator=colander.Range(1, 10**6), description="From 1."
    )
    start_date = colander.SchemaNode(Moment(), missing=None, description="Only those from then on.")
    end_date = colander.SchemaNode(Moment(), missing=None, description="Only those up to then.")
    cpid = colander.SchemaNode(
        colander.String(), missing=None, validator=colander.Length(max=refstack.MOST_CPID)
    )
    signed = colander.SchemaNode(
        colander.String(), missing=None, description="Only signed ones of one's own, whatever it says."
    )


@results.post(permission=Permission.READ)
@answering(mapping(test_id=TEXT, url=URL), 201)
@with_files(taken=("", "application/json", "text/plain", "application/octet-stream"))
def upload(request: Request) -> dict[str, Any]:
    """Send what passed, as RefStack's client does; signed or not."""
    identity = request.identity
    with receive_results(request) as (draft, _):
        signed, user_id = _signed(request, draft)
        if identity is not None and identity.kind == "run":
            said = _said(draft, signed, DEFAULT_LIMITS)
            node = find_run(Root(request), identity.credential_id)
            if node is None:
                raise ApiError(404, "The test run is not there any more.", "ERROR_NOT_FOUND")
            take(request, node, draft, True)
            run_id = node.row.id
            request.database.write(refstack.describe, run_id, said)
        else:
            if identity is not None and not request.context.permits(Permission.RUN_TESTS):
                raise ApiError(403, "This credential is not for results of tests.", "ERROR_PERMISSION_DENIED")
            run_id = _loose(request, draft, signed, identity.id if identity is not None else user_id)
    row = request.read.execute(UPLOADED.where(TestRun.id == run_id)).one()
    request.response.status_int, request.response.location = 201, _url(request, row.uuid)
    return {"test_id": row.uuid, "url": request.response.location}


@results.get(permission=Permission.READ, validators=[query(ListSchema())])
@answering(_PAGE)
def list_results(request: Request) -> dict[str, Any]:
    """What has been uploaded, the newest first."""
    wanted = request.validated
    rows = _listed(request, wanted)
    counted = rows.with_only_columns(TestRun.id, maintain_column_froms=True).limit(MOST_LISTED).subquery()
    total = request.read.scalar(select(func.count()).select_from(counted))
    pages = max(1, -(-total // ON_A_PAGE))
    if wanted["page"] > pages:
        raise bad_field("page", f"There are {pages} pages.", "BAD_PAGE")
    page = (
        rows.order_by(RefStackResult.run_id.desc()).limit(ON_A_PAGE).offset((wanted["page"] - 1) * ON_A_PAGE)
    )
    return {
        "results": [_item(request, row) for row in request.read.execute(page)],
        "pagination": {"current_page": wanted["page"], "total_pages": pages},
    }


@result_schema.get(permission=Permission.READ)
@answering({"type": "object"})
def show_schema(request: Request) -> dict[str, Any]:
    """What is to be sent, as JSON Schema."""
    return SCHEMA


@result.get(permission=Permission.READ)
@answering(_DETAIL)
def show_result(request: Request) -> dict[str, Any]:
    """One upload, with the names of what passed; its cpid for who sent it."""
    row = shown(request, request.context)
    mine = request.identity is not None and request.identity.id == row.created_by
    passed = request.read.scalars(_PASSED.where(TestResult.run_id == row.id))
    return {
        **_item(request, row),
        "cpid": row.cpid if mine else None,
        "results": list(passed),
        "user_role": "owner" if mine else "user",
    }


def _signed(request: Request, draft: Draft) -> tuple[Signature | None, int | None]:
    """The signature of the bytes that were sent, and whose it is. Raises BadRequest, and ApiError 401."""
    signature, line = request.headers.get("X-Signature"), request.headers.get("X-Public-Key")
    if signature is None and line is None:
        return None, None
    if signature is None or line is None:
        raise bad_field(
            "X-Signature", "Send both, X-Signature and X-Public-Key, or neither.", "BAD_SIGNATURE"
        )
    signed = Signature(signature, refstack.read_key(line))
    if not refstack.holds(signed, draft.sha256):
        raise bad_field("X-Signature", "This is no signature of the body by X-Public-Key.", "BAD_SIGNATURE")
    whose = select(PublicKey.user_id).where(PublicKey.fingerprint == refstack.fingerprint(signed.key))
    user_id = request.read.scalar(whose)
    if user_id is None:
        raise ApiError(401, "No account has this public key.", "ERROR_NOT_AUTHENTICATED", CHALLENGE)
    if request.identity is not None and request.identity.id not in (user_id, NOBODY):
        raise ApiError(403, "This public key is another account's.", "ERROR_PERMISSION_DENIED")
    return signed, user_id


def _said(draft: Draft, signed: Signature | None, limits: Limits) -> Upload:
    """What the file says around its results. Raises Fault, and BadRequest for another format."""
    draft.file.seek(0)
    with read_results(draft.file, limits) as found:
        summary: Summary = found.summary
    cpid, duration = summary.cpid, summary.duration
    if summary.format != Format.REFSTACK:
        raise bad_field("results", "This must be a JSON object with cpid, duration_seconds and results.")
    faults = {
        "cpid": cpid is None or not 0 < len(cpid) <= refstack.MOST_CPID,
        "duration_seconds": duration is None or not 0 <= duration < 2**53,
        "results": not summary.tests,
    }
    for field, bad in faults.items():
        if bad:
            raise bad_field(field, f"This is missing, empty or too large; see {PATH}schema.")
    return Upload(cpid=cpid or "", duration=int(duration or 0), signed=signed)


def _loose(request: Request, draft: Draft, signed: Signature | None, user_id: int | None) -> int:
    """Results of no test run that is known: the number of theirs. Raises ApiError, TooMany."""
    if user_id is None and not request.settings.anonymous_results:
        raise ApiError(401, "This registry takes no anonymous results.", "ERROR_NOT_AUTHENTICATED", CHALLENGE)
    limits = ANONYMOUS_LIMITS if user_id is None else _OF_USERS
    if draft.size > limits.wire_bytes:
        raise ApiError(413, f"Such results may have at most {limits.wire_bytes} bytes.", "ERROR_TOO_LARGE")
    said = _said(draft, signed, limits)
    plan = test_plans.Plan(created_by=user_id, network=network(request.remote_addr) or "unknown")
    with kept(request, draft, True, limits) as (file, found):
        run_id: int = request.database.write(refstack.upload, plan, said, file, found)
    return run_id


def _listed(request: Request, wanted: dict[str, Any]) -> Select[Any]:
    """What is public, or with `signed` what one has signed oneself: each is found along an index of its own."""
    rows = UPLOADED.where(RefStackResult.public)
    if wanted["signed"] is not None:
        if request.identity is None:
            raise bad_field("signed", "Only who is logged in has signed results.")
        rows = UPLOADED.where(
            TestRun.created_by == request.identity.id, RefStackResult.signature.is_not(None)
        )
    start, end = wanted["start_date"], wanted["end_date"]
    if start is not None and end is not None and start > end:
        raise bad_field("end_date", "This is before start_date.")
    if start is not None:
        rows = rows.where(TestRun.created >= start)
    if end is not None:
        # Whole seconds are told, so that second is meant as a whole.
        rows = rows.where(TestRun.created <= end.replace(microsecond=999_999))
    if wanted["cpid"] is not None:
        rows = rows.where(RefStackResult.cpid == wanted["cpid"])
    return rows


def shown(request: Request, node: nodes.AnyRun) -> Any:
    """The row of an upload that may be seen. Raises ApiError 401, as its clients know it."""
    if not nodes.shows(request, node.row):
        raise ApiError(401, "These results are not shared.", "ERROR_NOT_AUTHENTICATED", CHALLENGE)
    return node.row


def _item(request: Request, row: Any) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "created_at": f"{row.created:{TIME}}",
        "duration_seconds": row.took,
        "meta": row.meta,
        "product_version": None,
        "verification_status": 0,
        "url": _url(request, row.uuid),
    }


def _url(request: Request, uuid: str) -> str:
    return f"{request.public_url}{PATH}{uuid}"
