"""`POST /v1/update-test-status/`: how remote runners say how a run goes (seed 003)."""

import base64
import json

import pytest

from support.wire import assert_failure

STATUS = "status=test complete"


def test_the_seeds_own_line(make, post, stocked):
    """`curl --data "status=test complete" …/v1/update-test-status/100`: no header of ours, no token."""
    number = make(tokenless=True)["id"]
    answer = post(f"update-test-status/{number}", STATUS)
    assert (answer.status_int, answer.content_type) == (201, "application/json")
    assert answer.json == {
        "test_id": number,
        "status": "test complete",
        "state": "running",
        "finished": False,
        "created": "2030-03-17T17:46:40Z",
        "deadline": "2030-03-17T18:01:40Z",
        "cancel_requested": False,
    }
    event = stocked.get(answer.headers["Location"]).json
    assert (event["kind"], event["status"], event["finished"]) == ("status", "test complete", None)


def test_where_the_number_is(make, post, subtests):
    """In the address, in what was sent, or in the query."""
    number = make(tokenless=True)["id"]
    as_json = {"Content-Type": "application/json"}
    parts = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    form = parts.format("test_id", number) + parts.format("status", "g") + "--x--\r\n"
    for case, (path, body, headers) in enumerate(
        (
            (f"/{number}", "status=a", {}),
            (f"/{number}/", "status=b", {}),
            ("", f"test_id={number}&status=c", {}),
            ("/", f"test_id={number}&status=d", {}),
            ("/", json.dumps({"test_id": number, "status": "e"}), as_json),
            (f"/?test_id={number}", "status=f", {}),
            ("/", form, {"Content-Type": "multipart/form-data; boundary=x"}),
            (f"/{number}?test_id={number}", f"status=h&test_id={number}", {}),
        )
    ):
        with subtests.test(case=case):
            assert post(f"update-test-status{path}", body, **headers).status_int == 201


@pytest.mark.parametrize(
    "number",
    ["abc", "0", "-1", "1.0", str(2**63), str(2**70), "%D9%A1%D9%A0%D9%A0", "999", "1e3", "+1", "%201"],
)
def test_numbers_of_nothing_are_400(make, post, number):
    make(tokenless=True)
    answer = post(f"update-test-status/{number}", STATUS)
    assert list(assert_failure(answer, 400)) == ["test_id"]


def test_no_number_and_two_numbers(make, post):
    number = make(tokenless=True)["id"]
    for path, body in (
        ("", STATUS),
        ("/", STATUS),
        ("/?test_id=", STATUS),
        (f"/{number}", f"{STATUS}&test_id={number + 1}"),
        (f"/?test_id={number}&test_id={number + 1}", STATUS),
        ("/", f"{STATUS}&test_id={number}&test_id={number + 1}"),
    ):
        assert "test_id" in assert_failure(post(f"update-test-status{path}", body), 400)


def test_an_empty_status_is_400(make, post):
    number = make(tokenless=True)["id"]
    for body in (
        "",
        "status=",
        "status=+%20",
        "status=%0A%09",
        "finished=true",
        "message=hello",
        "status=%00",
    ):
        assert list(assert_failure(post(f"update-test-status/{number}", body), 400)) == ["status"]
    # The old server read it from the query, by mistake.
    assert_failure(post(f"update-test-status/{number}?status=hello"), 400)


def test_both_faults_are_told_at_once(make, post):
    make(tokenless=True)
    assert set(assert_failure(post("update-test-status/999", "status="), 400)) == {"test_id", "status"}
    assert set(assert_failure(post("update-test-status/", "status=&finished=maybe"), 400)) == {
        "test_id",
        "status",
        "finished",
    }


def test_how_long_things_may_be(make, post):
    number = make(tokenless=True)["id"]
    where = f"update-test-status/{number}"
    assert post(where, "status=" + "x" * 1024).status_int == 201
    assert_failure(post(where, "status=" + "x" * 1025), 400)
    assert post(where, {"status": "ü" * 1024}).status_int == 201
    assert_failure(post(where, "status=x&error=" + "x" * 8193), 400)
    assert_failure(post(where, "status=" + "x" * 16384), 413, "ERROR_TOO_LARGE")
    assert_failure(post(where, b"status=\xff%ff"), 400)


def test_finished_in_many_words(make, post):
    for word, ends in (
        *((word, True) for word in ("true", "True", "1", "yes", "ON", "t")),
        *((word, False) for word in ("false", "0", "no", "Off", "f", "")),
    ):
        number = make(tokenless=True)["id"]
        answer = post(f"update-test-status/{number}", f"status=x&finished={word}")
        assert (answer.status_int, answer.json["finished"]) == (201, ends), word
        assert answer.json["state"] == ("finished" if ends else "running")
        post(f"update-test-status/{number}", "status=y&finished=true")
    number = make(tokenless=True)["id"]
    assert "finished" in assert_failure(post(f"update-test-status/{number}", "status=x&finished=2"), 400)


def test_a_run_that_has_ended_takes_no_more(make, post, clock, stocked):
    run = make(tokenless=True)
    where = f"update-test-status/{run['id']}"
    first = post(where, "status=done&finished=true")
    clock.shift(59)
    again = post(where, "status=done&finished=true")
    assert (again.status_int, again.headers["Location"]) == (201, first.headers["Location"])
    assert_failure(post(where, "status=done"), 400)
    clock.shift(2)
    assert "status" in assert_failure(post(where, "status=done&finished=true"), 400)
    assert stocked.get(f"{run['url']}events/").json["count"] == 1


