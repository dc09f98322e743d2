"""A CI job that an extension trusts gets a token for a quarter of an hour, for that extension and for publishing."""

import datetime

import time_machine

from registry.jobs import housekeeping
from registry.jobs.worker import open_context
from registry.models import Token, User, now
from registry.settings import read
from support import shelf
from support.wire import assert_failure


def test_from_identity_to_version(app, at, ann, trust, exchange, publish, work):
    number = trust()
    answer = exchange()
    made = answer.json
    assert answer.status_int == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: made[name] for name in made if name not in ("token", "expires")} == {
        "extension": shelf.PUBLIC,
        "scopes": ["publish"],
        "trusted_publisher": number,
        "versions_url": f"{at.us}{at.public}versions/",
    }
    life = datetime.datetime.fromisoformat(made["expires"]) - now()
    assert datetime.timedelta(minutes=14) < life <= datetime.timedelta(minutes=15)
    assert publish(made["token"]).status_int == 202
    work()
    assert app.get(f"{at.public}versions/7.0.0/").json["state"] == "signed"
    shown = app.get(f"{at.trusted}{number}/", headers=ann).json
    assert (shown["repository_id"], shown["repository_owner_id"]) == ("74", "65")
    assert shown["used"]
    listed = app.get(f"{at.me}tokens/", headers=ann).json["results"][0]
    assert (listed["trusted_publisher"], listed["scopes"], listed["extensions"]) == (
        number,
        ["publish"],
        [shelf.PUBLIC],
    )
    events = {event["kind"]: event for event in app.get(f"{at.public}events/", headers=ann).json["results"]}
    assert events["token.created"]["actor"] == "ann"
    assert events["token.created"]["data"]["run"] == {
        "ref": "refs/tags/v1",
        "sha": "0" * 40,
        "run_id": "4711",
    }


def test_it_does_nothing_else(app, at, ann, trust, exchange, publish):
    trust()
    token = exchange().json["token"]
    headers = {"Auth-Token": token}
    elsewhere = f"/api/v4/extensions/{shelf.PRIVATE}/versions/"
    assert_failure(publish(token, path=elsewhere, name=shelf.PRIVATE), 404)
    for path in ("/api/v4/extensions/", "/api/v3/addon/"):
        assert_failure(publish(token, path=path), 403, "ERROR_SCOPE")
        assert_failure(publish(token, path=path, name="brand-new"), 403, "ERROR_SCOPE")
    # By the address of its extension, the package of another.
    assert_failure(publish(token, name=shelf.PRIVATE), 400)
    body = {"name": "x", "scopes": ["publish"], "extensions": [shelf.PUBLIC]}
    for call in (
        lambda: app.post_json(f"{at.me}tokens/", body, headers=headers, expect_errors=True),
        lambda: app.get(at.me, headers=headers, expect_errors=True),
        lambda: app.get(f"{at.me}tokens/", headers=headers, expect_errors=True),
        lambda: app.post_json(
            at.trusted, {"repository": "a/b", "workflow": "c.yml"}, headers=headers, expect_errors=True
        ),
        lambda: app.get(at.trusted, headers=headers, expect_errors=True),
        lambda: app.get(f"{at.public}events/", headers=headers, expect_errors=True),
        lambda: app.put_json(
            f"{at.public}owners/ann/", {"role": "owner"}, headers=headers, expect_errors=True
        ),
        lambda: app.delete(f"{at.public}owners/ann/", headers=headers, expect_errors=True),
        lambda: app.post_json(f"{at.public}transfer/", {"to": "x"}, headers=headers, expect_errors=True),
    ):
        assert_failure(call(), 403, "ERROR_SCOPE")
    number = app.get(f"{at.me}tokens/", headers=ann).json["results"][0]["id"]
    rotated = app.post(f"{at.me}tokens/{number}/rotate/", headers=ann, expect_errors=True)
    assert_failure(rotated, 409, "TOKEN_REVOKED")
    # What it may see: its own extension, what became of the version too.
    assert publish(token).status_int == 202
    app.get(f"{at.public}versions/7.0.0/", headers=headers, status=200)


