import colander

from registry.schemas.texts import text


class DeletionSchema(colander.MappingSchema):
    confirm = text(100, missing=None, description="The account's name, to show that it is meant.")
