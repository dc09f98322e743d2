"""POST /api/v5/addons/addon/{id|slug|guid}/versions/{id|number}/rollback/: an earlier version under a new number.

The package is that version's, packed anew with a manifest that differs in ``version`` alone; it goes through the same
gate, validators and signing as any other. Who asks again gets the version that is there.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyramid.request import Request

from registry.dialects.amo import addons, addresses, bodies
from registry.dialects.amo.addresses import ADDON, NODE
from registry.dialects.amo.texts import own_texts
from registry.domain import rollback as rules
from registry.domain import validation
from registry.domain.errors import Conflict
from registry.domain.publishing import Submission
from registry.errors import bad_field
from registry.models import Channel, VersionState
from registry.packages import Options, PackageRefused, canonical, read_package
from registry.packages.limits import configured
from registry.packages.repacking import with_version
from registry.packages.versions import toolkit_key
from registry.packages.webextension import WebExtension
from registry.permissions import Permission
from registry.resources import Version
from registry.rest import ResourceService, answering
from registry.schemas.addons import RollbackSchema
from registry.views.publishing import leaks_in

rollback = ResourceService(
    "amo_rollback",
    f"{ADDON}versions/{{version}}/rollback/",
    Version,
    traverse=f"{NODE}/versions/{{version}}",
)


@rollback.post(permission=Permission.EDIT, validators=[bodies.json_body(RollbackSchema())])
@answering(addons.ANY, 202)
def roll_back(request: Request) -> dict[str, Any]:
    """Publish an earlier version again, under a new number."""
    row, extension = request.context.row, request.context.__parent__.__parent__.row
    number = _number(request.validated["new_version_string"], row)
    notes = own_texts(request.validated.get("release_notes") or {}, extension.default_locale)
    with _packed(request, number) as path:
        submission = _submission(request, path)
        request.storage.keep(path, submission.sha256)
        published = request.database.write(rules.roll_back, submission, extension.id, row.id, notes)
    if published.created and published.job_id is not None:
        request.registry["alarm"].hint(published.job_id)
    request.response.status_int = 202 if published.created else 200
    request.response.location = addresses.version(request.public_url, extension.name, published.version_id)
    return addons.version_json(request, extension, published.version_id, private=True)


def _number(said: str, row: Any) -> str:
    """The new number. Raises BadRequest, and Conflict for a version that there is no going back to."""
    try:
        toolkit_key(said)
    except ValueError as fault:
        raise bad_field("new_version_string", str(fault)) from None
    if said == row.version:
        raise bad_field("new_version_string", f"{said} is the version to go back to; name a new one.")
    if row.state != VersionState.SIGNED or row.upload_sha256 is None:
        raise Conflict(
            f"Version {row.version} is {row.state}; only a signed one comes back.", "NOT_SIGNED_YET"
        )
    return said


@contextlib.contextmanager
def _packed(request: Request, number: str) -> Iterator[Path]:
    """The version's package under another number, in a file that is gone afterwards unless the store keeps it."""
    upload, limits = request.storage.path(request.context.row.upload_sha256), configured(request.settings)
    with request.storage.draft() as draft:
        with canonical(upload, limits, WebExtension.name) as archive:
            with_version(archive, number, draft.file)
        draft.file.flush()
        yield draft.path


def _submission(request: Request, path: Path) -> Submission:
    """Raises PackageRefused when today's gate does not take it."""
    row, settings = request.context.row, request.settings
    package = read_package(path, configured(settings), Options(disallowed_words=settings.disallowed_words))
    if found := leaks_in(request, package):
        raise PackageRefused(found)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    channel = Channel(row.channel)
    return Submission(
        package,
        digest,
        path.stat().st_size,
        request.identity.id,
        channel,
        validation.tools(settings, package.format, channel),
    )
