"""The tests of an extension, and what came of each in one version after the other."""

from typing import Any

from pyramid.request import Request

from registry import pagination, urls
from registry.domain import test_flakes, test_history, test_matrix
from registry.models import TestName, Version, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import test_names as nodes
from registry.rest import ResourceService, answering
from registry.schemas.answers import page
from registry.schemas.test_history import HISTORY, TEST, HistorySchema, TestsSchema
from registry.urls import API
from registry.validators import query
from registry.views.test_runs import keep_a_moment
from registry.views.visibility import require_open

PATH = f"{API}/extensions/{{name}}/tests/"
tests = ResourceService("tests", PATH, nodes.NamedTests)
test = ResourceService("test", f"{PATH}{{key}}/", nodes.NamedTest)


@tests.get(permission=Permission.READ, validators=[query(pagination.PageSchema()), query(TestsSchema())])
@answering(page(TEST))
def list_tests(request: Request) -> dict[str, Any]:
    """The tests in the newest runs of an extension, in the order in which they were first seen."""
    extension = _extension(request, request.context)
    sources = test_matrix.sources(request.validated["source"])
    rows = test_history.names(request.read, extension.id, sources)
    if request.validated["q"]:
        rows = rows.where(TestName.name.icontains(request.validated["q"], autoescape=True))

    def render(row: Any) -> dict[str, Any]:
        return _test(request, extension, row)

    return pagination.paginate(request, rows, [table(TestName).c.id], render, pagination.count(request, rows))


@test.get(permission=Permission.READ, validators=[query(pagination.PageSchema()), query(HistorySchema())])
@answering(HISTORY)
def show_test(request: Request) -> dict[str, Any]:
    """What came of a test in each version, the newest first, in the newest run on each platform."""
    row = request.context.row
    extension = _extension(request, request.context.__parent__)
    sources = test_matrix.sources(request.validated["source"])
    bound = {"extension_id": extension.id, "name_id": row.id, "sources": list(sources)}
    rows = test_history.VERSIONS.params(**bound)
    keys = [table(Version).c.order_key, table(Version).c.id]
    total = pagination.count(request, rows)
    answer = pagination.paginate(request, rows, keys, lambda each: each, total, descending=True)
    versions = answer["results"]
    found = test_history.outcomes(request.read, extension.id, row.id, sources, [each.id for each in versions])

    def outcome(each: Any) -> dict[str, Any]:
        runs = urls.test_runs(request.public_url, extension.name, each.version)
        return {
            "host_app": each.host_app,
            "host_version": each.host_version,
            "os": each.os,
            "arch": each.arch,
            "locale": each.locale,
            "source": each.provenance,
            "status": each.status,
            "duration": each.duration,
            "finished": time(each.newest),
            "url": f"{runs}{each.newest_run_id}/results/{row.id}/",
        }

    unreliable = test_flakes.flaky(request.read, [each.id for each in versions], [row.id], sources)
    answer["results"] = [
        {
            "version": version.version,
            "flaky": (version.id, row.id) in unreliable,
            "outcomes": [outcome(each) for each in found if each.version_id == version.id],
        }
        for version in versions
    ]
    bad = test_history.first_bad(request.read, extension.id, row.id, sources)
    first = [
        {**each._asdict(), "url": urls.version(request.public_url, extension.name, each.version)}
        for each in bad
    ]
    return {**_test(request, extension, row), "sources": list(sources), "first_bad": first, **answer}


def _extension(request: Request, node: Any) -> Any:
    """The extension above, which has to be shown to who asks."""
    require_open(node.__parent__)
    row = node.__parent__.row
    keep_a_moment(request, row.id)
    return row


def _test(request: Request, extension: Any, row: Any) -> dict[str, Any]:
    where = urls.extension(request.public_url, extension.name)
    return {"test": row.name, "key": row.digest, "url": f"{where}tests/{row.digest}/"}
