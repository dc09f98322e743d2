"""What owners may edit of an extension, in the bounds that packages keep too."""

from typing import Any

import colander

from registry.domain.editing import HERE, MOST_LANGUAGES
from registry.packages.fields import MAX_LINK, Fields
from registry.packages.findings import Finding
from registry.packages.languages import language_tag
from registry.schemas.texts import Flag

MAX_TITLE, MAX_SUMMARY, MAX_DESCRIPTION = 100, 2000, 20_000
_PACKAGE = "NOT_EDITABLE: Only a package can say this; publish a new version."
_REGISTRY = "NOT_EDITABLE: This is not the owner's to say."


class Translations(colander.SchemaType):
    """Texts by language, or one text for the language of the request; null takes the edit back.

    Gives ``{tag: text or None}``, with HERE for the language of the request.
    """

    def __init__(self, longest: int, *, lines: bool = False, link: bool = False):
        self.longest, self.lines, self.link = longest, lines, link

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": ["object", "string", "null"],
            "maxLength": self.longest,
            "maxProperties": MOST_LANGUAGES,
            "additionalProperties": {"type": ["string", "null"], "maxLength": self.longest},
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None:
            return cstruct
        findings: list[Finding] = []
        if isinstance(cstruct, str):
            found = {HERE: self._read(Fields({}, "", findings), node.name, cstruct)}
        elif isinstance(cstruct, dict):
            if len(cstruct) > MOST_LANGUAGES:
                raise colander.Invalid(node, f"TOO_MANY: At most {MOST_LANGUAGES} languages are allowed.")
            found = self._translations(node.name, cstruct, findings)
        else:
            raise colander.Invalid(node, "BAD_FIELD: This must be a text, an object by language, or null.")
        if findings:
            raise colander.Invalid(node, [str(finding) for finding in findings])
        return found

    def _translations(
        self, name: str, texts: dict[str, Any], findings: list[Finding]
    ) -> dict[str, str | None]:
        fields = Fields({}, "", findings, name)
        found: dict[str, str | None] = {}
        for language, text in texts.items():
            tag = language_tag(language)
            if tag is None or tag in found:
                said = "is no language tag" if tag is None else "is there twice"
                fields.error(language[:50], f'"{language[:50]}" {said}.', "BAD_LANGUAGE")
            elif text is None:
                found[tag] = None
            elif isinstance(text, str):
                found[tag] = self._read(fields, tag, text)
            else:
                fields.error(tag, f"{fields.label(tag)} must be a text or null.")
        return found

    def _read(self, fields: Fields, key: str, text: str) -> str | None:
        """The text, if it is fit; None for a blank one."""
        checked = fields.checked(key, text, self.longest, lines=self.lines)
        if checked is None or not self.link:
            return checked
        link = fields.checked_link(key, checked)
        if link is None and fields.findings and fields.findings[-1].severity == "warning":
            fields.findings.pop()
            fields.error(key, f'{fields.label(key)} must be a link like "https://example.org/".', "BAD_URL")
        return link


class Words(colander.SchemaType):
    """A list of short texts, each once; null takes the edit back."""

    def __init__(self, most: int, longest: int):
        self.most, self.longest = most, longest

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": ["array", "null"],
            "maxItems": self.most,
            "items": {"type": "string", "maxLength": self.longest},
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None:
            return cstruct
        if not isinstance(cstruct, list):
            raise colander.Invalid(node, "BAD_FIELD: This must be a list of texts, or null.")
        findings: list[Finding] = []
        words = Fields({node.name: cstruct}, "", findings).texts(node.name, self.most, self.longest)
        if findings:
            raise colander.Invalid(node, [str(finding) for finding in findings])
        return list(words)


def _text(longest: int, **options: Any) -> colander.SchemaNode:
    return colander.SchemaNode(Translations(longest, **options), missing=colander.drop)


class EditSchema(colander.MappingSchema):
    title = _text(MAX_TITLE)
    summary = _text(MAX_SUMMARY, lines=True)
    description = _text(MAX_DESCRIPTION, lines=True)
    homepage = _text(MAX_LINK, link=True)
    support_url = _text(MAX_LINK, link=True)
    categories = colander.SchemaNode(Words(20, 50), missing=colander.drop)
    keywords = colander.SchemaNode(Words(100, 200), missing=colander.drop)
    hidden_by_owner = colander.SchemaNode(
        Flag(), missing=colander.drop, description="Keep it out of lists and search."
    )

    # Why the other fields of an extension cannot be edited.
    refused = {
        **dict.fromkeys(
            ("name", "guid", "format", "version", "versions", "author", "license", "languages", "theme"),
            _PACKAGE,
        ),
        **dict.fromkeys(
            ("default_locale", "api_range", "api_min", "api_max", "permissions", "requires_restart"), _PACKAGE
        ),
        **dict.fromkeys(("dependencies", "peer_dependencies", "recent_changes"), _PACKAGE),
        **dict.fromkeys(
            ("state", "state_reason", "disabled", "rating", "downloads_total", "owners"), _REGISTRY
        ),
    }
