"""The API's description of itself: valid, whole, true, and for v3 the same for ever."""

import json
import os
from pathlib import Path

import jsonschema
import openapi_spec_validator
import pytest

from registry import openapi
from registry.permissions import Permission
from support import services, shelf
from support.samples import brackets
from support.wire import send

FROZEN = Path(__file__).parents[1] / "contract" / "openapi-v3.json"
RENEW = "RENEW_SNAPSHOTS"


@pytest.mark.parametrize("version", openapi.VERSIONS)
def test_it_is_valid(app, version):
    answer = app.get(f"/api/{version}/openapi.json")
    openapi_spec_validator.validate(answer.json)
    assert answer.json == json.loads(json.dumps(openapi.document(version)))


def test_every_verb_of_every_service_is_in_one_of_them():
    documents = [openapi.document(version)["paths"] for version in openapi.VERSIONS]
    described = [
        (path, verb.upper())
        for paths in documents
        for path, item in paths.items()
        for verb in item
        if verb != "parameters"
    ]
    declared = [
        (openapi._template(service.public_path), verb)
        for service in services.every()
        for verb in services.verbs(service)
        if verb != "HEAD"
    ]
    assert sorted(described) == sorted(declared)


def test_operations_are_named_once_and_explained():
    operations = _operations()
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation["summary"].endswith("."), operation["operationId"]


def test_who_may_is_told_as_the_views_have_it():
    by_name = {operation["operationId"]: operation for operation in _operations()}
    for service in services.every():
        for verb in services.verbs(service):
            if verb != "HEAD":
                permission: Permission = services.permission(service, verb)
                security = by_name[f"{service.name}_{verb.lower()}"]["security"]
                assert ({} in security) == (permission.scope is None)
                if permission.scope == "login":
                    assert security == [{"api_key": []}]
                elif permission.scope:
                    assert {"token": [permission.scope]} in security


def test_v3_is_frozen():
    """Clients were written against it. Only its wording may still change, and then this file with it."""
    now = json.dumps(openapi.document("v3"), indent=1, sort_keys=True) + "\n"
    if os.environ.get(RENEW):
        FROZEN.write_text(now)
    assert FROZEN.read_text() == now, (
        f"The description of the frozen v3 API has changed. If no client can tell the difference, renew "
        f"{FROZEN.name}: {RENEW}=1 pytest {Path(__file__).name} -k frozen, and look at the diff."
    )


def test_failures_are_as_described(stocked, accounts):
    """Each kind of failure of each verb: its status is listed, or falls under `default`, and its body fits."""
    owner = accounts.bearer(shelf.OWNER)
    attempts = (
        {},
        {"Authorization": "garbage"},
        accounts.bearer("bob"),
        accounts.bearer("bob", scopes=[]),
        owner,
        owner | {"Content-Type": "image/png"},
        owner | {"Accept": "text/html"},
    )
    seen = set()
    for version in openapi.VERSIONS:
        document = openapi.document(version)
        for service in services.every():
            path = openapi._template(service.public_path)
            for verb in services.verbs(service):
                operation = document["paths"].get(path, {}).get(verb.lower())
                if operation is None:
                    continue
                for address in (services.address(service), services.address(service, name="nothing")):
                    for headers in attempts:
                        answer = send(stocked, verb, f"{address}?page=x&wait=x", headers, b"no package")
                        _fits(document, operation, answer)
                        seen.add(answer.status_int)
    assert seen >= {200, 400, 401, 403, 404, 406, 415}


def test_conflicts_are_as_described(stocked, accounts):
    document = openapi.document("v4")
    operation = document["paths"]["/api/v4/extensions/"]["post"]
    other = brackets(shelf.PUBLIC, shelf.SIGNED, files={"other.js": b"1"})
    _fits(
        document,
        operation,
        send(stocked, "POST", "/api/v4/extensions/", accounts.bearer(shelf.OWNER), other),
        409,
    )
    look_alike = brackets(shelf.PUBLIC.replace("-", ""))
    _fits(
        document,
        operation,
        send(stocked, "POST", "/api/v4/extensions/", accounts.bearer("bob"), look_alike),
        409,
    )


def test_the_parts_of_a_download_are_as_described(stocked):
    document = openapi.document("v4")
    path = "/api/v4/extensions/{name}/versions/{version}/download"
    address = path.format(name=shelf.PUBLIC, version=shelf.SIGNED)
    for headers, status in (({}, 200), ({"Range": "bytes=0-3"}, 206)):
        answer = send(stocked, "GET", address, headers)
        _fits(document, document["paths"][path]["get"], answer, status)


def _operations():
    return [
        operation
        for version in openapi.VERSIONS
        for item in openapi.document(version)["paths"].values()
        for verb, operation in item.items()
        if verb != "parameters"
    ]


def _fits(document, operation, answer, status=None):
    what = f"{operation['operationId']}: {answer.status} {answer.body[:200]!r}"
    assert status in (None, answer.status_int), what
    responses = operation["responses"]
    described = responses.get(str(answer.status_int)) or responses["default"]
    if answer.status_int == 204:
        assert "204" in responses, what
        return
    kind = answer.headers["Content-Type"]
    assert kind in described["content"], what
    if kind == "application/json":
        schema = {**described["content"][kind]["schema"], "components": document["components"]}
        # Whether the schema itself is one is asked of the whole document, above.
        jsonschema.Draft202012Validator(schema).validate(answer.json)
