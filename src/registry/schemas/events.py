import colander

from registry.schemas.queries import Time


def _name(description: str) -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.String(), missing=None, validator=colander.Length(max=255), description=description
    )


class MyEventsSchema(colander.MappingSchema):
    kind = _name("Only of this kind (`token.created`), or of all that begin so (`token.`).")
    since = colander.SchemaNode(
        Time(), missing=None, description="Not before this time, such as 2026-01-31T12:00:00Z."
    )
    until = colander.SchemaNode(Time(), missing=None, description="Before this time.")


class ExtensionEventsSchema(MyEventsSchema):
    actor = _name("Only by this user.")


class EventsSchema(ExtensionEventsSchema):
    extension = _name("Only of this extension, by its name.")
