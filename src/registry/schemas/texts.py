"""Text that people and programs send: bounded, and nothing in it that cannot be stored or shown."""

from typing import Any

import colander


class Printable:
    """A validator: 1 to ``most`` characters on one line, none of them invisible to machines only."""

    def __init__(self, most: int):
        self.max = most

    def __call__(self, node: Any, value: str) -> None:
        if not 0 < len(value) <= self.max:
            raise colander.Invalid(node, f"This must have 1 to {self.max} characters.")
        if not value.isprintable() or not value.strip():
            raise colander.Invalid(node, "This must be text on one line.")


def text(most: int, **options: Any) -> colander.SchemaNode:
    """One line of text of at most ``most`` characters."""
    return colander.SchemaNode(Text(), validator=Printable(most), **options)


class Text(colander.SchemaType):
    """A JSON string, and nothing that merely could be made into one."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, str):
            raise colander.Invalid(node, "This must be a string.")
        return cstruct if cstruct else colander.null


class Texts(colander.SchemaType):
    """A JSON array of at most ``most`` different strings."""

    def __init__(self, most: int, longest: int = 100):
        self.most, self.longest = most, longest

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "array",
            "maxItems": self.most,
            "items": {"type": "string", "maxLength": self.longest},
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        good = isinstance(cstruct, list) and all(
            isinstance(item, str) and 0 < len(item) <= self.longest and item.isprintable() for item in cstruct
        )
        if not good or len(cstruct) > self.most:
            raise colander.Invalid(
                node,
                f"This must be a list of at most {self.most} strings of up to {self.longest} characters.",
            )
        return list(dict.fromkeys(cstruct))


class Whole(colander.SchemaType):
    """A JSON number without a fraction; neither `true` nor a string that looks like one."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if type(cstruct) is not int:
            raise colander.Invalid(node, "This must be a whole number.")
        return cstruct


class Flag(colander.SchemaType):
    """JSON `true` or `false`."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, bool):
            raise colander.Invalid(node, "This must be true or false.")
        return cstruct
