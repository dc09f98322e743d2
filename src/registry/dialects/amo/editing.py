"""Editing an add-on in v5 of Mozilla's API.

PATCH /api/v5/addons/addon/{id|slug|guid}/                 what is said of it, as JSON; or its `icon`, in a form
GET, PATCH …/eula_policy/                                  what its users agree to

A translated field is an object by language: the languages that it does not name stay, null takes one away, and null
for the whole field takes all away. The slug stays what it is: files and addresses are named by it.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry.dialects.amo import addons, bodies, listing
from registry.dialects.amo.addresses import ADDON, NODE
from registry.dialects.amo.submission import EDITED, OF_ADDON, THEIRS
from registry.dialects.amo.texts import language, own_language, own_texts, translated
from registry.domain import describing, editing, own_pictures
from registry.errors import BadRequest
from registry.models import AddonDetail, Image, ImageRole
from registry.packages import PackageRefused
from registry.permissions import Permission
from registry.resources import WebExtension
from registry.rest import ResourceService, answering
from registry.schemas.addons import EditAddonSchema, PoliciesSchema
from registry.validators import query
from registry.views.pictures import receive_picture

POLICIES = ("eula", "privacy_policy")

policies = ResourceService("amo_eula_policy", f"{ADDON}eula_policy/", WebExtension, traverse=NODE)

_DETAIL = select(AddonDetail.__table__).where(AddonDetail.extension_id == bindparam("extension_id"))
_OWN_ICONS = select(Image.id).where(
    Image.extension_id == bindparam("extension_id"),
    Image.role == ImageRole.ICON,
    Image.version_id.is_(None),
)


@addons.addon.patch(permission=Permission.EDIT, validators=[bodies.json_body_or_form(EditAddonSchema())])
@answering(addons.ANY)
def edit_addon(request: Request) -> dict[str, Any]:
    """Edit an add-on, or send its icon as the part `icon` of a form."""
    if bodies.is_form(request):
        receive_picture(request, request.context.row.id, ImageRole.ICON, (), "icon")
    else:
        _edit(request)
        if "icon" in request.validated:
            _remove_icons(request)
    return addons.addon_json(request, _again(request))


edit_addon.file_parts = ("icon",)


@policies.get(permission=Permission.READ, validators=[query(addons.LanguageSchema())])
@answering(addons.ANY)
def show_policies(request: Request) -> dict[str, Any]:
    """The end-user licence agreement and the privacy policy of an add-on; null where there is none."""
    addons.must_be_public(request, request.context)
    request.keep_until_changed(request.context.row.id)
    return _policies(request)


@policies.patch(permission=Permission.EDIT, validators=[bodies.json_body(PoliciesSchema())])
@answering(addons.ANY)
def edit_policies(request: Request) -> dict[str, Any]:
    """Say what the users of an add-on agree to."""
    row, body = request.context.row, request.validated
    values = {name: own_texts(body[name], row.default_locale) for name in POLICIES if name in body}
    request.database.write(describing.edit_addon, row.id, request.identity.id, editing.Edit({}), {}, values)
    return _policies(request)


def _policies(request: Request) -> dict[str, Any]:
    row, lang = request.context.row, request.validated.get("lang")
    detail = request.read.execute(_DETAIL, {"extension_id": row.id}).one_or_none()
    return {
        name: translated(getattr(detail, name), row.default_locale, lang) if detail else None
        for name in POLICIES
    }


def _edit(request: Request) -> None:
    row, body = request.context.row, request.validated
    changes = _changes(row, body)
    if faults := _faults(row, body, changes):
        raise BadRequest(faults)
    edit = editing.Edit(changes)
    values = {name: own_texts(body[name], row.default_locale) for name in OF_ADDON if name in body}
    try:
        request.database.write(
            describing.edit_addon, row.id, request.identity.id, edit, editing.rendered(edit), values
        )
    except PackageRefused as refused:
        raise BadRequest(by_field(refused)) from None


def by_field(refused: PackageRefused) -> dict[str, list[str]]:
    """What is wrong with an edit, by their names of the fields."""
    faults: dict[str, list[str]] = {}
    for finding in refused.findings:
        faults.setdefault(THEIRS.get(finding.field, finding.field), []).append(str(finding))
    return faults


def _changes(row: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The edit of our own fields that a body asks for."""
    changes: dict[str, Any] = {}
    for theirs, ours in EDITED.items():
        if theirs not in body:
            continue
        value = own_texts(body[theirs], row.default_locale, getattr(row, ours))
        if value is None:  # there it means: none at all; ours would go back to the package's
            value = dict.fromkeys(getattr(row, ours)) if ours in editing.TRANSLATED else []
        changes[ours] = value
    if "default_locale" in body:
        changes["default_locale"] = own_language(body["default_locale"], row.default_locale, row.title)
    return changes


def _faults(row: Any, body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    faults = listing.check_words(body, theme=row.theme)
    if row.latest_id is not None and changes.get("categories") == []:
        faults["categories"] = ["An add-on in the listed channel is in one category at least."]
    if body.get("slug", row.name) != row.name:
        faults["slug"] = [f"The slug is {row.name} and stays so: its files and addresses are named by it."]
    default = changes.get("default_locale", row.default_locale)
    for theirs, ours in EDITED.items():
        if ours not in editing.TRANSLATED or (ours not in changes and default == row.default_locale):
            continue
        merged = {**getattr(row, ours), **changes.get(ours, {})}
        texts = [tag for tag, text in merged.items() if text is not None]
        wanted = texts or ours == "title" or (ours == "summary" and row.latest_id is not None)
        if wanted and default not in texts:
            faults[theirs] = [f'A value in the default locale of "{language(default)}" is required.']
    return faults


def _remove_icons(request: Request) -> None:
    extension_id = request.context.row.id
    for image_id in request.read.scalars(_OWN_ICONS, {"extension_id": extension_id}).all():
        request.database.write(own_pictures.remove, extension_id, image_id, request.identity.id)


def _again(request: Request) -> Any:
    return request.root["api"]["v4"]["webextensions"].find(str(request.context.row.id))
