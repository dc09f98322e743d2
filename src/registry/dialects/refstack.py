"""RefStack's API, version 1 (seed 003): what remote runners of tests have called since 2014.

    POST /v1/update-test-status/ID    how a run goes: status=…, and finished=true at its end
    POST /v1/post-result              its results: file=…; without a test_id they are anonymous
    GET  /v1/get-miniconf             what its runner is told

A run is found by its number, ``test_id``: in the path, in the form or the JSON that was sent, or in the query. All that
is wrong is a 400 with the fields that it is about, an unknown run too. A token is sent as `Authorization: Bearer`, as
the password of Basic, or as the form's field ``token``, and never in an address, which servers write to their logs.
A run that was made without a token takes what anybody says.
"""

import re
from types import SimpleNamespace
from typing import Any

import orjson
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request
from pyramid.response import Response

from registry.authentication import CredentialError, tokens
from registry.domain import miniconf, test_events, test_plans, test_uploads
from registry.domain.errors import Conflict
from registry.edge import CLEAR, in_the_clear, network
from registry.errors import ApiError, BadRequest, bad_field
from registry.models import RunState
from registry.permissions import Permission
from registry.receiving_results import Message, receive_message, receive_results
from registry.resources import Root
from registry.resources.test_runs import AnyRun, RefStack, find_run
from registry.rest import ResourceService, answering, with_files
from registry.results import ANONYMOUS_LIMITS, DEFAULT_LIMITS
from registry.schemas.test_reports import SaidSchema, said
from registry.schemas.test_runs import NOTED, TAKEN, PlacedSchema
from registry.storage import Draft
from registry.validators import deserialize
from registry.views.test_events import note
from registry.views.test_results import RAW_TYPES, is_final, kept, take
from registry.views.test_runs import open_to, settle, shown, target, version_of

_V1 = "/v1"
status = ResourceService("refstack_status", f"{_V1}/", RefStack, traverse=_V1, view="update-test-status/")
status_of = ResourceService(
    "refstack_status_of", f"{_V1}/update-test-status/{{test_id}}/", RefStack, traverse=_V1
)
post_result = ResourceService("refstack_result", f"{_V1}/", RefStack, traverse=_V1, view="post-result")
get_miniconf = ResourceService("refstack_miniconf", f"{_V1}/", RefStack, traverse=_V1, view="get-miniconf")
miniconf_of = ResourceService(
    "refstack_miniconf_of", f"{_V1}/get-miniconf/{{test_id}}/", RefStack, traverse=_V1
)

CHALLENGE = [("WWW-Authenticate", 'JWT realm="api", Bearer realm="test run", Basic realm="test run"')]
_NUMBER = re.compile(r"[0-9]{1,19}\Z")
_NONE = "NO_TEST_ID: Say which test run: its number, in the address or as test_id=100."
_TWO = "BAD_TEST_ID: Two different test runs are named."


@status.post(permission=Permission.READ)
@status_of.post(permission=Permission.READ)
@answering(NOTED, 201)
def update_test_status(request: Request) -> dict[str, Any]:
    """Say how a test run goes, in a form or as JSON; `finished`, or an `error`, ends it."""
    fields = receive_message(request)
    _identify(request, fields)
    node, faults = _run(request, fields)
    try:
        message = said(deserialize(SaidSchema(), fields))
    except BadRequest as bad:
        raise BadRequest({**faults, **bad.fields}) from None
    if node is None:
        raise BadRequest(faults)
    try:
        return note(request, node, message)
    except Conflict as closed:
        raise bad_field("status", str(closed), closed.code) from None


@post_result.post(permission=Permission.READ)
@answering(TAKEN, 201)
@with_files(taken=RAW_TYPES)
def take_result(request: Request) -> dict[str, Any]:
    """Send the results of a test run, in any form and format; without a `test_id` they are anonymous."""
    with receive_results(request) as (draft, fields):
        _identify(request, fields)
        final = is_final(request, fields)
        if not _numbers(request, fields):
            node = _anonymous(request, draft, fields)
        else:
            node = _there(request, fields)
            try:
                take(request, node, draft, final)
            except Conflict as closed:
                raise bad_field("file", str(closed), closed.code) from None
    answer = {"test_id": node.row.id, **shown(request, node)}
    request.response.status_int, request.response.location = 201, answer["url"]
    return answer


