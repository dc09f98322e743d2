"""Uploads in v5 of Mozilla's API: a package is sent and judged before its sender makes a version of it.

/api/v5/addons/upload/             send one: the form parts `upload` and `channel`, in any order; one's own
/api/v5/addons/upload/{uuid}/      what the validators say; clients poll it

What is wrong with a package is no failure of the request: it is in `validation`. Failures are those of the form.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry.dialects.amo import addresses, pages
from registry.dialects.amo.addresses import ADDONS
from registry.dialects.amo.validation import validation
from registry.domain import uploads as rules
from registry.domain.validation import tools
from registry.errors import BadForm, BadRequest, bad_field
from registry.models import Channel, Verdict
from registry.models import Upload as Row
from registry.packages import FORMATS, Options, Package, PackageRefused, read_package
from registry.packages.findings import Finding
from registry.packages.limits import Limits, configured
from registry.packages.webextension import WebExtension
from registry.permissions import Permission
from registry.receiving import NO_FILE, receive_file
from registry.representations import time
from registry.resources import Upload, Uploads
from registry.rest import ResourceService, answering
from registry.schemas.answers import one_of
from registry.storage import Draft
from registry.validators import query
from registry.views.publishing import leaks_in

PART = "upload"
NODES = "/api/v4/uploads"
ANY = {"type": "object"}
_WANTED = "only extensions and themes for browsers are taken, with a manifest.json"

uploads = ResourceService("amo_uploads", f"{ADDONS}/upload/", Uploads, traverse=NODES)
upload = ResourceService("amo_upload", f"{ADDONS}/upload/{{uuid}}/", Upload, traverse=f"{NODES}/{{uuid}}")


@uploads.post(permission=Permission.PUBLISH_NEW)
@answering(ANY, 201)
def send(request: Request) -> dict[str, Any]:
    """Send a package to be validated: the form parts `upload`, a file, and `channel`."""
    limits = configured(request.settings)
    with _received(request, limits) as (draft, fields):
        channel = _channel(fields)
        package, findings = _read(request, draft.path, limits)
        request.storage.keep(draft.path, draft.sha256)
        sent = rules.Sent(
            request.identity.id,
            channel,
            draft.sha256,
            draft.size,
            package,
            findings,
            tools(request.settings, WebExtension.name, channel),
        )
        key = request.database.write(rules.record, sent)
    row = request.context.mine(key)
    request.response.status_int = 201
    request.response.location = addresses.upload(request.public_url, key)
    return upload_json(request, row)


# For the API's description.
send.takes_package, send.package_part, send.form_fields = True, PART, {"channel": one_of(Channel)}


@uploads.get(permission=Permission.PUBLISH_NEW, validators=[query(pages.PageSchema())])
@answering(ANY)
def list_uploads(request: Request) -> dict[str, Any]:
    """What one has sent, newest first."""
    rows = select(Row.__table__).where(Row.user_id == request.identity.id)
    return pages.paginate(request, rows, [Row.id], lambda row: upload_json(request, row))


@upload.get(permission=Permission.PUBLISH_NEW)
@answering(ANY)
def show_upload(request: Request) -> dict[str, Any]:
    """What the validators say of an upload."""
    return upload_json(request, request.context.row)


def upload_json(request: Request, row: Any) -> dict[str, Any]:
    """``validation`` is null until all validators have said something."""
    outcome = rules.outcome(request.read, row)
    return {
        "uuid": row.uuid,
        "channel": row.channel,
        "processed": not outcome.waiting,
        "submitted": row.version_id is not None,
        "created": time(row.created),
        "url": addresses.upload(request.public_url, row.uuid),
        "valid": outcome.verdict == Verdict.PASSED,
        "validation": validation(row, outcome),
        "version": row.version,
    }


def read_again(request: Request, row: Any) -> Package:
    """The package of an upload that has passed. Raises BadRequest when it would not any more."""
    package: Package | None = None
    findings: Sequence[Finding] = ()
    with contextlib.suppress(FileNotFoundError):
        package, findings = _read(request, request.storage.path(row.sha256), configured(request.settings))
    if package is None:
        said = "; ".join(map(str, findings)) or "its file is gone"
        raise BadRequest(
            {"version": {"upload": [f"NOT_VALID: This upload cannot be used any more ({said})."]}}
        )
    return package


@contextlib.contextmanager
def _received(request: Request, limits: Limits) -> Iterator[tuple[Draft, dict[str, str]]]:
    """The file and the fields of the form. Raises BadForm when there is no file."""
    try:
        with receive_file(request, limits.wire_bytes, (), "package", PART) as received:
            yield received
    except BadRequest as bad:
        if any(message.startswith(NO_FILE) for message in bad.fields.get(PART, ())):
            raise BadForm(
                f"The part `{PART}` of the form, with the package, is missing or empty: -F {PART}=@file"
            ) from None
        raise


def _channel(fields: dict[str, str]) -> Channel:
    said = fields.get("channel")
    if not said:
        raise BadForm("The part `channel` of the form is missing: -F channel=unlisted, or listed.")
    try:
        return Channel(said)
    except ValueError:
        raise bad_field("channel", f"The channel is `listed` or `unlisted`, not {said[:50]!r}.") from None


def _read(request: Request, path: Path, limits: Limits) -> tuple[Package | None, Sequence[Finding]]:
    """The package, with remarks on it; None, with what is wrong, when it may not be a version."""
    options = Options(disallowed_words=request.settings.disallowed_words)
    try:
        package = read_package(path, limits, options)
    except PackageRefused as refused:
        return None, refused.findings
    if package.format != WebExtension.name:
        return None, [Finding("FORMAT_MISMATCH", f"This is {FORMATS[package.format].title}; here {_WANTED}.")]
    leaked = leaks_in(request, package)
    return (None, leaked) if leaked else (package, package.warnings)
