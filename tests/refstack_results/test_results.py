"""Uploads of refstack-client, and how it lists them."""

import base64
import gzip
import time
from random import Random

import pytest
import time_machine

from support import shelf
from support.wire import assert_failure

from .conftest import KEYS, RESULTS, dump

NOW = 1_900_000_000


def test_an_upload_is_shown(upload, stocked):
    answer = upload()
    assert answer.status_int == 201
    uuid, url = answer.json["test_id"], answer.json["url"]
    assert url.endswith(f"/v1/results/{uuid}")
    shown = stocked.get(url).json
    assert shown["results"] == ["t.one", "t.two"]
    assert (shown["duration_seconds"], shown["user_role"], shown["cpid"]) == (12, "user", None)
    (listed,) = stocked.get(RESULTS).json["results"]
    assert {**listed, "results": shown["results"], "user_role": "user", "cpid": None} == shown


def test_a_cloud_with_a_nul_in_its_name(upload, stocked):
    answer = upload(body=dump(["t"]).replace(b"cloud-1", b"a\\u0000b"))
    assert stocked.get(f"{RESULTS}?cpid=a%EF%BF%BDb").json["results"][0]["id"] == answer.json["test_id"]


def test_slash_and_no_slash(upload, stocked):
    assert upload(path="/v1/results").status_int == 201
    assert len(stocked.get("/v1/results").json["results"]) == 1


def test_an_empty_list_has_one_page(stocked):
    assert stocked.get(RESULTS).json == {"results": [], "pagination": {"current_page": 1, "total_pages": 1}}


def test_pages_end_where_they_say(upload, stocked, accounts):
    headers = accounts.bearer("ann")
    for number in range(21):
        assert upload([f"t.{number}"], **headers).status_int == 201
    first, second = (stocked.get(f"{RESULTS}?page={page}").json for page in (1, 2))
    assert [len(page["results"]) for page in (first, second)] == [20, 1]
    assert second["pagination"] == {"current_page": 2, "total_pages": 2}
    assert len({item["id"] for page in (first, second) for item in page["results"]}) == 21
    for page in ("3", "0", "-1", "abc"):
        assert_failure(stocked.get(f"{RESULTS}?page={page}", expect_errors=True), 400)


def test_filters(upload, stocked):
    with time_machine.travel(NOW, tick=False) as clock:
        first = upload().json["test_id"]
        clock.shift(60)
        second = upload(body=dump(["t"]).replace(b"cloud-1", b"cloud-2")).json["test_id"]
    start = time.strftime("%Y-%m-%d+%H%%3A%M%%3A%S", time.gmtime(NOW))
    later = time.strftime("%Y-%m-%d+%H%%3A%M%%3A%S", time.gmtime(NOW + 60))
    for asked, found in (
        (f"start_date={start}&end_date={start}", [first]),
        (f"start_date={later}", [second]),
        (f"start_date={start}&end_date={later}", [second, first]),
        ("cpid=cloud-1", [first]),
        ("cpid=cloud", []),
        ("start_date=0001-01-01+00%3A00%3A00&end_date=9999-12-31+23%3A59%3A59", [second, first]),
    ):
        assert [item["id"] for item in stocked.get(f"{RESULTS}?{asked}").json["results"]] == found, asked
    for asked in ("start_date=today", f"start_date={later}&end_date={start}", "signed=1"):
        assert_failure(stocked.get(f"{RESULTS}?{asked}", expect_errors=True), 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"nonsense",
        dump([]),
        dump(["t"], duration_seconds=-1),
        dump(["t"], duration_seconds=2**80),
        dump(["t"]).replace(b"cloud-1", b""),
        dump(["t"]).replace(b'"cpid": "cloud-1", ', b""),
        dump(["t"]).replace(b"cloud-1", b"x" * 129),
        b'{"results": [{"id": "t", "status": "passed"}]}',
        b"TAP version 13\n1..1\nok 1 - a\n",
    ],
)
def test_what_is_none_is_refused(upload, stocked, body):
    assert_failure(upload(body=body), 400)
    assert stocked.get(RESULTS).json["results"] == []


def test_the_schema(stocked):
    assert stocked.get("/v1/results/schema").json["required"] == ["cpid", "duration_seconds", "results"]


def test_a_signed_upload_is_its_owners_until_it_is_shared(upload, stocked, registered, rsa_key, accounts):
    uuid = upload(key=rsa_key).json["test_id"]
    where = f"{RESULTS}{uuid}"
    assert_failure(stocked.get(where, expect_errors=True), 401)
    assert_failure(stocked.get(where, headers=accounts.jwt("bob"), expect_errors=True), 401)
    assert stocked.get(RESULTS).json["results"] == []
    assert_failure(stocked.get("/api/v4/test-runs/1/", expect_errors=True), 404)
    assert_failure(stocked.get("/api/v4/test-runs/1/results/", expect_errors=True), 404)
    mine = stocked.get(where, headers=registered).json
    assert (mine["user_role"], mine["cpid"]) == ("owner", "cloud-1")
    assert len(stocked.get(f"{RESULTS}?signed=1", headers=registered).json["results"]) == 1
    assert stocked.get("/api/v4/test-runs/1/", headers=registered).json["created_by"] == "ann"

    stocked.post(f"{where}/meta/shared", b"true", headers=registered, status=201)
    assert stocked.get(where).json["meta"] == {"shared": "true"}
    assert len(stocked.get(RESULTS).json["results"]) == 1
    assert stocked.get(f"{where}/meta/shared").json == "true"
    assert stocked.get("/api/v4/test-runs/1/").json["outcome"] == "pass_only"

    stocked.delete(f"{where}/meta/shared", headers=registered, status=204)
    assert_failure(stocked.get(where, expect_errors=True), 401)
    assert_failure(stocked.delete(f"{where}/meta/shared", headers=registered, expect_errors=True), 404)