@get_miniconf.get(permission=Permission.READ)
@miniconf_of.get(permission=Permission.READ)
@answering({"type": "object"})
def show_miniconf(request: Request) -> Response:
    """What the runner of a test run is told: two levels of names, and strings."""
    node = _there(request, {})
    settle(request, node)
    if request.method == "GET" and node.row.state == RunState.QUEUED:
        request.database.write(test_events.begin, node.row.id)
        node.reload()
    version = version_of(node)
    version = version and SimpleNamespace(
        **{**version.__parent__.__parent__.row._mapping, **version.row._mapping}
    )
    told = miniconf.make(request.public_url, node.row, version, DEFAULT_LIMITS.wire_bytes)
    response = request.response
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = "attachment; filename=miniconf.json"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.body = orjson.dumps(told) + b"\n"
    return response


def _identify(request: Request, fields: Message) -> None:
    """Who asks has said so in the form, as clients do that send no headers. Raises CredentialError, ApiError."""
    token = fields.pop("token", None)
    if not token:
        return
    if in_the_clear(request, request.settings.https_required):
        raise ApiError(403, CLEAR, "ERROR_HTTPS_REQUIRED")
    if request.identity is not None:
        raise CredentialError(
            "Send one credential: in a header or in the form, not both.", "ERROR_INVALID_HEADER"
        )
    policy = request.registry.getUtility(ISecurityPolicy)
    policy.become(request, tokens.identify(request, str(token)))


def _numbers(request: Request, fields: Message) -> set[str]:
    """All that the request says of which run it is about; an empty text says nothing."""
    said_here = [
        request.matchdict.get("test_id", ""),
        fields.get("test_id", ""),
        *request.GET.getall("test_id"),
    ]
    return {str(number) for number in said_here} - {""}


def _run(request: Request, fields: Message) -> tuple[AnyRun | None, dict[str, list[str]]]:
    """The run that the request is about, or what is wrong. Raises ApiError for who may not report to it."""
    numbers = _numbers(request, fields)
    if len(numbers) != 1:
        return None, {"test_id": [_TWO if numbers else _NONE]}
    number = numbers.pop()
    if not _NUMBER.fullmatch(number) or not 0 < int(number) < 2**63:
        return None, {"test_id": ["BAD_TEST_ID: The number of a test run has digits only, such as 100."]}
    node = find_run(Root(request), int(number))
    if node is None:
        return None, {"test_id": [f"UNKNOWN_TEST_ID: There is no test run {number}."]}
    if not node.permits(Permission.REPORT_RUN):
        raise _refusal(request)
    return node, {}


def _there(request: Request, fields: Message) -> AnyRun:
    node, faults = _run(request, fields)
    if node is None:
        raise BadRequest(faults)
    return node


def _refusal(request: Request) -> ApiError:
    if request.identity is None:
        text = "This test run has a token; send it as `Authorization: Bearer`, as Basic's password, or as `token`."
        return ApiError(401, text, "ERROR_NOT_AUTHENTICATED", CHALLENGE)
    return ApiError(403, "This credential is not that test run's.", "ERROR_PERMISSION_DENIED")


def _anonymous(request: Request, draft: Draft, fields: Message) -> AnyRun:
    """Results without a run: of the version that they name, or of none."""
    if not request.settings.anonymous_results:
        raise ApiError(
            401, "This registry takes results of its test runs only.", "ERROR_NOT_AUTHENTICATED", CHALLENGE
        )
    wanted = deserialize(PlacedSchema(), {**request.GET, **fields})
    place = _version(request, wanted.pop("extension"), wanted.pop("version"))
    plan = test_plans.Plan(**place, env=wanted, network=network(request.remote_addr) or "unknown")
    if draft.size > ANONYMOUS_LIMITS.wire_bytes:
        raise ApiError(
            413, f"Anonymous results may have at most {ANONYMOUS_LIMITS.wire_bytes} bytes.", "ERROR_TOO_LARGE"
        )
    with kept(request, draft, True, ANONYMOUS_LIMITS) as (file, found):
        run_id = request.database.write(test_uploads.unasked, plan, file, found)
    node = find_run(Root(request), run_id)
    assert node is not None  # noqa: S101 - it has just been made
    return node


def _version(request: Request, name: str | None, number: str | None) -> dict[str, Any]:
    """What results are bound to that say which version they are of."""
    if name is None and number is None:
        return {}
    if name is None or number is None:
        missing = "version" if number is None else "extension"
        raise bad_field(missing, "Say both, the extension and its version, or neither.")
    root: Any = Root(request)
    try:
        node = root["api"]["v4"]["extensions"][name]["versions"][number]
        open_to(node)
        return target(node)
    except (KeyError, ApiError):
        raise bad_field(
            "version", "There is no such version of such an extension.", "UNKNOWN_VERSION"
        ) from None
