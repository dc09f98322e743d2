"""What readers get of test results: the matrix of a version, its badge, and what differs between two runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from registry import badges, urls
from registry.domain import test_diffs, test_flakes, test_matrix
from registry.domain.test_cells import provenance
from registry.domain.test_matrix import Cell
from registry.errors import bad_field
from registry.permissions import Permission
from registry.rendering import CACHE_CONTROL, etag
from registry.representations import time
from registry.resources import Version
from registry.resources import test_runs as nodes
from registry.rest import ResourceService, answering, with_files
from registry.schemas.test_matrix import BADGE, DIFF, MATRIX, BadgeSchema, DiffSchema, MatrixSchema
from registry.urls import API
from registry.validators import query
from registry.views.test_runs import RUN_PATH, address, keep_a_moment, open_to, settle

VERSION_PATH = f"{API}/extensions/{{name}}/versions/{{version}}/"
matrix = ResourceService("test_matrix", VERSION_PATH, Version, view="test-matrix/")
badge = ResourceService("test_badge", VERSION_PATH, Version, view="test-badge.json")
picture = ResourceService("test_badge_svg", VERSION_PATH, Version, view="test-badge.svg", media_type=None)
diff = ResourceService("test_run_diff", RUN_PATH, nodes.TestRun, view="diff/")

SVG = "image/svg+xml"
# Upper and lower case are the same in these.
_CASELESS = frozenset(test_matrix.FILTERS) - {"locale"}


@matrix.get(permission=Permission.READ, validators=[query(MatrixSchema())])
@answering(MATRIX)
def show_matrix(request: Request) -> dict[str, Any]:
    """On which hosts and systems a version was tested, and what came of it, by who vouches for it."""
    row, found = request.context.row, _cells(request)
    name = request.context.__parent__.__parent__.row.name
    sources = test_matrix.sources(request.validated["source"])
    runs = urls.test_runs(request.public_url, name, row.version)

    def cell(each: Cell) -> dict[str, Any]:
        return {
            "host_app": each.host_app,
            "host_version": each.host_version,
            "os": each.os,
            "outcome": each.outcome,
            "counts": each.counts,
            "sources": each.sources,
            "newest": time(each.newest),
            "newest_run": f"{runs}{each.newest_run_id}/",
            "stale": each.stale,
        }

    return {
        "name": name,
        "version": row.version,
        "sources": list(sources),
        "other_sources": test_matrix.others(request.read, row.id, sources),
        "outcomes": test_matrix.totals(found),
        "cells": [cell(each) for each in found],
    }


@badge.get(permission=Permission.READ, validators=[query(BadgeSchema())])
@answering(BADGE)
def show_badge(request: Request) -> dict[str, Any]:
    """The matrix in a few words, as Shields' endpoint badges have it."""
    message, color = _verdict(_cells(request))
    return {"schemaVersion": 1, "label": request.validated["label"], "message": message, "color": color}


@picture.get(permission=Permission.READ, validators=[query(BadgeSchema())])
@with_files(given=(SVG,))
def draw_badge(request: Request) -> Response:
    """The same as a picture."""
    body = badges.svg(request.validated["label"], *_verdict(_cells(request))).encode()
    # Without a charset, which XML has no need of.
    response = Response(body, headerlist=[("Content-Type", SVG)], conditional_response=True)
    response.etag = etag(body)
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@diff.get(permission=Permission.READ, validators=[query(DiffSchema())])
@answering(DIFF)
def show_diff(request: Request) -> dict[str, Any]:
    """What is otherwise in a run than it was in another one of the same extension, such as an older version's."""
    node = request.context
    settle(request, node)
    base = nodes.find_run(request.root, request.validated["base"])
    if base is None or base.row.extension_id != node.row.extension_id:
        raise bad_field("base", "There is no such run of this extension.", "NO_RUN")
    here, there = address(request, node), address(request, base)
    changes = test_diffs.diff(request.read, node.row.id, base.row.id)
    unreliable = _unreliable(request, (node.row, base.row), changes)

    def change(each: test_diffs.Change) -> dict[str, Any]:
        where = there if each.status is None else here
        return {
            "test": each.name,
            "key": each.digest,
            "status": each.status,
            "before": each.before,
            "flaky": each.name_id in unreliable,
            "url": f"{where}results/{each.name_id}/",
        }

    return {
        "run": here,
        "base": there,
        "counts": {kind: found.number for kind, found in changes.items()},
        **{kind: [change(each) for each in found.shown] for kind, found in changes.items()},
    }


def _unreliable(request: Request, runs: Sequence[Any], changes: Mapping[str, test_diffs.Changes]) -> set[int]:
    """Those of the tests that are flaky in the version of either run."""
    versions = {run.version_id for run in runs if run.version_id is not None}
    names = {
        each.name_id for found in changes.values() for each in found.shown if each.status and each.before
    }
    sources = {provenance(run) for run in runs}
    return {name for _, name in test_flakes.flaky(request.read, versions, names, sources)}


def _cells(request: Request) -> list[Cell]:
    """The cells that are asked for."""
    node, wanted = request.context, request.validated
    open_to(node)
    keep_a_moment(request, node.row.extension_id)
    filters = {name: wanted[name] for name in test_matrix.FILTERS if wanted[name] is not None}
    filters = {name: value.lower() if name in _CASELESS else value for name, value in filters.items()}
    return test_matrix.cells(
        request.read,
        node.row.id,
        node.row.sha256,
        test_matrix.sources(wanted["source"]),
        filters,
        request.settings.fresh_days,
    )


def _verdict(found: list[Cell]) -> tuple[str, str]:
    """A message and its color: what is worst comes first, and what is stale does not count."""
    fresh = [cell for cell in found if cell.stale is None]
    totals = test_matrix.totals(fresh)
    if not fresh:
        return ("stale" if found else "untested"), "grey"
    for outcome, color in ((test_matrix.FAILED, "red"), (test_matrix.MIXED, "orange")):
        if totals[outcome]:
            return f"{outcome} on {totals[outcome]} of {len(fresh)}", color
    if totals[test_matrix.PASSED]:
        return f"passed on {totals[test_matrix.PASSED]} of {len(fresh)}", "green"
    return "incomplete", "grey"
