"""What the tests of an extension look like across its versions."""

import colander

from registry.domain.test_cells import PROVENANCES
from registry.results import Status
from registry.schemas.answers import TEXT, TIME, URL, mapping, one_of, or_null, page
from registry.schemas.test_matrix import FLAKY, source_node
from registry.schemas.texts import text

_PLACE = {"host_app": TEXT, "host_version": TEXT, "os": TEXT}
_TEST = {"test": TEXT, "key": TEXT, "url": URL}
_OUTCOME = mapping(
    **_PLACE,
    arch=TEXT,
    locale=TEXT,
    source=one_of(PROVENANCES),
    status=one_of(Status),
    duration=or_null({"type": "number", "description": "Seconds."}),
    finished=TIME,
    url=URL,
)
_FIRST_BAD = mapping(**_PLACE, version=TEXT, last_good=or_null(TEXT), url=URL)
_VERSION = mapping(version=TEXT, flaky=FLAKY, outcomes={"type": "array", "items": _OUTCOME})
_PAGE = page(_VERSION)["properties"]
TEST = mapping(**_TEST)
HISTORY = mapping(
    **_TEST,
    sources={"type": "array", "items": one_of(PROVENANCES)},
    first_bad={
        "type": "array",
        "items": _FIRST_BAD,
        "description": "Since which version it fails, on each platform on which it failed last.",
    },
    **_PAGE,
)


class HistorySchema(colander.MappingSchema):
    source = source_node()


class TestsSchema(HistorySchema):
    q = text(100, missing=None, description="Only tests with this in their names.")
