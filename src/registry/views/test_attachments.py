"""Files that tests left: named with their results, and sent to those who may have the whole of them."""

import re
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.models import TestAttachment
from registry.permissions import Permission
from registry.resources import test_runs as nodes
from registry.rest import ResourceService, with_files
from registry.views.downloads import row_response
from registry.views.test_runs import RUN_PATH

attachment = ResourceService(
    "test_run_attachment",
    f"{RUN_PATH}results/{{result}}/attachments/{{sha256}}",
    nodes.TestRunAttachment,
    media_type=None,
)
_ATTACHMENTS = (
    select(TestAttachment.name, TestAttachment.media_type, TestAttachment.size, TestAttachment.sha256)
    .where(
        TestAttachment.run_id == bindparam("run_id"),
        TestAttachment.name_id == bindparam("name_id"),
    )
    .order_by(TestAttachment.name)
)
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


@attachment.get(permission=Permission.READ_OUTPUT)
@with_files(given=("application/octet-stream",))
def show_attachment(request: Request) -> Response:
    """A file that a test left, for who made the run and for the extension's own people."""
    row = request.context.row
    return row_response(request, row, _plain(row.name))


def attachments(request: Request, above: str, row: Any) -> list[dict[str, Any]]:
    """What the test of a result has left, by name; ``above`` is the address of the result."""
    files = request.read.execute(_ATTACHMENTS, {"run_id": row.run_id, "name_id": row.name_id})
    return [
        {
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
            "url": file.sha256 and f"{above}attachments/{file.sha256}",
        }
        for file in files
    ]


def _plain(name: str) -> str:
    """The name of a file that no shell and no browser makes anything else of."""
    return _ODD.sub("_", name).lstrip(".")[-100:] or "attachment"
