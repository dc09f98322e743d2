"""Submitting in v5 of Mozilla's API: an upload becomes a version, of a new add-on or of one that is there.

POST /api/v5/addons/addon/            a new add-on; it gets an id if its manifest brings none
PUT  /api/v5/addons/addon/{guid}/     the add-on with that id, made if it is not there

The body is JSON: what to say of the add-on, and in ``version`` the ``upload`` and what to say of the version. An upload
that was submitted before is answered with the version that it became, so whoever was interrupted may ask again.
"""

from typing import Any

from pyramid.request import Request

from registry.dialects.amo import addons, addresses, bodies, listing
from registry.dialects.amo.addresses import ADDONS
from registry.dialects.amo.texts import own_language, own_texts
from registry.dialects.amo.uploads import read_again
from registry.domain import editing, names, submissions, uploads, validation
from registry.domain.errors import Conflict, Invalid
from registry.domain.publishing import Published, Submission
from registry.errors import ApiError, BadRequest
from registry.models import Channel, Verdict
from registry.packages import Package, PackageRefused
from registry.packages.webextension import MAX_GUID, is_guid
from registry.permissions import Permission
from registry.resources import Addon, Extension, WebExtensions
from registry.rest import ResourceService, answering
from registry.schemas.addons import NewAddonSchema

collection = ResourceService("amo_addons", f"{ADDONS}/addon/", WebExtensions, traverse=addresses.NODES)
by_guid = ResourceService(
    "amo_addon_by_guid",
    f"{ADDONS}/addon/{{guid}}/",
    Addon,
    traverse="/api/v4/addons/{guid}",
    request_method="PUT",
)

# Their names of what owners edit, and ours.
EDITED = {
    "name": "title",
    "summary": "summary",
    "description": "description",
    "homepage": "homepage",
    "support_url": "support_url",
    "categories": "categories",
    "tags": "keywords",
    "is_disabled": "hidden_by_owner",
}
THEIRS = {ours: theirs for theirs, ours in EDITED.items()}
OF_ADDON = (
    "support_email",
    "developer_comments",
    "contributions_url",
    "is_experimental",
    "requires_payment",
)
OF_VERSION = ("release_notes", "approval_notes", "compatibility", "license")


@collection.post(permission=Permission.PUBLISH_NEW, validators=[bodies.json_body(NewAddonSchema())])
@answering(addons.ANY, 201)
def create(request: Request) -> dict[str, Any]:
    """Make an upload the first version of a new add-on."""
    upload = _upload(request)
    if upload.version_id is not None:
        return _submitted(request, upload)
    package = read_again(request, upload)
    extensions = request.root["api"]["v4"]["extensions"]
    existing = package.guid and extensions.find(package.guid)
    if existing:
        raise Conflict(
            f"There is an add-on with the id {existing.row.guid}; add a version to it by PUT.",
            "ADDON_EXISTS",
            guid=[f"Duplicate add-on ID found: {existing.row.guid}"],
            url=addresses.addon(request.public_url, existing.row.guid),
        )
    return _submit(request, upload, package, None)


@by_guid.put(permission=Permission.PUBLISH_VERSION, validators=[bodies.json_body(NewAddonSchema())])
@answering(addons.ANY)
def add(request: Request) -> dict[str, Any]:
    """Make an upload a version of the add-on with this id, which is made if it is not there."""
    node: Addon = request.context
    guid, extension = node.__name__, node.extension
    if extension is None and not (is_guid(guid) and len(guid) <= MAX_GUID):
        raise ApiError(404, "This is no id of an add-on.", "ERROR_NOT_FOUND")
    upload = _upload(request)
    guid = extension.row.guid if extension else guid
    if upload.version_id is not None:
        return _submitted(request, upload, guid)
    package = read_again(request, upload)
    if package.guid is None and extension is None:
        raise bad_upload(
            "NO_GUID: The manifest has no id. Put browser_specific_settings.gecko.id into it, or POST "
            f"{ADDONS}/addon/, which makes one."
        )
    if package.guid not in (None, guid):
        raise bad_upload(f"GUID_MISMATCH: The manifest's id is {package.guid}, the address says {guid}.")
    return _submit(request, upload, package, extension)


def _upload(request: Request) -> Any:
    """The row of the upload that the body names, once it may be submitted. Raises BadRequest."""
    key = request.validated["version"]["upload"]
    row = request.root["api"]["v4"]["uploads"].mine(key)
    if row is None:
        raise bad_upload(
            "NO_UPLOAD: There is no such upload of yours, or it was not submitted in time and is gone. Send the "
            f"package to {ADDONS}/upload/ again; clients that remember an upload (.amo-upload-uuid) must forget it."
        )
    outcome = uploads.outcome(request.read, row)
    where = addresses.upload(request.public_url, row.uuid)
    if outcome.waiting:
        raise bad_upload(f"STILL_VALIDATING: This upload is still being validated; poll {where} and retry.")
    if outcome.verdict != Verdict.PASSED and row.version_id is None:
        errors = [each for each in outcome.findings if each["severity"] == "error"]
        said = "; ".join(f"{each['code']}: {each['message']}" for each in errors[:3]) or "no verdict"
        raise bad_upload(f"NOT_VALID: This upload did not pass validation ({said}). All of it is at {where}")
    return row


