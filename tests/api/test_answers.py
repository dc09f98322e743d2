"""What is answered is what the description says: every real answer, against its schema."""

import pytest
from jsonschema import Draft202012Validator

from registry import openapi
from support.samples import brackets, webextension

EXTENSIONS = "/api/v4/extensions/"


@pytest.fixture
def check():
    """Hold an answer against the schema of its address, verb and status."""

    def check(answer, version, path, status="200"):
        operation = openapi.document(version)["paths"][path][answer.request.method.lower()]
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        faults = [error.message for error in Draft202012Validator(schema).iter_errors(answer.json)]
        assert schema
        assert faults == []

    return check


def test_v4(app, accounts, work, check):
    ann = accounts.bearer("ann")
    name, version = "/api/v4/extensions/{name}/", "/api/v4/extensions/{name}/versions/{version}/"
    manifest = {
        "author": "Ann <ann@example.org>",
        "scripts": {"install": "x"},
        "dependencies": {"a": "^1.0.0"},
    }
    check(app.post(EXTENSIONS, brackets(**manifest), headers=ann, status=202), "v4", EXTENSIONS, "202")
    at = f"{EXTENSIONS}word-tally/"
    check(app.get(f"{at}versions/1.0.0/", headers=ann), "v4", version)
    check(app.get(at, headers=ann), "v4", name)
    work()
    check(app.post(EXTENSIONS, webextension(), headers=ann), "v4", EXTENSIONS, "202")
    work()
    check(app.get(EXTENSIONS), "v4", EXTENSIONS)
    for each in (at, f"{EXTENSIONS}tab-notes/"):
        check(app.get(each), "v4", name)
        check(app.get(f"{each}versions/"), "v4", f"{name}versions/")
        check(app.get(f"{each}versions/latest/"), "v4", version)
    check(app.get(f"{at}versions/1.0.0/validation/", headers=ann), "v4", f"{version}validation/")
    check(app.get("/"), "v4", "/")


def test_v3(app, accounts, work, check):
    ann = accounts.bearer("ann")
    check(app.post("/api/v3/addon/", webextension(), headers=ann), "v3", "/api/v3/addon/", "202")
    check(app.get("/api/v3/status/tab-notes/", headers=ann), "v3", "/api/v3/status/{name}/")
    work()
    check(app.get("/api/v3/status/tab-notes/", headers=ann), "v3", "/api/v3/status/{name}/")
    later = app.post("/api/v3/version/tab-notes/", webextension(version="2.0"), headers=ann)
    check(later, "v3", "/api/v3/version/{name}/", "202")