def test_only_its_owner_says_something_of_it(upload, stocked, registered, rsa_key, accounts):
    where = f"{RESULTS}{upload(key=rsa_key).json['test_id']}/meta/"
    assert_failure(stocked.post(f"{where}shared", b"true", expect_errors=True), 401)
    assert_failure(
        stocked.post(f"{where}shared", b"true", headers=accounts.jwt("bob"), expect_errors=True), 403
    )
    assert_failure(stocked.post(f"{where}other", b"x", headers=registered, expect_errors=True), 403)
    assert_failure(stocked.post(f"{where}target", b"x" * 256, headers=registered, expect_errors=True), 400)
    long = stocked.post(f"{where}target", "½".encode() * 1000, headers=registered, expect_errors=True)
    assert "at most 255 characters" in assert_failure(long, 400)["target"][0]
    assert_failure(stocked.post(f"{where}target", b"\xff", headers=registered, expect_errors=True), 400)


def test_signatures_are_over_the_bytes(upload, registered, rsa_key, other_key):
    body = dump(["t.a"])
    headers = rsa_key.headers(body)
    assert upload(body=body, **headers).status_int == 201
    for changed in (
        {"body": body + b" ", **headers},
        {"body": body, **headers, "X-Signature": "zz"},
        {"body": body, **headers, "X-Signature": headers["X-Signature"][:-2]},
        {"body": body, **headers, "X-Public-Key": "ssh-rsa nonsense"},
        {"body": body, "X-Public-Key": headers["X-Public-Key"]},
        {"body": body, "X-Signature": headers["X-Signature"]},
        {"body": body, **headers, "X-Public-Key": other_key.line},
    ):
        assert_failure(upload(**changed), 400)
    assert_failure(upload(body=body, key=other_key), 401)


def test_keys(stocked, accounts, registered, rsa_key, other_key):
    assert stocked.get(KEYS, headers=registered).json["results"][0]["key"] == rsa_key.line
    for name in ("ann", "bob"):
        proof = {"raw_key": rsa_key.line, "self_signature": rsa_key.sign(b"signature")}
        answer = stocked.post_json(KEYS, proof, headers=accounts.jwt(name), expect_errors=True)
        assert_failure(answer, 409)
    stolen = {"raw_key": other_key.line, "self_signature": rsa_key.sign(b"signature")}
    assert_failure(stocked.post_json(KEYS, stolen, headers=registered, expect_errors=True), 400)
    ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    weak = {"raw_key": ed25519, "self_signature": "00"}
    assert_failure(stocked.post_json(KEYS, weak, headers=registered, expect_errors=True), 400)


def test_a_key_that_was_removed_signs_nothing_more(upload, stocked, registered, rsa_key):
    assert upload(key=rsa_key).status_int == 201
    stocked.delete(stocked.get(KEYS, headers=registered).json["results"][0]["url"], headers=registered)
    assert_failure(upload(["t.other"], key=rsa_key), 401)


def test_with_the_token_of_a_run_they_are_the_runs(upload, stocked, accounts):
    where = f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.SIGNED}/test-runs/"
    run = stocked.post_json(where, {}, headers=accounts.bearer(shelf.OWNER)).json
    basic = base64.b64encode(f"run:{run['token']}".encode()).decode()
    answer = upload(Authorization=f"Basic {basic}")
    assert answer.status_int == 201
    shown = stocked.get(run["url"]).json
    assert (shown["state"], shown["outcome"], shown["counts"]["passed"]) == ("finished", "pass_only", 2)
    assert stocked.get(answer.json["url"]).json["results"] == ["t.one", "t.two"]
    assert upload(Authorization=f"Basic {basic}").json == answer.json
    assert_failure(upload(["another"], Authorization=f"Basic {basic}"), 409)


def test_with_a_users_token_they_are_the_users(upload, stocked, accounts):
    token = accounts.token("ann", scopes=["test-results"])
    basic = base64.b64encode(f"ann:{token}".encode()).decode()
    url = upload(Authorization=f"Basic {basic}").json["url"]
    assert stocked.get(url, headers=accounts.jwt("ann")).json["user_role"] == "owner"
    other = base64.b64encode(f"ann:{accounts.token('ann', scopes=['read'])}".encode()).decode()
    assert_failure(upload(Authorization=f"Basic {other}"), 403)


def test_what_is_too_large_is_refused_before_it_is_read(upload, accounts):
    random = Random(1)
    user = accounts.bearer("ann")
    for most, headers in ((2 * 1024 * 1024, {}), (4 * 1024 * 1024, user)):
        assert_failure(upload(body=b"x" * (most + 1), **headers), 413)
        packed = gzip.compress(dump([random.randbytes(450).hex() for _ in range(most // 900)]))
        assert len(packed) < most
        assert_failure(upload(body=packed, **headers), 413)


def test_anonymous_uploads_are_counted(upload):
    for number in range(10):
        assert upload([f"t.{number}"]).status_int == 201
    assert_failure(upload(["one more"]), 429)
