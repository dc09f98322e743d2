"""Test runs: what they are asked for with, what their runners say, and what they look like."""

from typing import Any

import colander

from registry.domain import miniconf, test_runs
from registry.models import RunSource, RunState, UploadState
from registry.models.test_runs import ENVIRONMENT, WORD
from registry.results import Format, Outcome, Status
from registry.schemas.answers import FLAG, NUMBER, SHA256, TEXT, TIME, URL, mapping, one_of, or_null
from registry.schemas.texts import Flag, Printable, Whole, text

COUNTS = mapping(**dict.fromkeys(test_runs.COUNTS, NUMBER))
ENV = mapping(**dict.fromkeys(ENVIRONMENT, TEXT))
UPLOAD = mapping(
    sha256=SHA256,
    size=NUMBER,
    format=one_of(["", *Format]),
    producer=or_null(TEXT),
    state=one_of(UploadState),
    error=or_null(TEXT),
    created=TIME,
)
_RUN: dict[str, Any] = {
    "id": NUMBER,
    "uuid": TEXT,
    "extension": or_null(TEXT),
    "version": or_null(TEXT),
    "package_sha256": or_null(SHA256),
    "state": one_of(RunState),
    "outcome": or_null(one_of(Outcome)),
    "reason": or_null(TEXT),
    "env": ENV,
    "source": one_of(RunSource),
    "tokenless": FLAG,
    "runner": or_null(TEXT),
    "created_by": or_null(TEXT),
    "created": TIME,
    "started": or_null(TIME),
    "last_seen": or_null(TIME),
    "deadline": or_null(TIME),
    "finished": or_null(TIME),
    "counts": COUNTS,
    "duration": or_null({"type": "number", "minimum": 0, "description": "Seconds."}),
    "truncated": FLAG,
    "late": FLAG,
    "withdrawn": or_null(TIME),
    "attempt": NUMBER,
    "retry_of": or_null(NUMBER),
    "url": URL,
}
RUN = mapping(**_RUN)
TAKEN = mapping(test_id=NUMBER, **_RUN)
RUN_DETAIL = mapping(**_RUN, tests={"type": "object"}, raw={"type": "array", "items": UPLOAD})
NEW_RUN = mapping(
    **_RUN,
    tests={"type": "object"},
    raw={"type": "array", "items": UPLOAD},
    token=or_null({**TEXT, "description": "For the runner; it is never shown again."}),
)
EVENT = mapping(
    id=NUMBER,
    kind=TEXT,
    status=TEXT,
    finished=or_null(FLAG),
    error=or_null(TEXT),
    exit_code=or_null({"type": "integer"}),
    progress=or_null(TEXT),
    created=TIME,
    url=URL,
)
NOTED = mapping(
    test_id=NUMBER,
    status=TEXT,
    state=one_of(RunState),
    finished=FLAG,
    created=TIME,
    deadline=TIME,
    cancel_requested=FLAG,
)
_RESULT: dict[str, Any] = {
    "id": NUMBER,
    "test": TEXT,
    "key": TEXT,
    "status": one_of(Status),
    "started": or_null(TIME),
    "duration": or_null({"type": "number"}),
    "message": or_null(TEXT),
    "tags": {"type": "array", "items": TEXT},
    "url": URL,
}
RESULT = mapping(**_RESULT)
_ATTACHMENT = mapping(name=TEXT, media_type=TEXT, size=NUMBER, sha256=or_null(SHA256), url=or_null(URL))
RESULT_DETAIL = mapping(
    **_RESULT,
    detail=or_null(TEXT),
    detail_cut=FLAG,
    attachments={"type": "array", "items": _ATTACHMENT},
)


def _word(name: str) -> colander.SchemaNode:
    return text(WORD, name=name, missing="")


class EnvSchema(colander.MappingSchema):
    """What the tests run on, in single words."""

    host_app, host_version, os = _word("host_app"), _word("host_version"), _word("os")
    os_version, arch, locale, runtime = _word("os_version"), _word("arch"), _word("locale"), _word("runtime")


