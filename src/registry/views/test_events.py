"""What runners say of a test run while it goes on, and what is to be read of that."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry import pagination
from registry.domain import test_events
from registry.models import RunState, TestEvent, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import test_runs as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.test_reports import SaidSchema, said
from registry.schemas.test_runs import EVENT, NOTED
from registry.validators import json_body, query
from registry.views.test_runs import RUN_PATH, address, settle

run_events = ResourceService("test_run_events", f"{RUN_PATH}events/", nodes.TestRunEvents)
run_event = ResourceService("test_run_event", f"{RUN_PATH}events/{{event}}/", nodes.TestRunEvent)


@run_events.get(permission=Permission.READ, validators=[query(pagination.PageSchema())])
@answering(page(EVENT))
def list_events(request: Request) -> dict[str, Any]:
    """What was said of the run, the oldest first."""
    node = request.context.__parent__
    settle(request, node)
    rows = select(table(TestEvent)).where(TestEvent.run_id == node.row.id)

    def render(row: Any) -> dict[str, Any]:
        return _event(request, node, row)

    return pagination.paginate(request, rows, [table(TestEvent).c.id], render, node.row.events)


@run_events.post(permission=Permission.REPORT_RUN, validators=[json_body(SaidSchema())])
@answering(NOTED, 201)
def report(request: Request) -> dict[str, Any]:
    """Say how the run goes; `finished` or an `error` ends it."""
    return note(request, request.context.__parent__, said(request.validated))


@run_event.get(permission=Permission.READ)
@answering(EVENT)
def show_event(request: Request) -> dict[str, Any]:
    """One thing that was said."""
    node = request.context.__parent__.__parent__
    settle(request, node)
    return _event(request, node, request.context.row)


def note(request: Request, node: nodes.AnyRun, message: test_events.Said) -> dict[str, Any]:
    """Note what a runner said, and answer it."""
    settle(request, node)
    event_id = request.database.write(test_events.say, node.row.id, message)
    node.reload()
    row = node.row
    request.response.status_int = 201
    request.response.location = f"{address(request, node)}events/{event_id}/"
    return {
        "test_id": row.id,
        "status": message.text,
        "state": row.state,
        "finished": row.finished is not None,
        "created": time(node["events"][str(event_id)].row.created),
        "deadline": time(row.deadline),
        "cancel_requested": row.state == RunState.CANCELLED,
    }


def _event(request: Request, node: nodes.AnyRun, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "status": row.text,
        "finished": row.finished,
        "error": row.error,
        "exit_code": row.exit_code,
        "progress": None if row.done is None else f"{row.done}/{row.total}",
        "created": time(row.created),
        "url": f"{address(request, node)}events/{row.id}/",
    }
