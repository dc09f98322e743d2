"""What a client asks about what it has installed, and the answer."""

from typing import Any

import colander

from registry.schemas.answers import (
    FLAG,
    NUMBER,
    RANGES,
    REASON,
    SHA256,
    TEXT,
    TIME,
    URL,
    mapping,
    one_of,
    or_null,
)
from registry.schemas.hosts import host, host_version

MOST = 1000
MOST_IN_ADDRESS = 50
LONGEST_NAME, LONGEST_VERSION = 255, 100

STATUSES = ("update", "up_to_date", "disabled", "removed", "unknown")
INSTALLED_STATES = ("offered", "yanked", "blocked", "deleted", "unknown")


class Installed(colander.SchemaType):
    """A JSON object: the version by the name (or guid) of each installed extension."""

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "maxProperties": MOST,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_NAME},
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": LONGEST_VERSION},
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, 'This must be an object such as {"word-tally": "1.0.0"}.')
        return _checked(node, cstruct, MOST)


class InstalledInAddress(colander.SchemaType):
    """A repeated query parameter, ``name@version``."""

    repeated = True

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "maxItems": MOST_IN_ADDRESS, "items": {"type": "string", "pattern": ".@."}}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        pairs = [text.rpartition("@") for text in cstruct]
        if not all(name and version for name, _, version in pairs):
            raise colander.Invalid(node, "Write each as name@version, such as installed=word-tally@1.0.0.")
        if len(pairs) > MOST_IN_ADDRESS:
            raise colander.Invalid(node, f"At most {MOST_IN_ADDRESS} in an address; POST up to {MOST}.")
        return _checked(node, {name: version for name, _, version in pairs}, MOST_IN_ADDRESS)


class UpdatesSchema(colander.MappingSchema):
    host = host()
    host_version = host_version()
    installed = colander.SchemaNode(
        Installed(), description="The version by the name or guid of each installed extension."
    )


class UpdatesQuery(colander.MappingSchema):
    host = host()
    host_version = host_version()
    installed = colander.SchemaNode(
        InstalledInAddress(), description="`name@version` of an installed extension; may be repeated."
    )


UPDATE = mapping(
    version=TEXT,
    download_url=or_null(URL),
    sha256=or_null(SHA256),
    size=or_null(NUMBER),
    requires_restart=FLAG,
    published=or_null(TIME),
    compatibility=RANGES,
)
UPDATES = mapping(
    host=TEXT,
    host_version=TEXT,
    results={
        "type": "array",
        "items": mapping(
            name=TEXT,
            installed=TEXT,
            installed_state=one_of(INSTALLED_STATES),
            status=one_of(STATUSES),
            code=or_null(TEXT),
            reason=REASON,
            update=or_null(UPDATE),
            incompatible_update=or_null(mapping(version=TEXT, compatibility=RANGES)),
        ),
    },
)


def _checked(node: Any, installed: dict[str, Any], most: int) -> dict[str, str]:
    if len(installed) > most:
        raise colander.Invalid(node, f"At most {most} extensions in one request.")
    for name, version in installed.items():
        good = isinstance(version, str) and name.isprintable() and version.isprintable()
        if not good or not 0 < len(name) <= LONGEST_NAME or not 0 < len(version) <= LONGEST_VERSION:
            raise colander.Invalid(
                node,
                f"{name[:50]!a}: a name has 1 to {LONGEST_NAME} characters, "
                f"a version is a string of 1 to {LONGEST_VERSION}.",
            )
    return installed
