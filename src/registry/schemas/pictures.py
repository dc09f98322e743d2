from typing import Any

import colander

from registry.models import ImageRole
from registry.packages.languages import language_tag
from registry.schemas.texts import Printable, Text, Whole
from registry.schemas.translations import Language

MOST_LANGUAGES = 50
CAPTION_CHARACTERS = 300


class Translations(colander.SchemaType):
    """Text by language (BCP 47), or one text, whose language follows from the request."""

    def __init__(self, most: int):
        self._printable = Printable(most)

    def json_schema(self) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "maxLength": self._printable.max}
        return {"anyOf": [text, {"type": "object", "additionalProperties": text}]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if isinstance(cstruct, str):
            self._printable(node, cstruct)
            return cstruct
        if not isinstance(cstruct, dict) or len(cstruct) > MOST_LANGUAGES:
            said = (
                f"This must be a text, or an object with a text for each of up to {MOST_LANGUAGES} languages."
            )
            raise colander.Invalid(node, said)
        found = {}
        for language, text in cstruct.items():
            tag = language_tag(language)
            if tag is None:
                raise colander.Invalid(node, f'{language[:40]!r} is not a language tag such as "pt-br".')
            if not isinstance(text, str):
                raise colander.Invalid(node, f"The text for {tag} must be a string.")
            self._printable(node, text)
            found[tag] = text
        return found


class RoleSchema(colander.MappingSchema):
    role = colander.SchemaNode(
        Text(),
        validator=colander.OneOf([str(role) for role in ImageRole]),
        missing_msg="Say what it is: ?role=icon or ?role=screenshot.",
    )


class PictureSchema(colander.MappingSchema):
    caption = colander.SchemaNode(
        Translations(CAPTION_CHARACTERS),
        missing=None,
        description="Replaces the caption, or its text in `?lang=`.",
    )
    position = colander.SchemaNode(
        Whole(), missing=None, validator=colander.Range(0, 100), description="Its place, from 0."
    )


class LanguageSchema(colander.MappingSchema):
    lang = colander.SchemaNode(
        Language(), missing=None, description="The language of what is sent as one text."
    )
