"""The registry's team claims reports and decides them; owners appeal, once for each decision."""

import pytest

QUEUE, APPEALS = "/api/v4/reports/", "/api/v4/appeals/"
MALWARE = {"reason": "malware", "comment": "It mines."}


@pytest.fixture
def filed(send):
    """The address of bob's report."""
    return send("post", "bob", "reports/", MALWARE, 201).location


def decide(send, where, decision, who="root", status=200, **more):
    body = {"decision": decision, "reason": "We looked at it.", **more}
    return send("put", who, f"{where}decision/", body, status)


@pytest.mark.parametrize("before", ["active", "unlisted"])
def test_dismissed_brings_back_what_was(send, set_state, state, told, before):
    if before != "active":
        set_state(before)
    filed = send("post", "bob", "reports/", MALWARE, 201).location
    answer = decide(send, filed, "dismiss").json
    assert (answer["state"], answer["answer"], answer["decided_by"]) == (
        "dismissed",
        "We looked at it.",
        "root",
    )
    assert state() == before
    kind, about = told("bob")[0]
    assert (kind, about["extension"], about["decision"]) == ("report.decided", "word-tally", "dismissed")
    assert told("ann")[0][0] == "extension.state"
    mine = send("get", "bob", filed).json
    assert (mine["answer"], mine["decided_by"]) == ("We looked at it.", None)
    assert decide(send, filed, "uphold", status=409).json["code"] == "REPORT_DECIDED"


def test_upheld_disables(send, filed, state, told):
    decide(send, filed, "uphold")
    assert state() == "disabled"
    detail = send("get", None, "").json
    assert detail["state_reason"] == {"code": "malware", "text": "We looked at it."}
    assert told("ann")[0][1]["reason"] == "We looked at it."
    assert "bob" not in str(told("ann"))


def test_it_stays_hidden_while_others_wait(send, filed, state):
    other = send("post", "cat", "reports/", MALWARE, 201).location
    decide(send, filed, "dismiss")
    assert state() == "pending_disable"
    decide(send, other, "dismiss")
    assert state() == "active"


def test_all_at_once(send, filed, state, told):
    send("post", "cat", "reports/", MALWARE, 201)
    decide(send, filed, "dismiss", all=True)
    assert state() == "active"
    assert send("get", "root", QUEUE).json["results"] == []
    assert told("cat")[0][0] == told("bob")[0][0] == "report.decided"


def test_who_was_wrong_hides_nothing_again(send, filed, state):
    decide(send, filed, "dismiss")
    again = send("post", "bob", "reports/", MALWARE, 201).location
    assert again != filed
    assert state() == "active"
    send("post", "cat", "reports/", MALWARE, 201)
    assert state() == "pending_disable"


def test_what_the_team_has_set_is_not_undone_by_a_dismissal(send, set_state, filed, state):
    decide(send, filed, "dismiss")
    set_state("pending_disable")
    other = send("post", "cat", "reports/", MALWARE, 201).location
    decide(send, other, "dismiss")
    assert state() == "pending_disable"


def test_claims(send, filed):
    for who, status in ((None, 404), ("ann", 404), ("bob", 403)):
        send("put", who, f"{filed}claim/", status=status)
        decide(send, filed, "dismiss", who, status)
    assert send("put", "root", f"{filed}claim/").json["claimed_by"] == "root"
    send("put", "root", f"{filed}claim/")
    assert send("put", "rita", f"{filed}claim/", status=409).json["claimed_by"] == "root"
    assert decide(send, filed, "dismiss", "rita", 409).json["code"] == "CLAIMED"
    mine = send("get", "bob", filed).json
    assert mine["claimed"]
    assert mine["claimed_by"] is None
    send("delete", "rita", f"{filed}claim/", status=204)
    send("delete", "rita", f"{filed}claim/", status=404)
    send("put", "rita", f"{filed}claim/")
    decide(send, filed, "dismiss", "rita")
    send("put", "rita", f"{filed}claim/", status=409)


