"""The linter's process: what it may use, what it is given, and how its end is read."""

import shutil

import pytest

from registry.linting import LISTED, SELF_HOSTED, NoVerdict, process
from registry.linting.process import Linter, lint
from registry.models import Verdict
from support.archives import build_zip
from support.workers import eventually

MEMORY = 256 * 1024 * 1024


@pytest.fixture
def judge(linter, tmp_path):
    """Have the stand-in judge a package that makes it behave like that."""

    def judge(behave="report", *, tool=LISTED, seconds=20, program=None):
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        package = scratch / "package.xpi"
        package.write_bytes(build_zip({"manifest.json": "{}", "behave": behave}))
        return lint(Linter(str(program or linter.program), seconds, MEMORY), package, tool, scratch)

    return judge


def test_a_package_without_errors_passes(judge):
    report = judge()
    (finding,) = report.findings
    assert report.verdict == Verdict.PASSED
    assert (finding.code, finding.severity, finding.message) == (
        "DANGEROUS_EVAL",
        "warning",
        "Dangerous_Eval",
    )
    assert (finding.path, finding.line, finding.column, finding.description) == ("b.js", 3, 7, "Mend it.")


def test_errors_fail_it_and_come_first(judge):
    report = judge("errors")
    assert report.verdict == Verdict.FAILED
    assert [finding.severity for finding in report.findings] == ["error", "error", "warning"]
    assert report.findings[0].instance_path == "/name"


def test_the_json_decides_not_the_exit_status(judge):
    report = judge("bad zip")
    assert report.verdict == Verdict.FAILED
    assert [finding.code for finding in report.findings] == ["BAD_ZIPFILE"]


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        ("hog", "ended with status 1"),
        ("flood", "more than 1 MiB"),
        ("too large", "no file as large as lib/a.js"),
        ("garbage", "could not be understood"),
        ("silent", "ended with status 0"),
        ("liar", "could not be understood"),
        ("deep", "could not be understood"),
        ("exit 1", "an error of its own"),
        ("crash", "crashed; perhaps it needs more than the 256 MiB"),
    ],
)
def test_what_is_no_verdict(judge, monkeypatch, behave, said):
    monkeypatch.setattr(process, "OUTPUT_BYTES", 1024 * 1024)
    with pytest.raises(NoVerdict, match=said):
        judge(behave)


def test_it_ends_when_its_time_is_up(judge):
    with pytest.raises(NoVerdict, match="within 1 seconds"):
        judge("slow", seconds=1)


@pytest.mark.parametrize("missing", ["file", "interpreter", "right"])
def test_a_program_that_is_not_there(judge, tmp_path, missing):
    program = tmp_path / "addons-linter"
    if missing != "file":
        program.write_text("#!/nowhere/node\n" if missing == "interpreter" else "#!/bin/sh\n")
        program.chmod(0o755 if missing == "interpreter" else 0o644)
    with pytest.raises(NoVerdict, match="is not installed") as caught:
        judge(program=program)
    assert str(tmp_path) not in str(caught.value)


def test_nothing_that_it_started_survives(judge, linter):
    judge("fork")
    eventually(linter.gone)


def test_it_gets_the_rules_of_the_channel_and_no_secrets(judge, linter, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_SECRET", "secret")
    judge(tool=LISTED)
    judge(tool=SELF_HOSTED)
    (listed, environment, folder), (hosted, _, _) = linter.log
    assert listed == [f"{tmp_path}/scratch/package.xpi", "--boring", "--output=json"]
    assert hosted == [*listed, "--self-hosted"]
    assert environment.keys() - {"LC_CTYPE", "PWD"} == {"PATH", "HOME", "TMPDIR", "LANG", "NODE_OPTIONS"}
    assert environment["HOME"] == environment["TMPDIR"] == folder == f"{tmp_path}/scratch"
    assert environment["NODE_OPTIONS"] == "--max-old-space-size=192"


def test_too_many_messages_are_cut_errors_first(judge):
    report = judge("many")
    note, *others = report.findings
    assert (note.code, note.severity) == ("TOO_MANY_MESSAGES", "error")
    assert "has 1003 messages" in note.message
    assert [finding.code for finding in others[:4]] == ["E0", "E1", "E2", "DANGEROUS_EVAL"]
    assert len(others) == 250


def test_odd_values_are_made_such_as_can_be_stored(judge):
    (finding,) = judge("odd").findings
    assert finding.code == "ODD��"
    assert len(finding.path) == 500
    assert (finding.line, finding.column, finding.description) == (None, None, "one\ntwo")
