"""The change feed: what may be asked, and the answer."""

from typing import Any

import colander

from registry.catalogue.changes import ADDRESSES, CHANGES
from registry.schemas.answers import EXTENSION, NUMBER, RANGES, REASON, TEXT, URL, mapping, one_of, or_null

MOST = 1000
DEFAULT = 500
MOST_NAMES = 100
LONGEST_NAME = 100


class Names(colander.SchemaType):
    """Names of extensions with commas between them."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MOST_NAMES * (LONGEST_NAME + 1)}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        names = [name for name in cstruct.split(",") if name]
        if not 0 < len(names) <= MOST_NAMES:
            raise colander.Invalid(node, f"Name 1 to {MOST_NAMES} extensions, with commas between them.")
        if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names):
            raise colander.Invalid(node, f"A name has at most {LONGEST_NAME} characters.")
        return sorted(set(names))


class ChangesSchema(colander.MappingSchema):
    since = colander.SchemaNode(
        colander.Integer(),
        missing=0,
        validator=colander.Range(0, 2**53 - 1),
        description="The `seq` of the answer before; 0 for everything.",
    )
    after = colander.SchemaNode(
        colander.Integer(),
        missing=None,
        validator=colander.Range(0, 2**53 - 1),
        description="For the next page, with the same `since`: the `seq` of the last item of the page before.",
    )
    limit = colander.SchemaNode(
        colander.Integer(),
        missing=DEFAULT,
        validator=colander.Range(1, MOST),
        description="The most items in an answer.",
    )
    names = colander.SchemaNode(
        Names(), missing=None, description="Only these extensions, with commas between them."
    )


_CARRIED = {name: schema for name, schema in EXTENSION["properties"].items() if name not in ADDRESSES} | {
    "compatibility": RANGES,
    "reason": REASON,
}
CHANGES_ANSWER = mapping(
    seq=NUMBER,
    next=or_null(URL),
    changes={
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name", "seq", "changes"],
            "properties": {
                "name": TEXT,
                "seq": NUMBER,
                "changes": {"type": "array", "items": one_of(CHANGES)},
                **_CARRIED,
            },
            "additionalProperties": False,
        },
    },
)