def test_the_queue_is_filtered(send, filed):
    second = send("post", "cat", "reports/", {"reason": "copyright"}, 201).location
    send("put", "root", f"{second}claim/")

    def found(question=""):
        return [one["reporter"] for one in send("get", "root", f"{QUEUE}?{question}").json["results"]]

    assert found() == ["bob", "cat"]
    assert found("page_size=1") == ["bob"]
    assert found("reason=copyright") == found("claimed=true") == found("claimed=me") == ["cat"]
    assert found("claimed=false") == ["bob"]
    assert found("extension=word-tally&reason=malware") == ["bob"]
    assert found("extension=other") == found("state=upheld") == found("appeal=true") == []
    decide(send, filed, "uphold")
    assert found("appeal=false&state=upheld") == ["bob"]
    send("post", "ann", "appeals/", {"comment": "It does not."}, 201)
    assert found("appeal=true&state=any") == ["bob", "cat"]
    for bad in ("state=x", "reason=x", "claimed=x", "appeal=x", "extension=" + "x" * 101):
        send("get", "root", f"{QUEUE}?{bad}", status=400)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("decision", {"reason": "x"}),
        ("decision", {"decision": "maybe", "reason": "x"}),
        ("reason", {"decision": "dismiss"}),
        ("reason", {"decision": "dismiss", "reason": " "}),
        ("reason", {"decision": "dismiss", "reason": "x\r\nBcc: y"}),
        ("reason", {"decision": "dismiss", "reason": "x" * 1001}),
        ("all", {"decision": "dismiss", "reason": "x", "all": "yes"}),
    ],
)
def test_what_a_decision_may_not_say(send, filed, state, field, body):
    assert list(send("put", "root", f"{filed}decision/", body, 400).json) == [field]
    assert state() == "pending_disable"


def test_an_appeal_that_is_granted(send, filed, state, told):
    assert send("post", "ann", "appeals/", {"comment": "No!"}, 409).json["code"] == "NO_DECISION"
    decide(send, filed, "uphold")
    for who, status in ((None, 401), ("bob", 403), ("root", 403)):
        send("post", who, "appeals/", {"comment": "No!"}, status)
    for bad in ({}, {"comment": " "}, {"comment": None}, {"comment": "x" * 10_001}):
        assert list(send("post", "ann", "appeals/", bad, 400).json) == ["comment"]
    answer = send("post", "ann", "appeals/", {"comment": "It does not mine."}, 201)
    assert send("get", "ann", answer.location).json == answer.json
    assert send("get", "ann", "appeals/").json["results"] == [answer.json]
    assert send("post", "ann", "appeals/", {"comment": "Again"}, 409).json["code"] == "APPEALED"
    for who, status in ((None, 404), ("bob", 404)):
        send("get", who, answer.location, status=status)
    send("get", "bob", "appeals/", status=403)
    decide(send, answer.location, "grant", "ann", 403)
    decide(send, answer.location, "maybe", status=400)
    waiting = send("get", "root", APPEALS).json["results"]
    assert [(one["user"], one["extension"], one["state"]) for one in waiting] == [
        ("ann", "word-tally", "open")
    ]
    assert decide(send, answer.location, "grant").json["state"] == "granted"
    assert state() == "active"
    assert send("get", "root", APPEALS).json["results"] == []
    assert send("get", "root", f"{APPEALS}?state=granted").json["count"] == 1
    assert decide(send, answer.location, "refuse", status=409).json["code"] == "APPEAL_DECIDED"
    assert {kind for kind, _ in told("ann")[:2]} == {"extension.state", "appeal.decided"}
    assert send("post", "ann", "appeals/", {"comment": "x"}, 409).json["code"] == "NO_DECISION"
    # Its reporter was wrong, and hides nothing again.
    send("post", "bob", "reports/", MALWARE, 201)
    assert state() == "active"


def test_an_appeal_that_is_refused(send, set_state, state):
    set_state("unlisted")
    set_state("disabled")
    first = send("post", "ann", "appeals/", {"comment": "Why?"}, 201).location
    decide(send, first, "refuse")
    assert state() == "disabled"
    assert send("get", "ann", first).json["answer"] == "We looked at it."
    assert send("get", "ann", first).json["decided_by"] is None
    set_state("pending_disable")
    # Another decision, another appeal; and what is decided anew meanwhile stays.
    second = send("post", "ann", "appeals/", {"comment": "Why?"}, 201).location
    set_state("disabled", "rita")
    decide(send, second, "grant")
    assert state() == "disabled"
    third = send("post", "ann", "appeals/", {"comment": "Why?"}, 201).location
    decide(send, third, "grant")
    assert state() == "unlisted"
