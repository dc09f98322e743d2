"""What owners want to have passed before a version becomes `latest`."""

import re
from typing import Any

import colander

from registry.models.test_runs import WORD
from registry.schemas.answers import FLAG, NUMBER, TEXT, TEXTS, TIME, URL, mapping, or_null
from registry.schemas.management import Why
from registry.schemas.texts import Flag, Texts, Whole

MOST_NAMED, MOST_PASSING = 20, 100
_HOST = re.compile(r"[^@]{1,64}(@[^@]{1,64})?\Z")
_HELD = mapping(version=TEXT, reason=TEXT, url=URL)
POLICY = mapping(
    passing=NUMBER,
    hosts=TEXTS,
    os=TEXTS,
    no_regression=FLAG,
    changed=or_null(TIME),
    held={
        "type": "array",
        "items": _HELD,
        "description": "The versions that wait for their tests, the newest first.",
    },
)


class Words(Texts):
    """The same in small letters, as platforms are known."""

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        words = super().deserialize(node, cstruct)
        return words if words is colander.null else list(dict.fromkeys(word.lower() for word in words))


def _hosts(node: Any, value: list[str]) -> None:
    if not all(map(_HOST.match, value)):
        raise colander.Invalid(node, 'A host is named like "brackets" or "brackets@1.14.2".')


class PolicySchema(colander.MappingSchema):
    passing = colander.SchemaNode(
        Whole(),
        missing=0,
        validator=colander.Range(0, MOST_PASSING),
        description="On so many platforms (a host, a version of it, an operating system) the tests must have passed.",
    )
    hosts = colander.SchemaNode(
        Words(MOST_NAMED, 2 * WORD + 1),
        missing=[],
        validator=_hosts,
        description="Only platforms with one of these hosts count: `brackets`, or `brackets@1.14.2`.",
    )
    os = colander.SchemaNode(
        Words(MOST_NAMED, WORD),
        missing=[],
        description="Only platforms with one of these operating systems count.",
    )
    no_regression = colander.SchemaNode(
        Flag(),
        missing=False,
        description="No test may fail that passed in `latest`; it must be run wherever that was tested.",
    )


class ReleaseSchema(colander.MappingSchema):
    reason = colander.SchemaNode(Why(), description="Why it goes through although its tests have not passed.")
