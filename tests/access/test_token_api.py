"""Tokens and keys by the API: made, listed, replaced and revoked, and never more than their maker."""

import datetime
import threading

import pytest
import time_machine

from registry.domain import credentials
from registry.domain.errors import Forbidden
from registry.models import User, now
from support import shelf
from support.wire import assert_failure

ME = "/api/v4/users/me/"
TOKENS, KEYS = f"{ME}tokens/", f"{ME}keys/"


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


def make(app, headers, **fields):
    body = {"name": "ci", "scopes": ["read"], **fields}
    return app.post_json(TOKENS, body, headers=headers, status=201)


def use(app, text, **options):
    return app.get(ME, headers={"Auth-Token": text}, **options)


def test_a_token_is_shown_once(app, ann):
    answer = make(app, ann, name="pipeline", scopes=["publish", "read"], extensions=["word-tally"], days=7)
    made = answer.json
    assert answer.headers["Location"] == made["url"]
    assert answer.headers["Cache-Control"] == "no-store"
    shown = app.get(made["url"].partition("6543")[2], headers=ann).json
    assert shown == {name: value for name, value in made.items() if name != "token"}
    assert made["token"].startswith("reg_")
    listed = app.get(TOKENS, headers=ann)
    assert listed.json["results"][0] == shown
    assert "reg_" not in listed.text
    expires = datetime.datetime.fromisoformat(made["expires"])
    assert datetime.timedelta(days=6.9) < expires - now() < datetime.timedelta(days=7)


