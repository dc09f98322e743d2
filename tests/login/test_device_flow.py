"""Programs log in by a code that is approved in a browser (RFC 8628), and keep their session by refreshing it."""

import datetime
import threading

import jwt
import pytest
import requests
import time_machine
from sqlalchemy import select

from registry.domain import devices
from registry.domain.errors import Forbidden
from registry.models import DeviceLogin, Event, LoginSession, User, now
from support.wire import assert_failure

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ME = "/api/v4/users/me/"
SESSION = "registry-session"


@pytest.fixture
def ann(browser):
    ann = browser()
    ann.log_in("ann")
    return ann


@pytest.fixture
def program(browser):
    """A program without a browser: only the application."""
    return browser().app


def begin(program, **fields):
    return program.post("/oauth/device_authorization", {"client_id": "an editor", **fields}).json


def collect(program, begun, **options):
    fields = {"grant_type": DEVICE_CODE, "device_code": begun["device_code"]}
    return program.post("/oauth/token", fields, **options)


def approve(ann, begun, decision="approve"):
    page = ann.get(begun["verification_uri_complete"], headers={"Accept": "text/html"})
    assert begun["user_code"] in page.text
    return page.forms[0].submit("decision", value=decision)


def refusal(answer):
    body = assert_failure_of_oauth(answer)
    return body["error"]


def assert_failure_of_oauth(answer):
    assert answer.status_int == 400
    assert answer.json["error_description"] == answer.json["detail"]
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.fixture
def tokens(program, ann):
    begun = begin(program)
    approve(ann, begun)
    return collect(program, begun).json


def test_from_the_first_word_to_a_session(program, ann):
    begun = begin(program, scope="read publish")
    assert refusal(collect(program, begun, expect_errors=True)) == "authorization_pending"
    assert refusal(collect(program, begun, expect_errors=True)) == "slow_down"
    approve(ann, begun)
    tokens = collect(program, begun).json
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 900, "read publish")
    me = program.get(ME, headers=bearer(tokens)).json
    assert (me["username"], me["credential"]["scopes"]) == ("ann", ["publish", "read"])
    assert program.get(ME, headers={"Authorization": f"JWT {tokens['access_token']}"}).json == me
    assert refusal(collect(program, begun, expect_errors=True)) == "invalid_grant"


def test_who_asks_too_often_has_to_wait_longer(program):
    begun = begin(program)
    with time_machine.travel(now(), tick=False) as clock:
        for wait, said in (
            (0, "authorization_pending"),
            (5, "authorization_pending"),
            (1, "slow_down"),
            (5, "slow_down"),
            (10, "slow_down"),
            (20, "authorization_pending"),
            (20, "authorization_pending"),
            (18, "slow_down"),
        ):
            clock.shift(wait)
            assert refusal(collect(program, begun, expect_errors=True)) == said, wait


def test_the_scopes_of_a_session_hold(program, ann):
    begun = begin(program, scope="read")
    approve(ann, begun)
    headers = bearer(collect(program, begun).json)
    body = {"name": "x", "scopes": ["read"]}
    answer = program.post_json(f"{ME}tokens/", body, headers=headers, expect_errors=True)
    assert "`manage`" in assert_failure(answer, 403, "ERROR_SCOPE")["detail"]


def test_codes_as_people_type_them(program, ann):
    begun = begin(program)
    typed = begun["user_code"].lower().replace("-", " ")
    assert begun["user_code"] in ann.get(f"/device?user_code={typed}").text


def test_refused_unknown_and_expired(program, ann, site):
    begun = begin(program)
    approve(ann, begun, "deny")
    assert refusal(collect(program, begun, expect_errors=True)) == "access_denied"
    late = begin(program)
    with time_machine.travel(now() + datetime.timedelta(seconds=901)):
        assert refusal(collect(program, late, expect_errors=True)) == "expired_token"
        gone = ann.get(f"/device?user_code={late['user_code']}", expect_errors=True)
        assert "UNKNOWN_CODE" in assert_failure(gone, 400)["user_code"][0]
    unknown = {"device_code": "nonsense"}
    assert refusal(collect(program, unknown, expect_errors=True)) == "invalid_grant"
    for code in ("XXXX-XXXX", "", "'", "x" * 5000):
        form = {"user_code": code, "decision": "approve", "csrf_token": ann.session()["csrf_token"]}
        assert_failure(ann.app.post("/device", form, expect_errors=True), 400)


