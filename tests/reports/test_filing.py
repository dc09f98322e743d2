"""Reports by the API: who files them, what they hold, what they do to the extension, and who reads them."""

import pytest

REPORTS = "reports/"
MALWARE = {"reason": "malware", "comment": "It mines.\n<script>alert(1)</script>", "version": "1.0.0"}


def test_one_report_hides_the_extension(send, state, told):
    send("get", None, "/api/v4/extensions/")
    answer = send("post", "bob", REPORTS, MALWARE, 201)
    assert state() == "pending_disable"
    assert send("get", None, "/api/v4/extensions/").json["results"] == []
    send("get", None, "", status=404)
    report = answer.json
    assert (report["reporter"], report["state"], report["version"]) == ("bob", "open", "1.0.0")
    assert (report["comment"], report["extension_state"]) == (MALWARE["comment"], "pending_disable")
    assert send("get", "bob", answer.location).json == report
    assert send("get", "root", answer.location).json == report
    for who in (None, "ann", "cat"):
        send("get", who, answer.location, status=404)
    kinds = [kind for kind, _ in told("ann")]
    assert kinds == ["extension.state"]
    assert "bob" not in str(told("ann"))
    seen = send("get", "ann", "events/").json["results"]
    assert not [event for event in seen if event["kind"].startswith("report.")]
    assert "bob" not in str(seen)


def test_more_of_the_same_is_evidence(send, state):
    first = send("post", "bob", REPORTS, MALWARE, 201)
    second = send("post", "bob", REPORTS, {"reason": "harm", "comment": "And it deletes files."}, 200)
    assert second.location == first.location
    assert second.json["reason"] == "malware"
    assert [one["comment"] for one in second.json["evidence"]] == ["And it deletes files."]
    other = send("post", "cat", REPORTS, {"reason": "malware"}, 201)
    assert other.location != first.location
    assert state() == "pending_disable"
    for _ in range(19):
        send("post", "bob", REPORTS, {"reason": "harm"}, 200)
    assert send("post", "bob", REPORTS, {"reason": "harm"}, 409).json["code"] == "TOO_MANY"
    queue = send("get", "root", "/api/v4/reports/").json
    assert [(one["reporter"], len(one["evidence"])) for one in queue["results"]] == [("bob", 20), ("cat", 0)]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("reason", {}),
        ("reason", {"reason": "boredom"}),
        ("reason", {"reason": None}),
        ("reason", {"reason": "malware\r\nBcc: all@example.org"}),
        ("comment", {"reason": "other"}),
        ("comment", {"reason": "malware", "comment": "x" * 10_001}),
        ("comment", {"reason": "malware", "comment": 5}),
        ("comment", {"reason": "malware", "comment": "nul \0"}),
        ("version", {"reason": "malware", "version": "9.9.9"}),
        ("version", {"reason": "malware", "version": "1.0.0\r\nBcc: all@example.org"}),
        ("version", {"reason": "malware", "version": 1}),
        ("reporter", {"reason": "malware", "reporter": "cat"}),
    ],
)
def test_what_a_report_may_not_say(send, state, field, body):
    assert list(send("post", "bob", REPORTS, body, 400).json) == [field]
    assert state() == "active"


def test_who_may(send, state):
    send("post", None, REPORTS, MALWARE, 401)
    assert send("post", "ann", REPORTS, MALWARE, 403).json["code"] == "OWN_EXTENSION"
    send("post", "bob", "/api/v4/extensions/nothing/reports/", MALWARE, 404)
    for who, status in ((None, 401), ("ann", 403), ("bob", 403)):
        for path in ("/api/v4/reports/", "/api/v4/appeals/"):
            send("get", who, path, status=status)
    assert state() == "active"


def test_nobody_is_silenced_by_being_made_a_publisher(send, state):
    send("get", "bob", "")
    send("put", "ann", "owners/bob/", {"role": "publisher"})
    send("post", "bob", REPORTS, MALWARE, 201)
    assert state() == "pending_disable"


@pytest.mark.parametrize(
    ("before", "after"),
    [("unlisted", "pending_disable"), ("pending_disable", "pending_disable"), ("disabled", "disabled")],
)
def test_a_report_never_weakens(send, set_state, state, before, after):
    set_state(before)
    send("post", "bob", REPORTS, MALWARE, 201)
    assert state() == after


@pytest.fixture
def ini(ini, request):
    return ini | getattr(request, "param", {})


@pytest.mark.parametrize("ini", [{"reports.threshold": "2"}], indirect=True)
def test_the_threshold_counts_people(send, state):
    send("post", "bob", REPORTS, MALWARE, 201)
    send("post", "bob", REPORTS, MALWARE, 200)
    assert state() == "active"
    send("post", "cat", REPORTS, MALWARE, 201)
    assert state() == "pending_disable"


@pytest.mark.parametrize("ini", [{"limits.report": "2/day"}], indirect=True)
def test_nobody_reports_without_end(send):
    send("post", "bob", REPORTS, MALWARE, 201)
    send("post", "bob", REPORTS, MALWARE, 200)
    assert int(send("post", "bob", REPORTS, MALWARE, 429).headers["Retry-After"]) > 0
    send("post", "cat", REPORTS, MALWARE, 201)


def test_many_at_once(send, at_once, state):
    people = [f"reader{number}" for number in range(8)]
    for name in people:
        send("get", name, "/api/v4/users/me/")
    filed = at_once([lambda who=name: send("post", who, REPORTS, MALWARE) for name in (*people, *people)])
    assert sorted(answer.status_int for answer in filed) == [200] * 8 + [201] * 8
    assert state() == "pending_disable"
    assert send("get", "root", "/api/v4/reports/").json["count"] == 8
