"""What lists of extensions can be asked for."""

import math
from typing import Any

import colander

from registry.domain import compatibility
from registry.domain.errors import Invalid
from registry.packages import FORMATS
from registry.schemas.queries import Time, YesNo
from registry.schemas.translations import Language, ShownSchema

LONGEST_QUERY = 200
RELEVANCE = "relevance"
SORTS = (RELEVANCE, "downloads", "recent_downloads", "rating", "updated", "name")


class Searchable(colander.SchemaType):
    """A line of text that can be looked for, without spaces at its ends; nothing when there is nothing else in it."""

    def __init__(self, most: int):
        self.most = most

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or not cstruct.strip():
            return colander.null
        if len(cstruct) > self.most:
            raise colander.Invalid(node, f"This may have at most {self.most} characters.")
        if any(character < " " or "\x7f" <= character < "\xa0" for character in cstruct):
            raise colander.Invalid(node, "This must be text on one line.")
        return cstruct.strip()


def _text(description: str, most: int = 100) -> colander.SchemaNode:
    return colander.SchemaNode(Searchable(most), missing=None, description=description)


def _choice(names: Any, description: str) -> colander.SchemaNode:
    chosen = colander.OneOf(list(names))
    return colander.SchemaNode(colander.String(), missing=None, validator=chosen, description=description)


def _rating(node: Any, value: float) -> None:
    if not (math.isfinite(value) and 0 <= value <= 5):
        raise colander.Invalid(node, "This must be a number from 0 to 5.")


class QuerySchema(colander.MappingSchema):
    q = _text(
        "Words to look for in names, titles, summaries, descriptions, keywords and authors; "
        "the last may be unfinished. All must be there.",
        LONGEST_QUERY,
    )


class SearchSchema(ShownSchema, QuerySchema):
    sort = _choice(SORTS, "The order: `relevance` (default with `q`), `name` (default without), or another.")
    kind = _choice(("extension", "theme"), "Only themes, or all others.")
    format = _choice(FORMATS, "Only packages of this format.")
    category = _text("Only of this category.")
    language = colander.SchemaNode(
        Language(), missing=None, description="Only what speaks this language (`fr` includes `fr-CA`)."
    )
    license = _text("Only under this licence, by its SPDX identifier.")
    owner = _text("Only of this user, `team:NAME`, or owner where it was imported from.", 200)
    min_rating = colander.SchemaNode(
        colander.Float(),
        missing=None,
        validator=_rating,
        description="Only with at least this rating, which is drawn towards the average while reviews are few.",
    )
    updated_since = colander.SchemaNode(
        Time(),
        missing=None,
        description="Only with a version published since, such as 2026-01-31T12:00:00Z.",
    )
    host = _choice(
        compatibility.HOSTS, "Only what runs on this host, in the `host_version` that must be given, too."
    )
    host_version = _text("The version of the host. Each result shows its newest version that runs on it.")
    tested_on = _text(
        "Only what passed its tests on this host, such as `brackets` or `brackets@1.14.2`.", 129
    )
    os = _text("Only what passed its tests on this operating system; on that host, if both are given.", 64)
    facets = colander.SchemaNode(
        YesNo(),
        missing=False,
        description="`1`: also count the values of `kind`, `category`, `language` and `license`.",
    )

    def validator(self, node: Any, values: dict[str, Any]) -> None:
        host, version = values["host"], values["host_version"]
        faults = colander.Invalid(node)
        if values["sort"] == RELEVANCE and values["q"] is None:
            faults["sort"] = "Relevance needs `q`; the other orders are " + ", ".join(SORTS[1:]) + "."
        if (host is None) != (version is None):
            faults["host" if host is None else "host_version"] = "`host` and `host_version` go together."
        elif host is not None:
            try:
                compatibility.check(host, version)
            except Invalid as fault:
                faults[fault.field] = f"{fault.code}: {fault}"
        if faults.children:
            raise faults


class AutocompleteSchema(QuerySchema):
    lang = colander.SchemaNode(Language(), missing=None, description="Titles in this language, as strings.")
