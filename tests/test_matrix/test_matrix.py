"""The matrix: what a version was tested on, and what came of it, by who vouches for it."""

import pytest

from registry.models import Artifact, Blob
from support import shelf
from support.wire import assert_failure

DAY = 24 * 3600
BAD = {"t": "failed"}


def cells(answer):
    return [
        (cell["host_version"], cell["os"], cell["outcome"], sorted(cell["sources"]))
        for cell in answer.json["cells"]
    ]


def test_nothing_was_tested(stocked, version):
    answer = stocked.get(f"{version}test-matrix/").json
    assert answer == {
        "name": shelf.PUBLIC,
        "version": shelf.SIGNED,
        "sources": ["owner", "runner"],
        "other_sources": [],
        "outcomes": {"passed": 0, "failed": 0, "mixed": 0, "incomplete": 0},
        "cells": [],
    }


def test_cells(tested, on, stocked, version):
    tested(on())
    last = tested(on())
    tested(on("1.13"), BAD)
    tested(on(os="Windows"))
    tested(on(os="windows"), BAD)
    tested(on("1.12"), {"t": "incomplete"})
    tested({})
    answer = stocked.get(f"{version}test-matrix/")
    assert cells(answer) == [
        ("", "", "passed", ["owner"]),
        ("1.12", "linux", "incomplete", ["owner"]),
        ("1.13", "linux", "failed", ["owner"]),
        ("1.14.2", "linux", "passed", ["owner"]),
        ("1.14.2", "windows", "mixed", ["owner"]),
    ]
    assert answer.json["outcomes"] == {"passed": 2, "failed": 1, "mixed": 1, "incomplete": 1}
    cell = answer.json["cells"][3]
    assert cell["counts"] == {"passed": 2, "failed": 0, "incomplete": 0, "pass_only": 0}
    assert (cell["newest_run"], cell["newest"], cell["stale"]) == (last["url"], last["finished"], None)
    latest = stocked.get(f"{version.replace(shelf.SIGNED, 'latest')}test-matrix/")
    assert latest.json["cells"] == answer.json["cells"]


def test_provenances_are_never_mixed(tested, on, stocked, version, accounts):
    accounts.bearer("bob")
    tested(on())
    tested(on(), BAD, user="bob")
    tested(on("1.13"), BAD, tokenless=True)
    form = f"extension={shelf.PUBLIC}&version={shelf.SIGNED}&host_app=brackets&host_version=1.15"
    results = {"results": [{"id": "a", "status": "passed"}]}
    assert stocked.post_json(f"/v1/post-result?{form}", results).status_int == 201
    answer = stocked.get(f"{version}test-matrix/")
    assert cells(answer) == [("1.14.2", "linux", "passed", ["owner"])]
    assert answer.json["other_sources"] == ["community", "anonymous", "tokenless"]
    for source, wanted in (
        ("owner", ("1.14.2", "linux", "passed", ["owner"])),
        ("community", ("1.14.2", "linux", "failed", ["community"])),
        ("tokenless", ("1.13", "linux", "failed", ["tokenless"])),
    ):
        answer = stocked.get(f"{version}test-matrix/?source={source}")
        assert cells(answer) == [wanted]
        assert source not in answer.json["other_sources"]


def test_filters(tested, on, stocked, version):
    tested(on(arch="X86_64", locale="de"))
    tested(on(arch="arm64", locale="en"), BAD)
    for question, outcomes in (
        ("", ["mixed"]),
        ("arch=x86_64", ["passed"]),
        ("arch=ARM64", ["failed"]),
        ("locale=de", ["passed"]),
        ("locale=de&arch=arm64", []),
        ("os=LINUX", ["mixed"]),
        ("os=macos", []),
        ("host_app=brackets&host_version=1.14.2", ["mixed"]),
        ("host_version=1.14", []),
    ):
        answer = stocked.get(f"{version}test-matrix/?{question}")
        assert [cell["outcome"] for cell in answer.json["cells"]] == outcomes, question


def test_what_is_old_is_stale(tested, on, stocked, version, clock):
    tested(on())
    clock.shift(90 * DAY)
    tested(on("1.13"))
    shown = stocked.get(f"{version}test-matrix/").json["cells"]
    assert [cell["stale"] for cell in shown] == [None, None]
    clock.shift(1)
    shown = stocked.get(f"{version}test-matrix/").json["cells"]
    assert [(cell["host_version"], cell["stale"]) for cell in shown] == [("1.13", None), ("1.14.2", "age")]
    tested(on())
    assert [cell["stale"] for cell in stocked.get(f"{version}test-matrix/").json["cells"]] == [None, None]


def test_what_was_found_of_other_bytes_is_stale_and_gives_way(tested, on, stocked, version, database):
    tested(on(), BAD)
    tested(on("1.13"), BAD)

    def replace(session):
        session.add(Blob(sha256="f" * 64, size=1))
        session.flush()
        artifact = session.get(Artifact, 1)
        artifact.sha256 = "f" * 64

    database.write(replace)
    shown = stocked.get(f"{version}test-matrix/").json["cells"]
    assert [(cell["outcome"], cell["stale"]) for cell in shown] == [("failed", "replaced")] * 2
    tested(on())
    shown = stocked.get(f"{version}test-matrix/").json["cells"]
    assert [(cell["outcome"], cell["stale"]) for cell in shown] == [("failed", "replaced"), ("passed", None)]


def test_what_is_taken_back_counts_no_more(tested, on, stocked, version, accounts):
    tested(on())
    bad = tested(on(), BAD)
    assert cells(stocked.get(f"{version}test-matrix/")) == [("1.14.2", "linux", "mixed", ["owner"])]
    stocked.delete(bad["url"], headers=accounts.bearer(shelf.OWNER))
    assert cells(stocked.get(f"{version}test-matrix/")) == [("1.14.2", "linux", "passed", ["owner"])]


def test_etag(tested, on, stocked, version):
    tested(on())
    first = stocked.get(f"{version}test-matrix/")
    again = stocked.get(f"{version}test-matrix/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_int == 304
    tested(on())
    changed = stocked.get(f"{version}test-matrix/", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_int == 200


@pytest.mark.parametrize("question", ["source=x", "source=owner,runner", f"os={'x' * 65}", "arch=a%0Ab"])
def test_questions_that_mean_nothing(stocked, version, question):
    answer = stocked.get(f"{version}test-matrix/?{question}", expect_errors=True)
    assert question.partition("=")[0] in assert_failure(answer, 400)


def test_versions_that_are_not_there(stocked, extension):
    for number in (shelf.UNSIGNED, "9.9.9"):
        for what in ("test-matrix/", "test-badge.svg", "test-badge.json"):
            assert_failure(stocked.get(f"{extension}versions/{number}/{what}", expect_errors=True), 404)