def test_ninety_days_unless_said_otherwise(app, ann, accounts):
    made = make(app, accounts.jwt("ann")).json
    with time_machine.travel(now() + datetime.timedelta(days=89.9)):
        use(app, made["token"], status=200)
    with time_machine.travel(now() + datetime.timedelta(days=90.1)):
        assert_failure(use(app, made["token"], expect_errors=True), 401, "ERROR_SIGNATURE_EXPIRED")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"scopes": [1]}, "scopes"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": 5}, "name"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"days": 1.5}, "days"),
        ({"days": True}, "days"),
        ({"days": "7"}, "days"),
        ({"extensions": ["x" * 200]}, "extensions"),
        ({"extensions": ["x"] * 101}, "extensions"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_wishes(app, ann, fields, field):
    body = {"name": "ci", "scopes": ["read"], **fields}
    answer = app.post_json(TOKENS, body, headers=ann, expect_errors=True)
    assert field in assert_failure(answer, 400)


def test_unknown_scopes_are_answered_with_the_known(app, ann):
    answer = app.post_json(TOKENS, {"name": "x", "scopes": ["root"]}, headers=ann, expect_errors=True)
    assert "read, review, report, publish, manage, test-results" in answer.json["scopes"][0]


def test_a_token_gives_no_more_than_it_has(app, accounts):
    small = accounts.bearer("ann", scopes=["manage", "read"], days=5)
    for more in ({"scopes": ["publish"]}, {"scopes": ["read", "review"]}):
        answer = app.post_json(TOKENS, {"name": "x", **more}, headers=small, expect_errors=True)
        assert_failure(answer, 403, "ERROR_SCOPE")
    child = make(app, small, days=300).json
    assert datetime.datetime.fromisoformat(child["expires"]) - now() < datetime.timedelta(days=5)
    limited = accounts.bearer("ann", extensions=["word-tally"])
    answer = app.post_json(TOKENS, {"name": "x", "scopes": ["read"]}, headers=limited, expect_errors=True)
    assert_failure(answer, 403, "ERROR_SCOPE")
    without = accounts.bearer("ann", scopes=["read", "publish"])
    answer = app.post_json(TOKENS, {"name": "x", "scopes": ["read"]}, headers=without, expect_errors=True)
    assert "`manage`" in assert_failure(answer, 403, "ERROR_SCOPE")["detail"]


def test_revoked_with_all_that_was_made_with_it(app, ann):
    first = make(app, ann, scopes=["manage", "read"]).json
    second = make(app, {"Auth-Token": first["token"]}, scopes=["manage", "read"]).json
    third = make(app, {"Auth-Token": second["token"]}).json
    app.delete(f"{TOKENS}{first['id']}/", headers=ann, status=204)
    for made in (first, second, third):
        assert_failure(use(app, made["token"], expect_errors=True), 401)
    app.get(ME, headers=ann, status=200)
    app.delete(f"{TOKENS}{first['id']}/", headers=ann, status=204)


def test_rotating(app, ann):
    old = make(app, ann, scopes=["publish"], extensions=["a"], days=10).json
    new = app.post(f"{TOKENS}{old['id']}/rotate/", headers=ann, status=201).json
    assert [new[name] for name in ("name", "scopes", "extensions")] == ["ci", ["publish"], ["a"]]
    assert_failure(use(app, old["token"], expect_errors=True), 401)
    again = app.post(f"{TOKENS}{old['id']}/rotate/", headers=ann, expect_errors=True)
    assert_failure(again, 409, "TOKEN_REVOKED")


def test_a_token_that_replaces_itself(app, ann):
    mine = make(app, ann, scopes=["manage", "read"]).json
    new = app.post(f"{TOKENS}{mine['id']}/rotate/", headers={"Auth-Token": mine["token"]}, status=201).json
    use(app, new["token"], status=200)
    assert_failure(use(app, mine["token"], expect_errors=True), 401)


def test_of_many_who_rotate_one_wins(app, ann):
    old = make(app, ann).json
    found = []

    def rotate():
        answer = app.post(f"{TOKENS}{old['id']}/rotate/", headers=ann, expect_errors=True)
        found.append(answer.status_int)

    threads = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [201] + [409] * 5


def test_nothing_is_made_with_what_has_just_been_revoked(app, ann, accounts, database, config):
    """As if it had been revoked between the look at the credential and the write."""
    mine = make(app, ann, scopes=["manage", "read"]).json
    other = make(app, ann).json
    key_id = app.get(KEYS, headers=accounts.jwt("ann")).json["results"][0]["id"]
    user_id, sealer = accounts.user("ann"), config.registry["sealer"]
    token, key = credentials.Maker("token", mine["id"]), credentials.Maker("key", key_id)
    app.delete(f"{TOKENS}{mine['id']}/", headers=ann, status=204)
    app.delete(f"{KEYS}{key_id}/", headers=accounts.jwt("ann"), status=204)
    for attempt in (
        lambda s: credentials.make_token(s, user_id, "x", scopes=["read"], maker=token),
        lambda s: credentials.make_token(s, user_id, "x", scopes=["read"], maker=key),
        lambda s: credentials.rotate_token(s, other["id"], user_id, token),
        lambda s: credentials.make_key(s, user_id, "x", sealer, key),
    ):
        with pytest.raises(Forbidden, match="just been revoked"):
            database.write(attempt)
    use(app, other["token"], status=200)


def test_others_have_none_of_it(app, ann, accounts):
    made = make(app, ann).json
    bob = accounts.bearer("bob")
    for verb, path in (("GET", ""), ("DELETE", ""), ("POST", "rotate/")):
        answer = app.request(f"{TOKENS}{made['id']}/{path}", method=verb, headers=bob, expect_errors=True)
        assert_failure(answer, 404)
        anonymous = app.request(f"{TOKENS}{made['id']}/{path}", method=verb, expect_errors=True)
        assert_failure(anonymous, 401)
    use(app, made["token"], status=200)


def test_last_use_is_noted(app, ann):
    made = make(app, ann).json
    assert made["used"] is None
    use(app, made["token"])
    assert app.get(f"{TOKENS}{made['id']}/", headers=ann).json["used"] is not None


def test_keys_take_more_than_a_token(app, ann, accounts):
    answer = app.post_json(KEYS, {"name": "web-ext"}, headers=ann, expect_errors=True)
    assert "log in" in assert_failure(answer, 403, "ERROR_SCOPE")["detail"]
    made = app.post_json(KEYS, {"name": "web-ext"}, headers=accounts.jwt("ann"), status=201).json
    from support.accounts import mint

    headers = {"Authorization": f"JWT {mint(made['key'], made['secret'])}"}
    assert app.get(ME, headers=headers).json["credential"]["kind"] == "key"
    assert "secret" not in app.get(KEYS, headers=ann).text
    app.delete(f"{KEYS}{made['id']}/", headers=accounts.jwt("ann"), status=204)
    assert_failure(app.get(ME, headers=headers, expect_errors=True), 401)


def test_there_is_an_end_to_it(app, accounts, monkeypatch):
    monkeypatch.setattr(credentials, "MOST_KEYS", 2)
    monkeypatch.setattr(credentials, "MOST_TOKENS", 2)
    ann = accounts.jwt("ann")
    app.post_json(KEYS, {"name": "second"}, headers=ann, status=201)
    answer = app.post_json(KEYS, {"name": "third"}, headers=ann, expect_errors=True)
    assert_failure(answer, 409, "TOO_MANY")
    for _ in range(2):
        make(app, ann)
    answer = app.post_json(TOKENS, {"name": "x", "scopes": ["read"]}, headers=ann, expect_errors=True)
    assert_failure(answer, 409, "TOO_MANY")


def test_credentials_of_a_disabled_account(app, accounts, config):
    kinds = [accounts.bearer("ann"), accounts.jwt("ann")]

    def disable(session):
        session.get_one(User, accounts.user("ann")).disabled = now()

    config.registry["database"].write(disable)
    for headers in kinds:
        for path in (ME, "/api/v4/extensions/"):
            assert_failure(app.get(path, headers=headers, expect_errors=True), 401)


def test_what_everybody_sees_of_an_account(app, accounts, work):
    shelf.stock(app, accounts, work)
    seen = app.get(f"/api/v4/users/{shelf.OWNER}/").json
    assert (seen["username"], seen["extensions"]) == (shelf.OWNER, [shelf.ADDON, shelf.PUBLIC])
    assert_failure(app.get("/api/v4/users/nobody/", expect_errors=True), 404)
