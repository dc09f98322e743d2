import colander

from registry.domain.deliveries import TYPES
from registry.schemas.texts import Flag, Text, Texts
from registry.webhooks.targets import LONGEST_URL

EVENT_TYPES = sorted(set(TYPES.values()))


def _known(node: colander.SchemaNode, value: list[str]) -> None:
    unknown = [name for name in value if name not in EVENT_TYPES]
    if unknown or not value:
        raise colander.Invalid(node, f"This must be a list of some of {', '.join(EVENT_TYPES)}.")


def _url(**options: object) -> colander.SchemaNode:
    return colander.SchemaNode(
        Text(),
        validator=colander.Length(max=LONGEST_URL),
        description="Where to send: https, on the public internet.",
        **options,
    )


def _events(**options: object) -> colander.SchemaNode:
    return colander.SchemaNode(
        Texts(len(EVENT_TYPES)), validator=_known, description=f"Some of {', '.join(EVENT_TYPES)}.", **options
    )


class WebhookSchema(colander.MappingSchema):
    url = _url()
    events = _events()


class WebhookChangesSchema(colander.MappingSchema):
    url = _url(missing=colander.drop)
    events = _events(missing=colander.drop)
    enabled = colander.SchemaNode(
        Flag(),
        missing=colander.drop,
        description="Whether anything is sent there; true asks the address again.",
    )
