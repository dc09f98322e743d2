"""`POST /v1/post-result`: results in every body that runners have made of them, and what is kept of them."""

import gzip
import json
from urllib.parse import urlencode

import pytest

from registry.domain import test_events, test_results
from registry.storage import SMALL_BYTES
from support import subunit
from support.result_files import JUNIT, TAP, V1
from support.wire import assert_failure

V2 = b"".join(
    subunit.packet(f"t.{number}", status, time=1e9 + number)
    for number, status in enumerate(("success", "fail", "skip", "success"))
)
PASSED = b"".join(subunit.packet(f"t.{number}", "success") for number in range(3))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def multipart(data, **fields):
    """What `curl -F file=@results -F name=value` sends: body and headers."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="r"\r\nContent-Type: application/octet-stream'
    body = "".join(parts).encode() + head.encode() + b"\r\n\r\n" + data + b"\r\n--x--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=x"}


def counts(run):
    return {status: number for status, number in run["counts"].items() if number}


def test_every_body_that_runners_make(make, post, stocked, subtests):
    pairs = urlencode([("file", line) for line in V1.splitlines(keepends=True)])
    for name, body, headers in (
        ("multipart", *multipart(V2)),
        ("one pair a line", pairs.encode(), FORM),
        ("one pair, binary", urlencode({"file": V2}).encode(), FORM),
        ("octets", V2, {"Content-Type": "application/octet-stream"}),
        ("a body that says it were a form", V2, FORM),
        ("text that says it were a form", V1.encode(), FORM),
        ("xml", JUNIT.encode(), {"Content-Type": "application/xml"}),
        ("tap", TAP.encode(), {"Content-Type": "text/plain"}),
        ("json", b'{"results": [{"id": "a", "status": "passed"}]}', {"Content-Type": "application/json"}),
        ("gzip", gzip.compress(V2), {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}),
        ("packed", gzip.compress(V2), {"Content-Type": "application/gzip"}),
    ):
        with subtests.test(name):
            run = make(tokenless=True)
            answer = post(f"post-result?test_id={run['id']}", body, **headers)
            assert answer.status_int == 201, answer.text
            assert (answer.json["test_id"], answer.json["state"]) == (run["id"], "finished")
            assert answer.headers["Location"] == run["url"]
            assert (
                sum(answer.json["counts"].values())
                == sum(stocked.get(run["url"]).json["counts"].values())
                > 0
            )


def test_the_results_are_those_that_were_sent(make, post, stocked, accounts):
    run = make()
    answer = post(f"post-result?test_id={run['id']}", *multipart(V2)[:1], run["token"], **multipart(V2)[1])
    assert counts(answer.json) == {"passed": 2, "failed": 1, "skipped": 1}
    assert (answer.json["outcome"], answer.json["late"]) == ("failed", False)
    results = stocked.get(f"{run['url']}results/").json
    assert [(each["test"], each["status"]) for each in results["results"]] == [
        ("t.0", "passed"),
        ("t.1", "failed"),
        ("t.2", "skipped"),
        ("t.3", "passed"),
    ]
    assert results["results"][0]["url"] == f"{run['url']}results/{results['results'][0]['id']}/"
    shown = stocked.get(run["url"]).json
    assert shown["raw"][0]["format"] == "subunit-v2"
    raw = stocked.get(f"{run['url']}raw/", headers=accounts.bearer("ann"))
    assert raw.body == V2
    assert "attachment" in raw.headers["Content-Disposition"]
    for headers in ({}, accounts.bearer("bob"), {"Authorization": f"Bearer {run['token']}"}):
        assert stocked.get(f"{run['url']}raw/", headers=headers, expect_errors=True).status_int in (401, 403)


def test_small_files_and_large_ones_are_both_kept(make, post, stocked, accounts, config):
    store = config.registry["storage"]
    for padding, in_store in ((0, False), (SMALL_BYTES, True)):
        run = make(tokenless=True)
        body = V2 + b" " * padding
        assert post(f"post-result?test_id={run['id']}", body).status_int == 201
        [file] = stocked.get(run["url"]).json["raw"]
        assert (file["size"], file["sha256"] in store) == (len(body), in_store)
        raw = f"{run['url']}raw/?sha256={file['sha256']}"
        assert stocked.get(raw, headers=accounts.bearer("ann")).body == body
        part = stocked.get(raw, headers=accounts.bearer("ann") | {"Range": "bytes=3-9"})
        assert (part.status_int, part.body) == (206, body[3:10])


def test_where_the_number_is(make, post):
    for place in ("query", "form"):
        run = make(tokenless=True)
        fields = {"test_id": run["id"]} if place == "form" else {}
        body, headers = multipart(PASSED, **fields)
        path = "post-result" if fields else f"post-result?test_id={run['id']}"
        assert post(path, body, **headers).json["test_id"] == run["id"]
    run = make(tokenless=True)
    for number in ("abc", "0", "-1", str(2**70), run["id"] + 1):
        assert "test_id" in assert_failure(post(f"post-result?test_id={number}", PASSED), 400)
    body, headers = multipart(PASSED, test_id=run["id"] + 1)
    assert "test_id" in assert_failure(post(f"post-result?test_id={run['id']}", body, **headers), 400)


def test_without_a_file(make, post):
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    empty = multipart(b"")
    for body, headers in (
        (b"", {}),
        (b"", FORM),
        (b"test_id=1", FORM),
        (b"file=", FORM),
        empty,
        (b"--x--\r\n", empty[1]),
        (b"nonsense", {"Content-Type": "multipart/form-data"}),
        (b"nonsense", {"Content-Type": "multipart/form-data; boundary=\xff"}),
    ):
        assert list(assert_failure(post(where, body, **headers), 400)) == ["file"], (body, headers)


def test_what_is_no_results_is_refused_and_noted(make, post, stocked):
    run = make(tokenless=True)
    broken = V2[:30] + bytes([V2[30] ^ 1]) + V2[31:]
    for body in (b"hello", broken, b"<html>", b"{", b'{"results": 5}'):
        said = assert_failure(post(f"post-result?test_id={run['id']}", body), 400)["file"]
        assert len(said) == 1
    events = stocked.get(f"{run['url']}events/").json["results"]
    assert {event["kind"] for event in events} <= {"rejected"}
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["raw"], counts(shown)) == ("running", [], {})
    assert post(f"post-result?test_id={run['id']}", PASSED).json["outcome"] == "passed"


def test_what_a_file_says_of_itself_can_be_kept(make, post, stocked):
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    assert "file" in assert_failure(post(where, b'{"\\u0000": ' * 70 + b"1" + b"}" * 70), 400)
    tool = {"tool": "a\0" + "b" * 200, "results": [{"id": "a", "status": "passed"}]}
    assert post(where, json.dumps(tool).encode()).status_int == 201
    assert stocked.get(run["url"]).json["raw"][0]["producer"] == "a\ufffd" + "b" * 98


def test_the_same_again_is_the_same(make, post, stocked):
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    first = post(where, PASSED)
    assert post(where, PASSED).json == first.json
    assert "file" in assert_failure(post(where, V2), 400)
    assert len(stocked.get(run["url"]).json["raw"]) == 1


def test_the_same_again_may_be_the_last_file(make, post, stocked):
    """Two parts of a suite may say the same, such as that nothing was run."""
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    post(f"{where}&finished=false", PASSED)
    last = post(where, PASSED).json
    assert (last["state"], last["outcome"], counts(last)) == ("finished", "passed", {"passed": 3})
    assert len(stocked.get(run["url"]).json["raw"]) == 1


def test_shards_are_merged_and_the_worst_counts(make, post, stocked):
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    first = post(f"{where}&finished=false", PASSED)
    assert (first.json["state"], first.json["outcome"]) == ("uploading", None)
    body, headers = multipart(
        subunit.packet("t.1", "fail") + subunit.packet("t.2", "success") + subunit.packet("u", "skip"),
        finished="no",
    )
    assert counts(post(where, body, **headers).json) == {"passed": 2, "failed": 1, "skipped": 1}
    last = post(where, subunit.packet("t.1", "success"))
    assert (last.json["state"], last.json["outcome"]) == ("finished", "failed")
    assert counts(last.json) == {"passed": 2, "failed": 1, "skipped": 1}
    assert len(stocked.get(run["url"]).json["raw"]) == 3
    assert "finished" in assert_failure(post(f"{where}&finished=maybe", PASSED), 400)


def test_lists_of_passes_prove_no_more(make, post):
    run = make(tokenless=True)
    body = json.dumps({"cpid": "x", "duration_seconds": 3, "results": ["a.b", {"name": "a.c", "uuid": "1"}]})
    answer = post(f"post-result?test_id={run['id']}", body, **{"Content-Type": "application/json"})
    assert (answer.json["outcome"], counts(answer.json)) == ("pass_only", {"passed": 2})


def test_a_part_that_is_a_list_of_passes_proves_no_more(make, post):
    passes = json.dumps({"cpid": "x", "duration_seconds": 3, "results": ["a.b"]}).encode()
    for first, last in ((passes, PASSED), (PASSED, passes)):
        run = make(tokenless=True)
        where = f"post-result?test_id={run['id']}"
        post(f"{where}&finished=false", first)
        assert post(where, last).json["outcome"] == "pass_only"


def test_tests_that_never_ended(make, post):
    run = make(tokenless=True)
    stream = PASSED + subunit.packet("u", "exists") + subunit.packet("v", "inprogress")
    answer = post(f"post-result?test_id={run['id']}", stream)
    assert (answer.json["outcome"], counts(answer.json)) == (
        "incomplete",
        {"passed": 3, "not_run": 1, "incomplete": 1},
    )


def test_results_after_a_status_that_said_finished(make, post):
    """Runners said so first and sent the results afterwards."""
    run = make(tokenless=True)
    post(f"update-test-status/{run['id']}", "status=test complete&finished=true")
    answer = post(f"post-result?test_id={run['id']}", PASSED)
    assert (answer.status_int, answer.json["outcome"], answer.json["late"]) == (201, "passed", False)


def test_who_may_send(make, post, accounts):
    run, other = make(), make()
    where = f"post-result?test_id={run['id']}"
    assert_failure(post(where, PASSED), 401)
    assert_failure(post(where, PASSED, other["token"]), 403)
    assert_failure(post(where, PASSED, **accounts.bearer("bob")), 403)
    assert_failure(post(f"{where}&token={run['token']}", PASSED), 401)
    body, headers = multipart(PASSED, token=run["token"])
    assert post(where, body, **headers).status_int == 201


def test_a_bomb_is_413(make, post):
    run = make(tokenless=True)
    bomb = gzip.compress(b"\0" * (80 * 1024 * 1024), 9)
    answer = post(f"post-result?test_id={run['id']}", bomb, **{"Content-Encoding": "gzip"})
    assert_failure(answer, 413)
    pairs = b"file=x&" * 400_000
    assert_failure(post(f"post-result?test_id={run['id']}", pairs, **FORM), 413)


@pytest.fixture
def large():
    """A stream that is too large to be read in the request."""
    detail = b"x" * 4000
    return b"".join(
        subunit.packet(f"t.{number}", "success", media_type="text/plain", name="log", data=detail)
        for number in range(1200)
    )


def test_a_large_file_is_read_by_a_worker(make, post, stocked, large, work, clock):
    run = make()
    answer = post(f"post-result?test_id={run['id']}", large, run["token"])
    assert (answer.status_int, answer.json["state"], counts(answer.json)) == (201, "uploading", {})
    assert stocked.get(run["url"]).json["raw"][0]["state"] == "queued"
    assert post(f"post-result?test_id={run['id']}", large, run["token"]).status_int == 201
    clock.shift(1)
    work()
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"], counts(shown)) == ("finished", "passed", {"passed": 1200})
    # Our own API says that it has only been accepted.
    run = make()
    answer = stocked.post(f"{run['url']}results/", large, headers={"Authorization": f"Bearer {run['token']}"})
    assert answer.status_int == 202


def test_a_large_file_that_goes_wrong_in_the_end(make, post, stocked, large, work, clock):
    run = make()
    where = f"post-result?test_id={run['id']}"
    assert_failure(post(where, large[:99] + b"\0" + large[100:], run["token"]), 400)
    broken = large + subunit.packet("z", "success")[:-1] + b"?"
    assert post(where, broken, run["token"]).status_int == 201
    clock.shift(1)
    work()
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"]) == ("error", "unknown")
    assert f"at byte {len(large)}" in shown["reason"]
    assert shown["raw"][0]["state"] == "rejected"
    assert shown["raw"][0]["error"] in shown["reason"]


def test_the_clock_leaves_alone_what_waits_for_a_worker(make, post, stocked, large, work, clock):
    run = make()
    post(f"post-result?test_id={run['id']}", large, run["token"])
    clock.shift(7 * 3600)
    assert stocked.get(run["url"]).json["state"] == "uploading"
    work()
    assert stocked.get(run["url"]).json["state"] == "finished"


def test_a_run_ends_when_all_of_it_has_been_read(make, post, stocked, large, work, clock):
    """A file that a worker has still to read may say that something failed."""
    for ends in ("file", "status"):
        run = make()
        where = f"post-result?test_id={run['id']}"
        post(f"{where}&finished=false", PASSED, run["token"])
        post(f"{where}&finished=false", large + subunit.packet("z", "fail"), run["token"])
        if ends == "file":
            answer = post(where, subunit.packet("last", "success"), run["token"])
            assert (answer.json["state"], answer.json["outcome"]) == ("uploading", None)
        else:
            answer = post(f"update-test-status/{run['id']}", "status=done&finished=true", run["token"])
            assert (answer.json["state"], answer.json["finished"]) == ("uploading", False)
        clock.shift(1)
        work()
        shown = stocked.get(run["url"]).json
        assert (shown["state"], shown["outcome"], shown["counts"]["failed"]) == ("finished", "failed", 1), (
            ends
        )


def test_a_large_file_that_comes_again_may_be_the_last_one(make, post, stocked, large, work, clock):
    for read_before in (True, False):
        run = make()
        where = f"post-result?test_id={run['id']}"
        post(f"{where}&finished=false", large, run["token"])
        clock.shift(1)
        if read_before:
            work()
        assert post(where, large, run["token"]).json["state"] == ("finished" if read_before else "uploading")
        clock.shift(1)
        work()
        shown = stocked.get(run["url"]).json
        assert (shown["state"], shown["outcome"]) == ("finished", "passed"), read_before


def test_a_run_one_file_of_which_could_not_be_read_has_not_passed(make, post, stocked, large, work, clock):
    run = make()
    where = f"post-result?test_id={run['id']}"
    post(f"{where}&finished=false", large + subunit.packet("z", "success")[:-1] + b"?", run["token"])
    clock.shift(1)
    work()
    assert stocked.get(run["url"]).json["state"] == "uploading"
    last = post(where, PASSED, run["token"]).json
    assert (last["state"], last["outcome"], last["truncated"]) == ("finished", "incomplete", True)


def test_more_tests_than_a_run_may_have_in_several_files(
    make, post, stocked, large, work, clock, monkeypatch
):
    monkeypatch.setattr(test_results, "MOST_TESTS", 1199)
    run = make()
    where = f"post-result?test_id={run['id']}"
    post(f"{where}&finished=false", PASSED, run["token"])
    post(where, large, run["token"])
    clock.shift(1)
    work()
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"], counts(shown)) == ("error", "incomplete", {"passed": 3})
    assert "at most 1199 tests" in shown["raw"][1]["error"]


def test_results_come_through_when_too_much_has_been_said(make, post, stocked, monkeypatch):
    """The runner's chatter, and files that were none, are bounded; what the tests came to is not lost by that."""
    monkeypatch.setattr(test_events, "MOST", 3)
    run = make(tokenless=True)
    where = f"post-result?test_id={run['id']}"
    for _ in range(5):
        assert_failure(post(where, b"hello"), 400)
    assert stocked.get(f"{run['url']}events/").json["count"] == 3
    assert_failure(post(f"update-test-status/{run['id']}", "status=still running"), 429)
    assert post(f"{where}&finished=false", PASSED).status_int == 201
    assert_failure(post(f"{where}&finished=false", V2), 429)
    assert post(where, V2).json["state"] == "finished"