def test_only_a_browser_that_is_logged_in_approves(program, browser, ann, tokens):
    begun = begin(program)
    answer = browser().get(begun["verification_uri_complete"], status=303)
    assert "/login/?next=%2Fdevice" in answer.headers["Location"]
    form = {"user_code": begun["user_code"], "decision": "approve"}
    assert_failure(browser().app.post("/device", form, expect_errors=True), 401)
    assert_failure(program.post("/device", form, headers=bearer(tokens), expect_errors=True), 401)
    assert_failure(ann.app.post("/device", form, expect_errors=True), 403, "ERROR_CSRF")
    assert refusal(collect(program, begun, expect_errors=True)) == "authorization_pending"


def test_bad_requests(program):
    for path, fields, error in (
        ("device_authorization", {"scope": "read"}, "invalid_request"),
        ("device_authorization", {"client_id": "x" * 101}, "invalid_request"),
        ("device_authorization", {"client_id": "a\nb"}, "invalid_request"),
        ("device_authorization", {"client_id": "x", "scope": "everything"}, "invalid_scope"),
        ("token", {"x": "y"}, "unsupported_grant_type"),
        ("token", {"grant_type": "password"}, "unsupported_grant_type"),
        ("token", {"grant_type": DEVICE_CODE}, "invalid_request"),
        ("token", {"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ("revoke", {"x": "y"}, "invalid_request"),
    ):
        assert refusal(program.post(f"/oauth/{path}", fields, expect_errors=True)) == error
        assert refusal(program.post_json(f"/oauth/{path}", fields, expect_errors=True)) == error
    twice = program.post("/oauth/token", "grant_type=a&grant_type=b", expect_errors=True)
    assert refusal(twice) == "invalid_request"
    large = program.post("/oauth/token", {"grant_type": "x" * 20_000}, expect_errors=True)
    assert (large.status_int, large.json["error"]) == (413, "invalid_request")
    odd = program.post("/oauth/token", b"{}", content_type="text/xml", expect_errors=True)
    assert (odd.status_int, odd.json["error"]) == (415, "invalid_request")


def test_a_device_code_gives_one_session(program, ann, site):
    begun = begin(program)
    approve(ann, begun)
    found = []

    def fetch():
        found.append(collect(program, begun, expect_errors=True).status_int)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + [400] * 7
    with site.registry["database"].read() as connection:
        origins = list(connection.scalars(select(LoginSession.origin)))
        assert connection.execute(select(DeviceLogin.id)).all() == []
    assert sorted(origins) == ["corp", "device"]


def test_refreshing(program, tokens):
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = program.post("/oauth/token", fields).json
    assert fresh["refresh_token"] != tokens["refresh_token"]
    program.get(ME, headers=bearer(fresh), status=200)
    # The first one again: somebody has stolen it, so nobody has the session any more.
    assert refusal(program.post("/oauth/token", fields, expect_errors=True)) == "invalid_grant"
    assert_failure(program.get(ME, headers=bearer(fresh), expect_errors=True), 401, "ERROR_SIGNATURE_EXPIRED")
    fields["refresh_token"] = fresh["refresh_token"]
    assert refusal(program.post("/oauth/token", fields, expect_errors=True)) == "invalid_grant"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_counts_at_once(program, tokens, which):
    program.post("/oauth/revoke", {"token": tokens[which]}, status=200)
    assert_failure(program.get(ME, headers=bearer(tokens), expect_errors=True), 401)
    program.post("/oauth/revoke", {"token": tokens[which]}, status=200)
    program.post("/oauth/revoke", {"token": "unknown"}, status=200)


def test_a_refresh_token_is_no_browser(program, browser, ann):
    begun = begin(program, scope="read")
    approve(ann, begun)
    thief = browser()
    thief.app.set_cookie(SESSION, collect(program, begun).json["refresh_token"])
    assert_failure(thief.get(ME, expect_errors=True), 401, "ERROR_NOT_AUTHENTICATED")
    more = begin(program)
    answer = thief.app.post(
        "/device", {"user_code": more["user_code"], "decision": "approve"}, expect_errors=True
    )
    assert_failure(answer, 401)


def test_a_cookie_is_no_refresh_token(program, ann):
    fields = {"grant_type": "refresh_token", "refresh_token": ann.app.cookies[SESSION]}
    assert refusal(program.post("/oauth/token", fields, expect_errors=True)) == "invalid_grant"
    assert ann.session()["current"]


def test_logging_out_everywhere_ends_what_was_approved_and_not_yet_begun(program, ann):
    begun = begin(program)
    approve(ann, begun)
    ann.app.delete("/api/v4/users/me/sessions/", headers=ann.csrf(), status=204)
    assert refusal(collect(program, begun, expect_errors=True)) == "invalid_grant"


def test_a_browser_that_has_just_logged_out_approves_nothing(program, ann, site):
    begun, session_id = begin(program), ann.session()["id"]
    database = site.registry["database"]
    ann.app.delete("/api/v4/users/me/sessions/current/", headers=ann.csrf(), status=204)
    with pytest.raises(Forbidden, match="just been revoked"):
        database.write(lambda s: devices.decide(s, begun["user_code"], 1, session_id, approve=True))
    assert refusal(collect(program, begun, expect_errors=True)) == "authorization_pending"


def test_logging_a_program_out_from_elsewhere(program, ann, tokens):
    sessions = ann.get(f"{ME}sessions/").json["results"]
    assert [(session["origin"], session["client"], session["current"]) for session in sessions] == [
        ("device", "an editor", False),
        ("corp", "", True),
    ]
    ann.app.delete(f"{ME}sessions/{sessions[0]['id']}/", headers=ann.csrf(), status=204)
    assert_failure(program.get(ME, headers=bearer(tokens), expect_errors=True), 401)
    ann.app.delete(f"{ME}sessions/", headers=ann.csrf(), status=204)
    assert_failure(ann.get(ME, expect_errors=True), 401)


def test_a_strangers_session_is_not_there(program, browser, ann, tokens):
    bob = browser()
    bob.log_in("bob")
    mine = ann.session()["id"]
    for verb in ("get", "delete"):
        answer = getattr(bob.app, verb)(f"{ME}sessions/{mine}/", headers=bob.csrf(), expect_errors=True)
        assert_failure(answer, 404)


def test_jwts_that_are_not_ours(program, tokens, site, ann):
    good = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    forged = [
        jwt.encode(good, "another key of at least thirty-two bytes", "HS256"),
        jwt.encode(good, None, "none"),
        jwt.encode(good | {"sid": "999"}, "another key of at least thirty-two bytes", "HS256"),
    ]
    secret = site.registry["sessions"]._codec.private_key
    other = site.registry["database"].write(_somebody)
    forged += [
        jwt.encode(good | {"exp": good["iat"] - 100}, secret, "HS256"),
        jwt.encode(good | {"iat": good["iat"] + 3600}, secret, "HS256"),
        jwt.encode(good | {"sub": str(other)}, secret, "HS256"),
        jwt.encode(good | {"sid": "999"}, secret, "HS256"),
        jwt.encode(good | {"sid": "x"}, secret, "HS256"),
        jwt.encode({name: good[name] for name in good if name != "exp"}, secret, "HS256"),
        jwt.encode(good, secret + secret, "HS512"),
    ]
    for token in forged:
        for scheme in ("JWT", "Bearer"):
            headers = {"Authorization": f"{scheme} {token}"}
            assert_failure(program.get("/api/v4/extensions/", headers=headers, expect_errors=True), 401)
    program.get(ME, headers=bearer(tokens), status=200)


def _somebody(session):
    user = User(username="other")
    session.add(user)
    session.flush()
    return user.id


def test_events_hold_no_free_text(program, ann, site):
    begun = begin(program, client_id="Ann's secret editor")
    approve(ann, begun)
    collect(program, begun)
    with site.registry["database"].read() as connection:
        assert "editor" not in str(connection.execute(select(Event.kind, Event.data)).all())


def test_where_the_endpoints_are(program):
    found = program.get("/.well-known/oauth-authorization-server").json
    assert found["token_endpoint"].endswith("/oauth/token")
    assert requests.utils.urlparse(found["issuer"]).scheme == "http"