def test_errors_end_it(make, post, stocked):
    run = make(tokenless=True)
    body = "status=sorry&error=no%20display&exit_code=137&progress=3/10"
    answer = post(f"update-test-status/{run['id']}", body)
    assert (answer.json["state"], answer.json["finished"]) == ("error", True)
    event = stocked.get(answer.headers["Location"]).json
    assert (event["error"], event["exit_code"], event["progress"]) == ("no display", 137, "3/10")
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"], shown["reason"]) == ("error", "unknown", "no display")


def test_forms_that_are_not_utf_8(make, post):
    body = b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\n\xff\r\n--x--\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = post(f"update-test-status/{make(tokenless=True)['id']}", body, **form)
    assert "not UTF-8" in assert_failure(answer, 400)["non_field_errors"][0]


def test_unknown_fields_are_ignored(make, post):
    assert post(f"update-test-status/{make(tokenless=True)['id']}", f"{STATUS}&colour=blue").status_int == 201


def test_too_many_events(make, post, clock):
    number = make(tokenless=True)["id"]
    for count in range(60):
        assert post(f"update-test-status/{number}", f"status={count}").status_int == 201
    answer = post(f"update-test-status/{number}", "status=one more")
    assert_failure(answer, 429, "TOO_MANY_EVENTS")
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    clock.shift(61)
    assert post(f"update-test-status/{number}", "status=one more").status_int == 201


def test_other_verbs(make, stocked):
    for path in (f"update-test-status/{make()['id']}", "update-test-status/", "post-result", "get-miniconf"):
        verbs = "GET, HEAD, OPTIONS" if path == "get-miniconf" else "OPTIONS, POST"
        answer = stocked.put(f"/v1/{path}", expect_errors=True)
        assert_failure(answer, 405)
        assert answer.headers["Allow"] == verbs
    for path in ("get-script", "get-testcases"):
        assert_failure(stocked.get(f"/v1/{path}", expect_errors=True), 404)


def test_who_may_report(make, post, accounts):
    run, other = make(), make()
    where = f"update-test-status/{run['id']}"
    basic = base64.b64encode(f"runner:{run['token']}".encode()).decode()
    answer = assert_failure(post(where, STATUS), 401, "ERROR_NOT_AUTHENTICATED")
    assert "token" in answer["detail"]
    assert_failure(post(where, STATUS, other["token"]), 403)
    assert_failure(
        post(where, STATUS, run["token"][:-1] + ("x" if run["token"][-1] != "x" else "y")),
        401,
        "ERROR_DECODING_SIGNATURE",
    )
    assert_failure(post(where, f"{STATUS}&token=nonsense"), 401)
    assert_failure(post(where, f"{STATUS}&token={other['token']}"), 403)
    assert_failure(post(where, f"{STATUS}&token={run['token']}", run["token"]), 401, "ERROR_INVALID_HEADER")
    assert_failure(post(f"{where}?token={run['token']}", STATUS), 401)
    assert_failure(post(where, STATUS, Authorization="Basic !"), 401, "ERROR_INVALID_HEADER")
    assert_failure(post(where, STATUS, **accounts.bearer("bob")), 403)
    assert_failure(post(where, STATUS, **accounts.bearer("ann", scopes=["publish"])), 403)
    for number, headers in enumerate(
        (
            {"token": run["token"]},
            {"Authorization": f"Basic {basic}"},
            {"Auth-Token": run["token"]},
            accounts.bearer("ann", scopes=["test-results"]),
        )
    ):
        assert post(where, f"status={number}", **headers).status_int == 201
    assert post(where, f"status=form&token={run['token']}").status_int == 201
    # Unknown numbers are 400, whoever asks; there is nothing to be learnt from that.
    assert_failure(post("update-test-status/999", STATUS), 400)


def test_tokens_in_forms_are_not_taken_in_the_clear(make, stocked):
    run = make()
    where = f"/v1/update-test-status/{run['id']}"
    far = {"REMOTE_ADDR": "192.0.2.1"}
    answer = stocked.post(where, f"{STATUS}&token={run['token']}", extra_environ=far, expect_errors=True)
    assert_failure(answer, 403, "ERROR_HTTPS_REQUIRED")
    open_run = make(tokenless=True)["id"]
    stocked.post(f"/v1/update-test-status/{open_run}", STATUS, extra_environ=far, status=201)


def test_cookies_count_for_nothing(make, stocked):
    from support.browser import Browser

    run = make()
    Browser(stocked).developer("ann")
    assert_failure(stocked.post(f"/v1/update-test-status/{run['id']}", STATUS, expect_errors=True), 401)


def test_a_token_ends_an_hour_after_its_run(make, post, clock):
    run = make()
    where = f"update-test-status/{run['id']}"
    assert post(where, "status=x&finished=true", run["token"]).status_int == 201
    clock.shift(3600)
    assert_failure(post(where, STATUS, run["token"]), 400)
    clock.shift(1)
    assert_failure(post(where, STATUS, run["token"]), 401, "ERROR_SIGNATURE_EXPIRED")