def test_it_ends_after_a_quarter_of_an_hour(app, ini, trust, exchange, publish, database):
    trust()
    token = exchange().json["token"]
    with time_machine.travel(now() + datetime.timedelta(minutes=14.9)):
        assert publish(token, "7.0.0").status_int == 202
    with time_machine.travel(now() + datetime.timedelta(minutes=15.1)):
        assert_failure(publish(token, "7.1.0"), 401, "ERROR_SIGNATURE_EXPIRED")
    context = open_context(ini, read(ini))
    for days, left in ((89, 1), (91, 0)):
        with time_machine.travel(now() + datetime.timedelta(days=days)):
            housekeeping.tidy(context)
        with database.reading_session() as session:
            assert session.query(Token).filter(Token.trusted_publisher_id.is_not(None)).count() == left
    context.database.dispose()


def test_it_ends_when_the_job_is_trusted_no_more(app, at, ann, trust, exchange, publish):
    number = trust()
    first, second = (exchange().json["token"] for _ in range(2))
    assert publish(first).status_int == 202
    app.delete(f"{at.trusted}{number}/", headers=ann, status=204)
    for token in (first, second):
        assert_failure(publish(token, "8.0.0"), 401)
    assert_failure(exchange(), 403, "NOT_TRUSTED")


def test_it_ends_with_the_owner_who_named_it(app, at, ann, accounts, trust, exchange, publish, database):
    bob = accounts.bearer("bob")
    app.put_json(f"{at.public}owners/bob/", {"role": "owner"}, headers=ann, status=200)
    trust(bob)
    token = exchange().json["token"]
    app.put_json(f"{at.public}owners/bob/", {"role": "publisher"}, headers=ann, status=200)
    assert_failure(exchange(), 403, "NAMED_BY_NO_OWNER")
    app.delete(f"{at.public}owners/bob/", headers=ann, status=204)
    assert_failure(publish(token), 403)
    assert_failure(exchange(), 403, "NAMED_BY_NO_OWNER")
    app.put_json(f"{at.public}owners/bob/", {"role": "owner"}, headers=ann, status=200)
    assert exchange().status_int == 201
    for gone in ("disabled", "deleted"):

        def end(session, gone=gone):
            user = session.get_one(User, accounts.user("bob"))
            user.disabled = now()
            user.deleted = now() if gone == "deleted" else None

        database.write(end)
        assert_failure(exchange(), 403, "NAMED_BY_NO_OWNER")


def test_which_one_trusts_it(trust, exchange):
    """The one with its environment, if there is one; small and capital letters are the same."""
    any_environment = trust()
    release = trust(environment="Release")
    assert exchange(environment="RELEASE").json["trusted_publisher"] == release
    assert exchange(environment="staging").json["trusted_publisher"] == any_environment
    assert exchange(repository="Acme/Word-Tally").json["trusted_publisher"] == any_environment


def test_one_identity_token_counts_once(exchange, trust, signer, at, at_once):
    trust()
    token = signer.sign_job(at.us)
    answers = at_once(lambda: exchange(token), 20)
    assert sorted(answer.status_int for answer in answers) == [201] + [409] * 19
    assert {answer.json["code"] for answer in answers if answer.status_int == 409} == {"ALREADY_USED"}
    # Another one with the same number, as an issuer would make it only by mistake.
    assert exchange(jti="once").status_int == 201
    assert_failure(exchange(jti="once"), 409, "ALREADY_USED")


def test_a_refused_one_is_not_used_up(trust, exchange, signer, at):
    token = signer.sign_job(at.us)
    assert_failure(exchange(token), 403, "NOT_TRUSTED")
    trust()
    assert exchange(token).status_int == 201


def test_who_rules_an_owning_team_may_name_it_while_they_do(app, at, ann, accounts, trust, exchange):
    leader, teams = accounts.bearer("leader"), "/api/v4/teams/"
    app.post_json(teams, {"name": "makers", "title": "Makers"}, headers=leader, status=201)
    app.put_json(f"{at.public}owners/team:makers/", {"role": "owner"}, headers=ann, status=200)
    trust(leader)
    assert exchange().status_int == 201
    app.put_json(f"{at.public}owners/team:makers/", {"role": "publisher"}, headers=ann, status=200)
    assert_failure(exchange(), 403, "NAMED_BY_NO_OWNER")


def test_removed_while_jobs_come(app, at, ann, trust, signer, exchange, publish, at_once):
    number = trust()
    tokens = [signer.sign_job(at.us) for _ in range(6)]

    def act():
        if tokens:
            return exchange(tokens.pop())
        return app.delete(f"{at.trusted}{number}/", headers=ann, expect_errors=True)

    answers = at_once(act, 8)
    assert {answer.status_int for answer in answers} <= {201, 204, 403, 404}
    got = [answer.json["token"] for answer in answers if answer.status_int == 201]
    assert [publish(token).status_int for token in got] == [401] * len(got)
