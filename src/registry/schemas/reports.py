"""What is said in reports and appeals, and what the registry's team says to them."""

from typing import Any

import colander

from registry.domain import appeals, reports
from registry.models import AppealState, ReportState
from registry.schemas.answers import NUMBER, TEXT, TIME, URL, mapping, one_of, or_null
from registry.schemas.feedback import prose
from registry.schemas.texts import Flag, Text, text

ANY = "any"
_SAID = {
    "reason": one_of(reports.REASONS),
    "comment": or_null(TEXT),
    "version": or_null(TEXT),
    "created": TIME,
}
_DECIDED = {
    "decided": or_null(TIME),
    "decided_by": or_null({**TEXT, "description": "For admins."}),
    "answer": or_null({**TEXT, "description": "What the team says to it."}),
}
REPORT = mapping(
    id=NUMBER,
    extension=TEXT,
    extension_state=TEXT,
    reporter=or_null(TEXT),
    **_SAID,
    context=or_null({"type": "object", "description": "What the reporter's program said beside it."}),
    evidence={"type": "array", "items": mapping(**_SAID), "description": "What the reporter added."},
    state=one_of(ReportState),
    claimed=or_null(TIME),
    claimed_by=or_null({**TEXT, "description": "For admins."}),
    **_DECIDED,
    url=URL,
)
APPEAL = mapping(
    id=NUMBER,
    extension=TEXT,
    extension_state=TEXT,
    user=or_null(TEXT),
    comment=TEXT,
    created=TIME,
    state=one_of(AppealState),
    **_DECIDED,
    url=URL,
)


class ReportSchema(colander.MappingSchema):
    reason = colander.SchemaNode(Text(), validator=colander.OneOf(reports.REASONS))
    comment = prose(
        reports.COMMENT_LENGTH, lines=True, missing=None, description='Needed where the reason is "other".'
    )
    version = text(100, missing=None, description="The version in which it can be seen.")

    def validator(self, node: Any, value: dict[str, Any]) -> None:
        if value["reason"] == "other" and not value["comment"]:
            fault = colander.Invalid(node)
            fault["comment"] = 'COMMENT_REQUIRED: The reason "other" needs a comment that says what it is.'
            raise fault


class DecisionSchema(colander.MappingSchema):
    decision = colander.SchemaNode(Text(), validator=colander.OneOf(["dismiss", "uphold"]))
    reason = prose(reports.ANSWER_LENGTH, description="The reporter and the owners read it.")
    together = colander.SchemaNode(
        Flag(), name="all", missing=False, description="Decide all open reports of the extension so."
    )


class AppealSchema(colander.MappingSchema):
    comment = prose(appeals.COMMENT_LENGTH, lines=True, description="Why the decision is wrong.")


class AppealDecisionSchema(colander.MappingSchema):
    decision = colander.SchemaNode(Text(), validator=colander.OneOf(["grant", "refuse"]))
    reason = prose(reports.ANSWER_LENGTH, description="The owners read it.")


def _filter(choices: list[str], missing: str | None, description: str) -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.String(), validator=colander.OneOf(choices), missing=missing, description=description
    )


class ReportsSchema(colander.MappingSchema):
    state = _filter([*map(str, ReportState), ANY], str(ReportState.OPEN), "Only those in this state.")
    reason = _filter(list(reports.REASONS), None, "Only those for this reason.")
    extension = colander.SchemaNode(
        colander.String(),
        validator=colander.Length(max=100),
        missing=None,
        description="Only those of the extension with this name.",
    )
    claimed = _filter(
        ["true", "false", "me"], None, "Only those that an admin looks into, or nobody, or oneself."
    )
    appeal = _filter(["true", "false"], None, "Only those of extensions with an open appeal, or without one.")


class AppealsSchema(colander.MappingSchema):
    state = _filter([*map(str, AppealState), ANY], str(AppealState.OPEN), "Only those in this state.")
