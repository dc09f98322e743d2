"""What Mozilla's add-on clients say of an add-on: ratings, answers to them, flags on them, reports of abuse."""

from typing import Any

import colander

from registry.domain import reports, review_flags, reviews
from registry.schemas.feedback import prose, stars
from registry.schemas.texts import Text

# Their words for our reasons; what is not among them is `other`.
REASONS = {
    "damage": "harm",
    "deceptive": "deception",
    "hateful_violent_deceptive": "deception",
    "settings": "deception",
    "spam": "deception",
    "unwanted": "deception",
}
OTHER = "other"
LONGEST = 255
# What a reporter's program may say beside the report.
CONTEXT = (
    *("reporter_name", "reporter_email", "report_entry_point", "location", "addon_install_method"),
    *("addon_install_origin", "addon_install_source", "addon_install_source_url", "addon_name"),
    *("addon_signature", "addon_summary", "addon_version", "app", "appversion", "lang", "client_id"),
    *(
        "install_date",
        "operating_system",
        "operating_system_version",
        "illegal_category",
        "illegal_subcategory",
    ),
)
LOCATIONS = ("amo", "addon", "both")
_FLAG = "rating_flag_reason_"


class Named(colander.SchemaType):
    """What names an add-on, or a version of one: its number, or a text."""

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["integer", "string"]}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None:
            return colander.null
        name = str(cstruct) if type(cstruct) is int else cstruct
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST or not name.isprintable():
            raise colander.Invalid(node, f"This must be a number, or a text of 1 to {LONGEST} characters.")
        return name


class Lenient(colander.MappingSchema):
    """Fields that are not known are ignored."""

    lenient = True


class RatingSchema(Lenient):
    addon = colander.SchemaNode(Named(), description="Its number, slug or guid.")
    version = colander.SchemaNode(Named(), description="The number of one of its versions.")
    score = stars()
    body = prose(reviews.BODY_LENGTH, lines=True, missing=None)


class RatingEditSchema(Lenient):
    score = stars(missing=colander.drop)
    body = prose(reviews.BODY_LENGTH, lines=True, missing=colander.drop)


class ReplySchema(Lenient):
    body = prose(reviews.BODY_LENGTH, lines=True)


class _Reason(Text):
    def deserialize(self, node: Any, cstruct: Any) -> Any:
        said = super().deserialize(node, cstruct)
        return said.removeprefix(_FLAG) if isinstance(said, str) else said

    def json_schema(self) -> dict[str, Any]:
        return {"enum": [f"{_FLAG}{reason}" for reason in review_flags.REASONS]}


def _known_reason(node: Any, value: str) -> None:
    if value not in review_flags.REASONS:
        known = ", ".join(f"{_FLAG}{reason}" for reason in review_flags.REASONS)
        raise colander.Invalid(node, f"The flag is one of {known}.")


class FlagSchema(Lenient):
    flag = colander.SchemaNode(_Reason(), validator=_known_reason)
    note = prose(review_flags.NOTE_LENGTH, lines=True, missing=None)


class AbuseSchema(Lenient):
    addon = colander.SchemaNode(
        Named(), description="Its number, slug or guid; a guid need not be known here."
    )
    message = prose(reports.COMMENT_LENGTH, lines=True)
    reason = prose(LONGEST, missing=None)


ABUSE = AbuseSchema()
for _name in CONTEXT:
    ABUSE.add(prose(LONGEST, missing=None, name=_name))
ABUSE["location"].validator = colander.Any(colander.OneOf(LOCATIONS), colander.OneOf([None]))
