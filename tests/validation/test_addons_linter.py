"""The real addons-linter, from npm: what it takes to run it within our limits, and what it says."""

import pytest

from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.linting import LISTED, SELF_HOSTED, NoVerdict, slots
from registry.linting.process import Linter, lint
from registry.models import Verdict
from registry.settings import read
from support import npm
from support.archives import build_zip
from support.extensions import webextension
from support.samples import webextension as sample

PACKAGE = "addons-linter@10.13.0"
MEMORY = 1536 * 1024 * 1024
CODE = """\
void 0;
document.body.innerHTML = location.hash;
  eval(location.hash);
"""
COLLECTS = {"gecko": {"id": "tab-notes@example.org", "data_collection_permissions": {"required": ["none"]}}}


@pytest.fixture(scope="module")
def program():
    return npm.installed(PACKAGE) / ".bin" / "addons-linter"


@pytest.fixture
def judge(program, tmp_path):
    """The report on a file, by code: the findings."""

    def judge(data, tool=LISTED, memory=MEMORY):
        with slots.slot(tmp_path / "validators", 1, 60) as scratch:
            package = scratch / "package.xpi"
            package.write_bytes(data)
            report = lint(Linter(str(program), 60, memory), package, tool, scratch)
        return report.verdict, {finding.code: finding for finding in report.findings}

    return judge


def test_a_clean_package(judge):
    assert judge(build_zip(webextension(browser_specific_settings=COLLECTS))) == (Verdict.PASSED, {})


def test_what_code_does_is_told_with_file_and_line(judge):
    files = {"lib/notes.js": CODE}
    verdict, found = judge(build_zip(webextension(files, browser_specific_settings=COLLECTS)))
    assert verdict == Verdict.PASSED
    evil, unsafe = found["DANGEROUS_EVAL"], found["UNSAFE_VAR_ASSIGNMENT"]
    assert (evil.severity, evil.path, evil.line, evil.column) == ("warning", "lib/notes.js", 3, 3)
    assert (unsafe.path, unsafe.line, unsafe.column) == ("lib/notes.js", 2, 1)
    assert "avoid using `eval`" in evil.description


def test_errors_of_the_manifest_name_their_place(judge):
    background = {"scripts": ["nowhere.js"]}
    verdict, found = judge(
        build_zip(webextension(name="x", background=background, browser_specific_settings=COLLECTS))
    )
    assert verdict == Verdict.FAILED
    assert (found["JSON_INVALID"].path, found["JSON_INVALID"].instance_path) == ("manifest.json", "/name")
    assert found["MANIFEST_BACKGROUND_FILE_NOT_FOUND"].path == "manifest.json"


def test_what_is_hosted_by_its_owners_has_rules_of_its_own(judge):
    settings = {"gecko": COLLECTS["gecko"] | {"update_url": "https://example.org/updates.json"}}
    data = build_zip(webextension(browser_specific_settings=settings))
    assert judge(data)[0] == Verdict.FAILED
    assert judge(data, SELF_HOSTED) == (Verdict.PASSED, {})


def test_a_package_of_many_files(judge):
    """The linter has them all open at once."""
    files = {f"lib/{number}.js": "void 0;\n" for number in range(600)}
    assert judge(build_zip(webextension(files, browser_specific_settings=COLLECTS))) == (Verdict.PASSED, {})


def test_a_file_that_it_does_not_read(judge):
    files = {"data.bin": bytes(110 * 1024 * 1024)}
    with pytest.raises(NoVerdict, match=r"no file as large as data\.bin"):
        judge(build_zip(webextension(files, browser_specific_settings=COLLECTS)))


@pytest.mark.parametrize("memory", [150, 220])
def test_memory_is_limited_for_node_too(judge, memory):
    """Enough is enough; too little is no verdict."""
    files = {f"lib/{number}.js": "void 0;\n" for number in range(600)}
    with pytest.raises(NoVerdict, match=f"more than the {memory} MiB"):
        judge(build_zip(webextension(files)), memory=memory * 1024 * 1024)


@pytest.mark.parametrize("harm", [lambda data: data[:-30], lambda data: b"text"])
def test_what_is_no_zip_file(judge, harm):
    verdict, found = judge(harm(build_zip(webextension())))
    assert (verdict, list(found)) == (Verdict.FAILED, ["BAD_ZIPFILE"])


def test_a_published_version(program, ini, app, ann):
    """From the request to the signature, by the worker's own steps."""
    data = sample(browser_specific_settings={"gecko": COLLECTS["gecko"]})
    app.post("/api/v4/extensions/", data, headers=ann, status=202)
    ini |= {"validators.addons_linter": str(program)}
    context = open_context(ini, read(ini))
    assert [runner.run_due(context) for _ in range(3)] == [1, 1, 0]
    context.database.dispose()
    answer = app.get("/api/v4/extensions/tab-notes/versions/1.0/", headers=ann).json
    assert (answer["state"], answer["errors"]) == ("signed", [])
