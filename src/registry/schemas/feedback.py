"""What users may say of an extension, and in how many words."""

from typing import Any

import colander

from registry.domain import review_flags, reviews
from registry.packages.fields import Fields
from registry.packages.findings import Finding
from registry.schemas.texts import Text, Whole


class Prose(colander.SchemaType):
    """A text for people to read, never markup; of one line unless ``lines``. null, or a blank one, is none."""

    def __init__(self, longest: int, *, lines: bool = False):
        self.longest, self.lines = longest, lines

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": self.longest}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        findings: list[Finding] = []
        found = Fields({node.name: cstruct}, "", findings).text(node.name, self.longest, lines=self.lines)
        if findings:
            raise colander.Invalid(node, [str(finding) for finding in findings])
        if found is None and node.required:
            raise colander.Invalid(node, "This must be a text.")
        return found


def prose(longest: int, *, lines: bool = False, **options: Any) -> colander.SchemaNode:
    return colander.SchemaNode(Prose(longest, lines=lines), **options)


_STARS = "BAD_RATING: A rating is a whole number from 1 to 5."


class _Stars(Whole):
    def deserialize(self, node: Any, cstruct: Any) -> Any:
        try:
            return super().deserialize(node, cstruct)
        except colander.Invalid:
            raise colander.Invalid(node, _STARS) from None


def stars(**options: Any) -> colander.SchemaNode:
    between = colander.Range(min(reviews.STARS), max(reviews.STARS), min_err=_STARS, max_err=_STARS)
    return colander.SchemaNode(
        _Stars(), validator=between, missing_msg=_STARS, description="How many stars.", **options
    )


def need_title(node: Any, review: dict[str, Any], text: str) -> None:
    """A validator's part: ``text`` is the field that needs a title."""
    if review[text] and not review["title"]:
        fault = colander.Invalid(node)
        fault["title"] = "TITLE_REQUIRED: A review with a text needs a title."
        raise fault


class ReviewSchema(colander.MappingSchema):
    rating = stars()
    title = prose(reviews.TITLE_LENGTH, missing=None)
    body = prose(reviews.BODY_LENGTH, lines=True, missing=None, description="Needs a title.")

    def validator(self, node: Any, value: dict[str, Any]) -> None:
        need_title(node, value, "body")


class ReviewEditSchema(colander.MappingSchema):
    rating = stars(missing=colander.drop)
    title = prose(reviews.TITLE_LENGTH, missing=colander.drop)
    body = prose(reviews.BODY_LENGTH, lines=True, missing=colander.drop)


class ReplySchema(colander.MappingSchema):
    body = prose(reviews.BODY_LENGTH, lines=True)


class FlagSchema(colander.MappingSchema):
    reason = colander.SchemaNode(Text(), validator=colander.OneOf(review_flags.REASONS))
    note = prose(
        review_flags.NOTE_LENGTH, lines=True, missing=None, description='Needed where the reason is "other".'
    )


class HidingSchema(colander.MappingSchema):
    reason = prose(reviews.REASON_LENGTH, lines=True, description="The author reads it.")
