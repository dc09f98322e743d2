"""What can be asked of the results of a version, and what they look like together."""

from typing import Any

import colander

from registry.domain import test_diffs, test_matrix
from registry.domain.test_cells import COUNTED, PROVENANCES
from registry.models.test_runs import WORD
from registry.results import Status
from registry.schemas.answers import NUMBER, TEXT, TIME, URL, mapping, one_of, or_null
from registry.schemas.texts import Printable, text

_COUNTS = mapping(**{str(name): NUMBER for name in COUNTED})
_PLACE: dict[str, Any] = {"host_app": TEXT, "host_version": TEXT, "os": TEXT}
_SOURCES = {"type": "array", "items": one_of(PROVENANCES)}
OUTCOMES = mapping(**dict.fromkeys(test_matrix.OUTCOMES, NUMBER))
CELL = mapping(
    **_PLACE,
    outcome=one_of(test_matrix.OUTCOMES),
    counts=_COUNTS,
    sources={
        "type": "object",
        "properties": dict.fromkeys(PROVENANCES, _COUNTS),
        "additionalProperties": False,
        "description": "The same by who vouches for it.",
    },
    newest=TIME,
    newest_run=URL,
    stale=or_null(one_of([test_matrix.AGE, test_matrix.REPLACED])),
)
MATRIX = mapping(
    name=TEXT,
    version=TEXT,
    sources=_SOURCES,
    other_sources={**_SOURCES, "description": "Who else has results; `source` shows theirs."},
    outcomes=OUTCOMES,
    cells={"type": "array", "maxItems": test_matrix.MOST_CELLS, "items": CELL},
)
BADGE = mapping(schemaVersion={"const": 1}, label=TEXT, message=TEXT, color=TEXT)
FLAKY = {
    "type": "boolean",
    "description": "Runs of the same bytes on the same platform do not agree about it.",
}
_CHANGED = mapping(
    test=TEXT,
    key=TEXT,
    status=or_null(one_of(Status)),
    before=or_null(one_of(Status)),
    flaky=FLAKY,
    url=or_null(URL),
)
DIFF = mapping(
    run=URL,
    base=URL,
    counts=mapping(**dict.fromkeys(test_diffs.KINDS, NUMBER)),
    **{
        kind: {"type": "array", "maxItems": test_diffs.MOST_SHOWN, "items": _CHANGED}
        for kind in test_diffs.KINDS
    },
)


def source_node() -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.String(),
        name="source",
        missing=None,
        validator=colander.OneOf(list(PROVENANCES)),
        description="Only what they vouch for; `owner` and `runner` together if left out. Others are never mixed in.",
    )


class MatrixSchema(colander.MappingSchema):
    source = source_node()
    host_app = text(WORD, missing=None, description="Only on this host.")
    host_version = text(WORD, missing=None, description="Only on this version of it.")
    os = text(WORD, missing=None, description="Only on this operating system.")
    arch = text(WORD, missing=None, description="Only on this architecture.")
    locale = text(WORD, missing=None, description="Only in this language.")


class BadgeSchema(MatrixSchema):
    label = colander.SchemaNode(
        colander.String(), missing="tests", validator=Printable(40), description="What stands in front."
    )


class DiffSchema(colander.MappingSchema):
    base = colander.SchemaNode(
        colander.Integer(),
        validator=colander.Range(1, 2**53),
        description="The number of a run of the same extension to compare with.",
    )
