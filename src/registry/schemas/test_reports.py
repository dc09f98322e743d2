"""What the runner of a test run says, in forms or JSON."""

import re
from typing import Any

import colander

from registry.domain import test_events, test_runs

STATES = ("running", "uploading", "finished", "error")
_TRUE, _FALSE = ("true", "1", "yes", "on", "t"), ("false", "0", "no", "off", "f", "")
_PROGRESS = re.compile(r"([0-9]{1,9})/([0-9]{1,9})\Z")


class Bool(colander.SchemaType):
    """What a form or JSON says for yes or no."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["boolean", "string"]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        word = str(cstruct).strip().lower()
        if word not in (*_TRUE, *_FALSE):
            raise colander.Invalid(node, "This must be true or false.")
        return word in _TRUE


class Line(colander.SchemaType):
    """A text of a runner's, which people read."""

    def __init__(self, most: int):
        self.most = most

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or (isinstance(cstruct, str) and not cstruct.strip()):
            return colander.null
        if not isinstance(cstruct, str) or "\0" in cstruct:
            raise colander.Invalid(node, "This must be text without NUL.")
        if len(cstruct) > self.most:
            raise colander.Invalid(node, f"This may have at most {self.most} characters.")
        return cstruct


class SaidSchema(colander.MappingSchema):
    """What a runner says; everything but the status may be left out."""

    lenient = True
    status = colander.SchemaNode(
        Line(test_events.STATUS_LENGTH), missing_msg="EMPTY_STATUS: Say something; this is what people read."
    )
    finished = colander.SchemaNode(Bool(), missing=None, description="Whether the run has ended.")
    state = colander.SchemaNode(colander.String(), missing=None, validator=colander.OneOf(STATES))
    error = colander.SchemaNode(
        Line(test_events.ERROR_BYTES), missing=None, description="Why it failed; ends the run."
    )
    exit_code = colander.SchemaNode(
        colander.Integer(), missing=None, validator=colander.Range(-(2**31), 2**32)
    )
    progress = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Regex(_PROGRESS, "This must be like 3/10."),
        description="Done of all, like 3/10.",
    )
    timeout = colander.SchemaNode(
        colander.Integer(),
        missing=None,
        validator=colander.Range(test_runs.LEAST_SILENCE, test_runs.MOST_SILENCE),
        description="For how many seconds it may be silent from now on.",
    )


def said(wanted: dict[str, Any]) -> test_events.Said:
    """What ``SaidSchema`` has read."""
    progress = _PROGRESS.match(wanted["progress"] or "")
    done, total = (int(part) for part in progress.groups()) if progress else (None, None)
    error = wanted["error"] or (wanted["status"] if wanted["state"] == "error" else None)
    return test_events.Said(
        text=wanted["status"],
        finished=True if error or wanted["state"] == "finished" else wanted["finished"],
        error=error,
        exit_code=wanted["exit_code"],
        done=done,
        total=total,
        silence=wanted["timeout"],
        uploading=wanted["state"] == "uploading",
    )


class FinalSchema(colander.MappingSchema):
    finished = colander.SchemaNode(
        Bool(), missing=True, description="Whether this is the last file; more may come after `false`."
    )
