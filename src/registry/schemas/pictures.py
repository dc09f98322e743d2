import colander

from registry.models import ImageRole
from registry.schemas.extensions import Translations
from registry.schemas.texts import Text, Whole
from registry.schemas.translations import Language

MAX_CAPTION = 300


class RoleSchema(colander.MappingSchema):
    role = colander.SchemaNode(
        Text(),
        validator=colander.OneOf([str(role) for role in ImageRole]),
        missing_msg="Say what it is: ?role=icon or ?role=screenshot.",
    )


class PictureSchema(colander.MappingSchema):
    caption = colander.SchemaNode(
        Translations(MAX_CAPTION),
        missing=colander.drop,
        description="By language; null takes one, or all, away.",
    )
    position = colander.SchemaNode(
        Whole(), missing=None, validator=colander.Range(0, 100), description="Its place, from 0."
    )


class LanguageSchema(colander.MappingSchema):
    lang = colander.SchemaNode(
        Language(), missing=None, description="The language of what is sent as one text."
    )
