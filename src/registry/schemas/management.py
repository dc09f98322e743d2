"""What the registry's team may decide, and owners about their versions; what they are shown."""

from typing import Any

import colander

from registry.domain.decisions import CODES, LONGEST, Reason
from registry.models import ExtensionState
from registry.packages import FORMATS, ranges
from registry.schemas.answers import (
    EXTENSION,
    FLAG,
    REASON,
    TEXT,
    TEXTS,
    TIME,
    URL,
    VERSION,
    mapping,
    one_of,
    or_null,
)
from registry.schemas.queries import Time
from registry.schemas.texts import Flag, Text, text

LONGEST_PATTERN = 100


class Why(colander.SchemaType):
    """``{"code": one of CODES, "text": one line}``; gives a `Reason`."""

    def json_schema(self) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "maxLength": LONGEST}
        return mapping(code=one_of(CODES), text=text)

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        if not isinstance(cstruct, dict):
            raise colander.Invalid(node, 'This must be an object such as {"code": "malware", "text": "…"}.')
        code, text = cstruct.get("code"), cstruct.get("text")
        faults = [f"{name[:50]!a} is not known here." for name in sorted(cstruct.keys() - {"code", "text"})]
        if not isinstance(code, str) or code not in CODES:
            faults.append(f"BAD_REASON: `code` is one of {', '.join(CODES)}.")
        if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > LONGEST:
            faults.append(f"REASON_REQUIRED: `text` is a text of at most {LONGEST} characters on one line.")
        if faults:
            raise colander.Invalid(node, faults)
        return Reason(str(code), str(text))


class Limit(colander.SchemaType):
    """A highest version of the host, or null for none."""

    def __init__(self, *, browser: bool):
        self.browser = browser

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": ranges.MAX_LIMIT}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or cstruct is None:
            return cstruct
        if not isinstance(cstruct, str):
            raise colander.Invalid(node, "This must be a string or null.")
        try:
            return ranges.read_limit(cstruct, browser=self.browser)
        except ValueError as fault:
            raise colander.Invalid(node, f"BAD_API_LIMIT: {fault}") from None


def _why() -> colander.SchemaNode:
    return colander.SchemaNode(Why(), name="reason", description="For programs, and for the owners to read.")


class ManageSchema(colander.MappingSchema):
    """``browser``: whether the hosts of the extension are browsers."""

    state = colander.SchemaNode(
        Text(), missing=colander.drop, validator=colander.OneOf([str(state) for state in ExtensionState])
    )
    reason = _why()

    def __init__(self, *, browser: bool):
        super().__init__()
        self.add(
            colander.SchemaNode(
                Limit(browser=browser),
                name="api_max",
                missing=colander.drop,
                description="The highest version of the host that it is offered for; null lifts it.",
            )
        )


class YankSchema(colander.MappingSchema):
    yanked = colander.SchemaNode(Flag(), description="Whether the version is taken back.")
    reason = _why()


def _filter(description: str, **options: Any) -> colander.SchemaNode:
    options = {"validator": colander.Length(max=LONGEST_PATTERN)} | options
    return colander.SchemaNode(colander.String(), missing=None, description=description, **options)


class ManagedSchema(colander.MappingSchema):
    state = _filter("Only in this state.", validator=colander.OneOf([str(state) for state in ExtensionState]))
    format = _filter("Only of this format.", validator=colander.OneOf(sorted(FORMATS)))
    owner = _filter("Only of this owner: a user name, or team:NAME.")
    name_like = _filter("Only with such a name; `*` stands for anything.")
    updated_before = colander.SchemaNode(
        Time(), missing=None, description="Only without a new version since this time."
    )


MANAGED = mapping(
    name=TEXT,
    guid=TEXT,
    format=TEXT,
    title=EXTENSION["properties"]["title"],
    owners=TEXTS,
    version=or_null(TEXT),
    state=one_of(ExtensionState),
    reason=REASON,
    api_max=or_null(TEXT),
    hidden_by_owner=FLAG,
    listed=FLAG,
    updated=TIME,
    revision=TEXT,
    url=URL,
    manage_url=URL,
)
MANAGED_VERSION = mapping(
    name=TEXT,
    version=TEXT,
    state=VERSION["properties"]["state"],
    yanked=FLAG,
    reason=REASON,
    yanked_by_owner=FLAG,
    revision=TEXT,
    url=URL,
    manage_url=URL,
)


class DeletionSchema(colander.MappingSchema):
    confirm = text(100, missing=None, description="The extension's name, to show that it is meant.")