class PlacedSchema(EnvSchema):
    """Anonymous results: which version they are of, and on what they were found."""

    extension = colander.SchemaNode(colander.String(), missing=None, validator=colander.Length(max=300))
    version = colander.SchemaNode(colander.String(), missing=None, validator=colander.Length(max=300))


class Options(colander.SchemaType):
    """A JSON object of strings."""

    def __init__(self, most: int, longest: int):
        self.most, self.longest = most, longest

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "maxProperties": self.most,
            "additionalProperties": {"type": "string", "maxLength": self.longest},
        }

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        good = isinstance(cstruct, dict) and all(
            isinstance(value, str) and len(value) <= self.longest and value.isprintable()
            for value in cstruct.values()
        )
        if not good or len(cstruct) > self.most:
            raise colander.Invalid(
                node,
                f"This must be an object of at most {self.most} strings of up to {self.longest} characters.",
            )
        for name in cstruct:
            if not 0 < len(name) <= WORD or not name.isprintable():
                raise colander.Invalid(node, f"The name of an option has 1 to {WORD} characters on one line.")
        return dict(cstruct)


def _no_secrets(node: Any, options: dict[str, str]) -> None:
    for name, value in options.items():
        if miniconf.is_secret(name, value):
            raise colander.Invalid(
                node,
                f"SECRET: {name!r} looks like a secret; runners are told nothing that others may not read.",
            )


class TestsSchema(colander.MappingSchema):
    """Which tests are to be run."""

    suite = text(256, missing="", description="Where in the package they are.")
    include = text(256, missing="", description="Only these, joined by commas.")
    exclude = text(256, missing="", description="Not these, joined by commas.")
    per_test_timeout_seconds = text(10, missing="")


class NewRunSchema(colander.MappingSchema):
    env = EnvSchema(missing={})
    runner = colander.SchemaNode(
        colander.String(), missing=None, validator=Printable(100), description="What its runner is called."
    )
    tokenless = colander.SchemaNode(
        Flag(), missing=False, description="Anybody may report to it, and nothing counts on what they say."
    )
    silence_seconds = colander.SchemaNode(
        Whole(),
        missing=test_runs.SILENCE,
        validator=colander.Range(test_runs.LEAST_SILENCE, test_runs.MOST_SILENCE),
        description="For how long its runner may be silent.",
    )
    total_seconds = colander.SchemaNode(
        Whole(),
        missing=test_runs.TOTAL,
        validator=colander.Range(test_runs.LEAST_SILENCE, test_runs.MOST_TOTAL),
        description="How long it may take at all.",
    )
    retry_of = colander.SchemaNode(
        Whole(),
        missing=None,
        validator=colander.Range(1, 2**53),
        description="The run that this one repeats.",
    )
    tests = TestsSchema(missing={})
    extra = colander.SchemaNode(
        Options(miniconf.MOST_EXTRA, miniconf.EXTRA_LENGTH),
        missing={},
        validator=_no_secrets,
        description="More options for the runner, in its section `extra`.",
    )


def _filter(choices: Any, description: str) -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.String(),
        validator=colander.OneOf([str(each) for each in choices]),
        missing=None,
        description=description,
    )


class RunsSchema(colander.MappingSchema):
    state = _filter(RunState, "Only those in this state.")
    outcome = _filter(Outcome, "Only those that came to this.")
    source = _filter(RunSource, "Only those that they vouch for.")
    host_app = text(WORD, missing=None, description="Only those on this host.")
    host_version = text(WORD, missing=None, description="Only those on this version of it.")
    os = text(WORD, missing=None, description="Only those on this operating system.")
    arch = text(WORD, missing=None, description="Only those on this architecture.")


class ResultsSchema(colander.MappingSchema):
    status = _filter(Status, "Only those with this status.")
    q = text(100, missing=None, description="Only tests with this in their names.")


class RawSchema(colander.MappingSchema):
    sha256 = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Regex(r"[0-9a-f]{64}\Z", "This must be a SHA-256 in small hexadecimal digits."),
        description="Which of its files; the newest if left out.",
    )
