"""The host (editor, browser) that an answer is for."""

import colander

from registry.domain.compatibility import HOSTS
from registry.packages.ranges import MAX_HOST_VERSION
from registry.schemas.texts import Text


def host(**options: object) -> colander.SchemaNode:
    description = "The program that extensions are to run in."
    return colander.SchemaNode(
        Text(),
        name="host",
        validator=colander.OneOf(list(HOSTS)),
        description=description,
        **options,
    )


def host_version(**options: object) -> colander.SchemaNode:
    description = 'Its version, such as "1.14" or "128.0".'
    return colander.SchemaNode(
        Text(),
        name="host_version",
        validator=colander.Length(1, MAX_HOST_VERSION),
        description=description,
        **options,
    )


class HostSchema(colander.MappingSchema):
    """Both or neither, see ``hosts.fitting``."""

    host = host(missing=None)
    host_version = host_version(missing=None)
