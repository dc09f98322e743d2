"""Uploads wait for the outside validator, and are submitted when it has passed them."""

import pytest
from sqlalchemy import update

from registry.models import Job, now
from support.samples import webextension

ADDON = "/api/v5/addons/addon/tab-notes@example.org/"


@pytest.fixture
def upload(app, ann):
    def upload(behave, channel="unlisted"):
        package = webextension(files={"behave": behave.encode()})
        parts = [("upload", "x.zip", package)]
        where = "/api/v5/addons/upload/"
        return app.post(where, {"channel": channel}, upload_files=parts, headers=ann, status=201).json

    return upload


@pytest.fixture
def submit(app, ann):
    def submit(sent, status):
        return app.put_json(ADDON, {"version": {"upload": sent["uuid"]}}, headers=ann, status=status).json

    return submit


def test_it_is_processed_when_the_validator_has_passed_it(app, ann, upload, submit, work):
    sent = upload("report")
    assert (sent["processed"], sent["valid"], sent["validation"]) == (False, False, None)
    assert "STILL_VALIDATING" in submit(sent, 400)["version"]["upload"][0]
    work()
    shown = app.get(sent["url"], headers=ann).json
    assert (shown["processed"], shown["valid"]) == (True, True)
    (message,) = shown["validation"]["messages"]
    assert (message["type"], message["id"]) == ("warning", ["DANGEROUS_EVAL"])
    assert (message["file"], message["line"], message["column"]) == ("b.js", 3, 7)
    assert message["description"] == ["Mend it."]
    version = submit(sent, 201)["version"]
    work()
    assert app.get(f"{ADDON}versions/{version['id']}/", headers=ann).json["file"]["status"] == "public"


def test_what_it_finds_is_told_with_all_else(app, ann, upload, submit, work):
    sent = upload("errors")
    work()
    shown = app.get(sent["url"], headers=ann).json
    assert (shown["processed"], shown["valid"]) == (True, False)
    assert (shown["validation"]["errors"], shown["validation"]["warnings"]) == (2, 1)
    assert [message["type"] for message in shown["validation"]["messages"]] == ["error", "error", "warning"]
    refused = submit(sent, 400)["version"]["upload"][0]
    assert "NOT_VALID" in refused
    assert "EVAL_IN_FILE" in refused


def test_each_channel_has_its_own_rules(upload, work, linter):
    upload("report")
    work()
    assert not upload("report", "listed")["processed"]
    assert upload("report")["processed"]


def test_no_verdict_is_not_a_good_one(app, ann, upload, submit, work, database):
    sent = upload("silent")
    for _ in range(12):
        database.write(
            lambda session: session.execute(update(Job).values(next_at=now().replace(year=2020))) and None
        )
        work()
    shown = app.get(sent["url"], headers=ann).json
    assert (shown["processed"], shown["valid"]) == (True, False)
    assert shown["validation"]["messages"][0]["id"] == ["NO_VERDICT"]
    assert shown["validation"]["errors"] == 1
    assert "NOT_VALID" in submit(sent, 400)["version"]["upload"][0]


def test_what_the_gate_refuses_is_never_shown_to_it(app, ann, work, linter):
    parts = [("upload", "x.zip", b"no zip")]
    where = "/api/v5/addons/upload/"
    sent = app.post(where, {"channel": "listed"}, upload_files=parts, headers=ann, status=201).json
    work()
    assert (sent["processed"], sent["valid"]) == (True, False)
    assert linter.log == []
