"""How extensions are to be shown: query parameters of every GET that shows translated fields."""

from typing import Any

import colander

from registry.catalogue.translations import LONGEST_TAG, language_range


class Language(colander.SchemaType):
    """A language tag (BCP 47)."""

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "maxLength": LONGEST_TAG,
            "pattern": "^[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*$",
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        tag = language_range(cstruct)
        if tag is None:
            raise colander.Invalid(node, 'BAD_LANGUAGE: This must be a language tag such as "en" or "pt-BR".')
        return tag


class Present(colander.SchemaType):
    """True when the parameter is there, whatever it says."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        return colander.null if cstruct is colander.null else True


class ShownSchema(colander.MappingSchema):
    lang = colander.SchemaNode(
        Language(),
        missing=None,
        description="Show translated fields in this language, or the nearest there is, as strings.",
    )
    wrap_outgoing_links = colander.SchemaNode(
        Present(),
        missing=None,
        description="If it is there, with any value or none: links that lead away go through our bouncer.",
    )