def _submit(request: Request, upload: Any, package: Package, extension: Extension | None) -> dict[str, Any]:
    order = _order(request, upload, package, extension)
    try:
        published = request.database.write(submissions.submit, order)
    except Conflict as conflict:
        raise _named(request, conflict) from None
    except PackageRefused as refused:
        faults: dict[str, list[str]] = {}
        for finding in refused.findings:
            faults.setdefault(THEIRS.get(finding.field, finding.field), []).append(str(finding))
        raise BadRequest(faults) from None
    except Invalid as invalid:
        if invalid.field == "slug":
            raise
        raise bad_upload(f"{invalid.code}: {invalid}") from None
    if published.created and published.job_id is not None:
        request.registry["alarm"].hint(published.job_id)
    request.response.status_int = 201 if published.created and extension is None else 200
    return _answer(request, published)


def _submitted(request: Request, upload: Any, guid: str | None = None) -> dict[str, Any]:
    """The version that an upload has become, if that is one of the add-on with that id."""
    with request.database.reading_session() as session:
        published = submissions.submitted(session, upload.version_id)
    try:
        extension = _addon(request, published.name)
    except KeyError:
        extension = None
    if extension is None or not extension.permits(Permission.PUBLISH_VERSION):
        raise ApiError(403, f"You may not publish {published.name} any more.", "ERROR_PERMISSION_DENIED")
    if guid not in (None, extension.row.guid):
        raise bad_upload(
            f"SUBMITTED: This upload has been submitted, as version {published.version} of {extension.row.guid}."
        )
    request.response.status_int = 200
    return _answer(request, published)


def _answer(request: Request, published: Published) -> dict[str, Any]:
    node = _addon(request, published.name)
    request.response.location = addresses.addon(request.public_url, node.row.guid)
    version = addons.version_json(request, node.row, published.version_id, private=True)
    return {**addons.addon_json(request, node), "version": version}


def _order(request: Request, upload: Any, package: Package, extension: Extension | None) -> submissions.Order:
    """All that is asked for, once it is known to be possible. Raises BadRequest with every fault."""
    body, theme, row = request.validated, package.theme, extension.row if extension else None
    version, slug = body["version"], body.get("slug")
    license = submissions.last_license(request.read, row.id) if row else None
    faults = listing.check_words(body, theme=theme)
    if upload.channel == Channel.LISTED:
        known = {
            "title": (row and row.title) or package.title,
            "summary": (row and row.summary) or package.summary,
            "categories": row.categories if row else (),
        }
        lacking = listing.check_complete(body, theme=theme, known=known, licensed=license is not None)
        faults = {**lacking, **faults}
        if row and row.hidden_by_owner and body.get("is_disabled") is not False:
            faults["is_disabled"] = ["A hidden add-on takes no listed versions; show it: false."]
    if slug is not None and row and slug != row.name:
        faults["slug"] = [f"The slug is {row.name} and stays so."]
    elif slug is not None and not names.is_slug(slug):
        faults["slug"] = ["A slug has small letters, digits and `._-`, 90 at most, and is no number."]
    if faults:
        raise BadRequest(faults)
    default = row.default_locale if row else package.default_locale
    changes = {EDITED[name]: own_texts(body[name], default) for name in EDITED if name in body}
    locale = body.get("default_locale")
    if locale is not None and own_language(locale, default) != default:
        changes["default_locale"] = locale
    edit = editing.Edit(changes)
    values = {name: own_texts(version[name], default) for name in OF_VERSION if name in version}
    if custom := version.get("custom_license"):
        values |= {f"license_{part}": own_texts(texts, default) for part, texts in custom.items()}
    elif "license" not in version and license is not None:
        values |= license
    return submissions.Order(
        upload.id,
        Submission(
            package,
            upload.sha256,
            upload.size,
            request.identity.id,
            Channel(upload.channel),
            validation.tools(request.settings, package.format, upload.channel),
            slug,
        ),
        row and row.id,
        edit,
        editing.rendered(edit),
        {name: own_texts(body[name], default) for name in OF_ADDON if name in body},
        values,
    )


def _named(request: Request, conflict: Conflict) -> Conflict:
    """With what the clients print: the version that is in the way, its state, and where its file is."""
    existing = conflict.existing
    if "version" not in existing:
        return conflict
    number, shown = existing.pop("version"), None
    try:
        extension = _addon(request, str(existing["name"]))
        row = extension["versions"].find(f"v{number}").row
        shown = addons.version_json(request, extension.row, row.id, private=True)
    except (KeyError, AttributeError):  # it was deleted
        pass
    message = str(conflict)
    if shown is not None:
        existing |= {"version_id": shown["id"], "edit_url": shown["edit_url"], "file": shown["file"]}
        message += f" It is {shown['file']['status']} ({existing['state']}); its file: {shown['file']['url']}"
    return Conflict(message, conflict.code, **existing, version=[message])


def _addon(request: Request, name: str) -> Any:
    return request.root["api"]["v4"]["webextensions"][name]


def bad_upload(message: str) -> BadRequest:
    return BadRequest({"version": {"upload": [message]}})
