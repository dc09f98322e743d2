"""What Mozilla's API takes with an add-on and a version: other names than ours, and texts by language only."""

from typing import Any

import colander

from registry.packages.fields import MAX_LINK, Fields
from registry.packages.findings import Finding
from registry.packages.languages import language_tag
from registry.schemas.extensions import Translations, Words
from registry.schemas.texts import Flag, Printable, Text, Whole

MAX_NAME, MAX_SUMMARY, MAX_DESCRIPTION, MAX_NOTES, MAX_LICENSE = 50, 250, 15_000, 3000, 100_000
MAX_POLICY, MAX_POSITION = 100_000, 100
MAX_APPLICATIONS = 10
_EXAMPLE = '{"en-US": "…"}'


class Object(colander.Mapping):
    """A JSON object; what it holds beside the fields that are known is left alone."""

    def _validate(self, node: Any, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise colander.Invalid(node, "This must be an object.")
        return value


class Texts(Translations):
    """As `Translations`, but never a bare string."""

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "type": ["object", "null"]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if isinstance(cstruct, str):
            raise colander.Invalid(
                node, f"This must be an object with the text in each language, like {_EXAMPLE}."
            )
        return super().deserialize(node, cstruct)


class Categories(Words):
    """Slugs in a list, or lists of slugs by application as older clients have it."""

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "type": ["array", "object"]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if isinstance(cstruct, dict):
            if not all(isinstance(slugs, list) for slugs in cstruct.values()):
                raise colander.Invalid(node, "This must be a list of categories.")
            cstruct = [slug for slugs in list(cstruct.values())[:MAX_APPLICATIONS] for slug in slugs]
        return super().deserialize(node, cstruct)


class Link(colander.SchemaType):
    """An http(s) address, or null for none."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": MAX_LINK}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None or cstruct == "":
            return colander.null if cstruct is colander.null else None
        findings: list[Finding] = []
        link = Fields({node.name: cstruct}, "", findings).link(node.name)
        if link is None:
            raise colander.Invalid(node, [str(finding) for finding in findings])
        return link


class Prose(colander.SchemaType):
    """A text of several lines, or null for none."""

    def __init__(self, longest: int):
        self.longest = longest

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": self.longest}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None:
            return cstruct
        findings: list[Finding] = []
        text = Fields({node.name: cstruct}, "", findings).text(node.name, self.longest, lines=True)
        if findings:
            raise colander.Invalid(node, [str(finding) for finding in findings])
        return text


class Nothing(colander.SchemaType):
    """Only null."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "null"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is not colander.null and cstruct is not None:
            raise colander.Invalid(node, "Send a file as this part of a multipart/form-data body, or null.")
        return cstruct


class Locale(colander.SchemaType):
    """A language tag (BCP 47)."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        tag = language_tag(cstruct) if isinstance(cstruct, str) else None
        if tag is None:
            raise colander.Invalid(node, 'This must be a language such as "en-US" or "fr".')
        return tag


class Compatibility(colander.SchemaType):
    """Applications in a list, or the lowest and highest versions by application; gives the latter."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["array", "object"], "maxItems": MAX_APPLICATIONS, "maxProperties": MAX_APPLICATIONS}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if isinstance(cstruct, list):
            cstruct = {application: {} for application in cstruct if isinstance(application, str)}
        if not isinstance(cstruct, dict) or not cstruct or not set(cstruct) <= {"firefox", "android"}:
            raise colander.Invalid(
                node, 'This must name applications, "firefox" or "android", like ["firefox"].'
            )
        return {application: self._range(node, bounds) for application, bounds in cstruct.items()}

    def _range(self, node: Any, bounds: Any) -> dict[str, str]:
        good = isinstance(bounds, dict) and all(
            isinstance(bounds.get(end, ""), str) and len(bounds.get(end, "")) <= 30 for end in ("min", "max")
        )
        if not good:
            raise colander.Invalid(node, 'Versions are written like {"min": "115.0", "max": "*"}.')
        return {end: bounds[end] for end in ("min", "max") if bounds.get(end)}


def _texts(longest: int, **options: Any) -> colander.SchemaNode:
    return colander.SchemaNode(Texts(longest, **options), missing=colander.drop)


class LicenseSchema(colander.MappingSchema):
    schema_type = Object
    name = colander.SchemaNode(Texts(200))
    text = colander.SchemaNode(Texts(MAX_LICENSE, lines=True))


class _VersionFields(colander.MappingSchema):
    schema_type = Object
    approval_notes = colander.SchemaNode(Prose(MAX_NOTES), missing=colander.drop)
    compatibility = colander.SchemaNode(Compatibility(), missing=colander.drop)
    custom_license = LicenseSchema(missing=colander.drop)
    license = colander.SchemaNode(Text(), missing=colander.drop)
    release_notes = _texts(MAX_NOTES, lines=True)

    def validator(self, node: Any, value: dict[str, Any]) -> None:
        if "license" in value and "custom_license" in value:
            invalid = colander.Invalid(node)
            for name in ("license", "custom_license"):
                invalid.add(colander.Invalid(node[name], "Send `license` or `custom_license`, not both."))
            raise invalid


class VersionSchema(_VersionFields):
    """Of a version that is made of an ``upload``."""

    upload = colander.SchemaNode(Text())


class EditVersionSchema(_VersionFields):
    is_disabled = colander.SchemaNode(Flag(), missing=colander.drop)


class AddonSchema(colander.MappingSchema):
    schema_type = Object
    categories = colander.SchemaNode(Categories(20, 50), missing=colander.drop)
    contributions_url = colander.SchemaNode(Link(), missing=colander.drop)
    default_locale = colander.SchemaNode(Locale(), missing=colander.drop)
    description = _texts(MAX_DESCRIPTION, lines=True)
    developer_comments = _texts(MAX_NOTES, lines=True)
    homepage = _texts(MAX_LINK, link=True)
    is_disabled = colander.SchemaNode(Flag(), missing=colander.drop)
    is_experimental = colander.SchemaNode(Flag(), missing=colander.drop)
    name = _texts(MAX_NAME)
    requires_payment = colander.SchemaNode(Flag(), missing=colander.drop)
    slug = colander.SchemaNode(Text(), missing=colander.drop)
    summary = _texts(MAX_SUMMARY, lines=True)
    support_email = _texts(200)
    support_url = _texts(MAX_LINK, link=True)
    tags = colander.SchemaNode(Words(100, 128), missing=colander.drop)


class NewAddonSchema(AddonSchema):
    version = VersionSchema()


class EditAddonSchema(AddonSchema):
    icon = colander.SchemaNode(
        Nothing(), missing=colander.drop, description="null takes it away; a new one comes in a form."
    )


class PoliciesSchema(colander.MappingSchema):
    schema_type = Object
    eula = _texts(MAX_POLICY, lines=True)
    privacy_policy = _texts(MAX_POLICY, lines=True)


class PreviewSchema(colander.MappingSchema):
    schema_type = Object
    caption = _texts(280)
    position = colander.SchemaNode(Whole(), missing=None, validator=colander.Range(0, MAX_POSITION))


class RollbackSchema(colander.MappingSchema):
    schema_type = Object
    new_version_string = colander.SchemaNode(Text(), validator=Printable(100))
    release_notes = _texts(MAX_NOTES, lines=True)


class ConfirmationSchema(colander.MappingSchema):
    delete_confirm = colander.SchemaNode(
        colander.String(), missing=None, description="What `delete_confirm/` has given."
    )
