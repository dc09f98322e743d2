"""Types of query parameters, which come as text."""

import datetime
from typing import Any

import colander

_FIRST = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
_LAST = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)


class Time(colander.DateTime):
    """A time, of UTC where it names no zone, that every clock and database can reckon with."""

    err_template = "This must be a time such as 2026-01-31T12:00:00Z."

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        value = super().deserialize(node, cstruct)
        if value is not colander.null and not _FIRST < value < _LAST:
            raise colander.Invalid(node, "This must be a time since 1990.")
        return value


class YesNo(colander.SchemaType):
    """`1` or `true`, `0` or `false`."""

    _WORDS = {"1": True, "true": True, "0": False, "false": False}

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if not cstruct:
            return colander.null
        if cstruct.lower() not in self._WORDS:
            raise colander.Invalid(node, "This must be `true` or `1`, `false` or `0`.")
        return self._WORDS[cstruct.lower()]
