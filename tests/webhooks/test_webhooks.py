"""Who wants to know is told, by messages that can be verified, each with a visible fate."""

import json

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier

from registry.domain import deliveries, states, webhooks
from registry.jobs.webhooks import RETRIES
from registry.models import Delivery, Extension, ExtensionState, Job, Mail, MailAddress, User, Webhook
from support import shelf
from support.samples import brackets

HOOKS = f"/api/v4/extensions/{shelf.PUBLIC}/webhooks/"
VERSIONS = f"/api/v4/extensions/{shelf.PUBLIC}/versions/"


@pytest.fixture
def publish(app, ann):
    return lambda version: app.post(VERSIONS, brackets(shelf.PUBLIC, version), headers=ann, status=202)


def test_a_webhook_from_challenge_to_removal(app, ann, hook, receiver, work, publish, local, database):
    made = hook()
    assert (made["state"], made["events"][0]) == ("pending", "version.signed")
    assert made["secret"].startswith("whsec_")
    work()
    ((path, headers, body),) = receiver.heard
    assert (path, headers["content-type"]) == ("/hook", "application/json")
    assert Verifier(made["secret"]).verify(body, headers)["type"] == "webhook.challenge"
    here = local(made["webhook_url"])
    shown = app.get(here, headers=ann).json
    assert shown["state"] == "active"
    assert "secret" not in shown
    publish("4.0.0")
    work()
    work()
    _, headers, body = receiver.heard[1]
    told = Verifier(made["secret"]).verify(body, headers)
    assert headers["webhook-id"] == f"evt_{told['data']['event']}"
    assert told == {
        "type": "version.signed",
        "timestamp": told["timestamp"],
        "data": {
            "event": told["data"]["event"],
            "extension": shelf.PUBLIC,
            "guid": told["data"]["guid"],
            "version": "4.0.0",
            "url": f"http://127.0.0.1:6543{VERSIONS}4.0.0/",
        },
    }
    app.patch_json(here, {"events": ["extension.state"]}, headers=ann)
    publish("5.0.0")
    work()
    work()
    assert len(receiver.heard) == 2

    log = app.get(local(made["deliveries_url"]), headers=ann).json
    assert [row["type"] for row in log["results"]] == ["version.signed", "webhook.challenge"]
    first = log["results"][0]
    assert (first["state"], first["status"], first["attempts"], first["error"]) == ("done", 200, 1, None)
    again = app.post(f"{local(first['url'])}redeliver/", headers=ann, status=202)
    assert again.location == again.json["url"]
    assert app.get(local(again.location), headers=ann).json["state"] == "queued"
    work()
    assert receiver.heard[2][1]["webhook-id"] == headers["webhook-id"]
    app.post(f"{local(log['results'][1]['url'])}redeliver/", headers=ann, status=409)

    rotated = app.post(f"{here}rotate/", headers=ann).json
    assert rotated["secret"] != made["secret"]
    app.post(f"{local(first['url'])}redeliver/", headers=ann, status=202)
    work()
    _, headers, body = receiver.heard[3]
    for secret in (made["secret"], rotated["secret"]):
        Verifier(secret).verify(body, headers)

    app.delete(here, headers=ann, status=204)
    app.get(here, headers=ann, status=404)
    assert app.get(HOOKS, headers=ann).json == []
    with database.read() as connection:
        assert made["secret"].encode() not in connection.scalars(select(Webhook.secret)).all()


def test_a_version_that_waits_for_its_tests(app, ann, hook, receiver, work, publish):
    hook(events=["version.held", "version.released"])
    work()
    policy = f"/api/v4/extensions/{shelf.PUBLIC}/test-policy/"
    app.put_json(policy, {"passing": 1}, headers=ann)
    publish("3.0.0")
    work()
    work()
    app.delete(policy, headers=ann)
    work()
    assert receiver.types()[1:] == ["version.held", "version.released"]
    assert {json.loads(body)["data"]["version"] for _, _, body in receiver.heard[1:]} == {"3.0.0"}


def test_after_a_day_the_old_secret_is_none(app, ann, hook, receiver, work, later, local):
    made = hook()
    work()
    rotated = app.post(f"{local(made['webhook_url'])}rotate/", headers=ann).json
    delivery = app.get(local(made["deliveries_url"]), headers=ann).json["results"][0]
    app.patch_json(local(made["webhook_url"]), {"url": f"{receiver.url}2"}, headers=ann)
    assert delivery["type"] == "webhook.challenge"
    with later(days=1, minutes=5):
        work()
        _, headers, body = receiver.heard[-1]
        Verifier(rotated["secret"]).verify(body, headers)
        assert " " not in headers["webhook-signature"]


def test_nobody_is_told_who_did_not_answer_the_challenge(
    app, ann, hook, receiver, work, publish, later, local
):
    receiver.echo = False
    made = hook()
    work()
    publish("3.0.0")
    work()
    with later(minutes=10):
        work()
    assert set(receiver.types()) == {"webhook.challenge"}
    (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
    assert (row["state"], row["status"], row["attempts"]) == ("queued", 200, 2)
    assert row["error"] == "The endpoint's answer does not hold the challenge."
    assert row["next_attempt"] is not None
    receiver.echo = True
    with later(days=1):
        work()
    assert app.get(local(made["webhook_url"]), headers=ann).json["state"] == "active"


def test_failures_are_tried_again_then_dead_then_disabled(
    app, ann, hook, receiver, work, publish, later, local, database, accounts
):
    made = hook()
    work()
    publish("3.0.0")
    receiver.answers = [500, 302, 404, 500, 500, 500, 500, 500, 500, 500]
    work()
    work()
    passed = 60.0
    for wait in RETRIES:
        passed += wait + 60
        with later(seconds=passed):
            assert work() == 1
    log = local(made["deliveries_url"])
    row = app.get(log, headers=ann).json["results"][0]
    assert (row["state"], row["attempts"]) == ("dead", 10)
    assert row["error"] == "The endpoint answered with the status 500."
    assert len(receiver.heard) == 11
    assert app.get(local(made["webhook_url"]), headers=ann).json["state"] == "active"
    receiver.answers = [503]
    with later(days=6):
        app.post(f"{local(row['url'])}redeliver/", headers=accounts.bearer(shelf.OWNER), status=202)
        work()
    shown = app.get(local(made["webhook_url"]), headers=ann).json
    assert (shown["state"], shown["reason"]) == ("disabled", "Nothing could be delivered to it for 5 days.")
    told = app.get("/api/v4/users/me/notifications/", headers=ann).json["results"][0]
    assert told["kind"] == "webhook.disabled"
    assert told["about"] == {"extension": shelf.PUBLIC, "webhook": made["id"]}
    app.patch_json(local(made["webhook_url"]), {"enabled": True}, headers=ann)
    work()
    assert app.get(local(made["webhook_url"]), headers=ann).json["state"] == "active"


def test_an_endpoint_that_is_gone_is_left_alone(app, ann, hook, receiver, work, publish, local, database):
    database.write(
        lambda session: session.add(
            MailAddress(
                user_id=session.scalar(select(User.id).where(User.username == shelf.OWNER)),
                address="ann@example.org",
            )
        )
    )
    made = hook()
    work()
    publish("3.0.0")
    receiver.answers = [410]
    work()
    work()
    assert app.get(local(made["webhook_url"]), headers=ann).json["state"] == "disabled"
    row = app.get(local(made["deliveries_url"]), headers=ann).json["results"][0]
    assert (row["state"], row["status"]) == ("failed", 410)
    publish("4.0.0")
    work()
    work()
    assert len(receiver.heard) == 2
    with database.read() as connection:
        mails = connection.execute(select(Mail.to, Mail.kind, Mail.sent, Mail.data)).all()
    assert [(mail.to, mail.kind) for mail in mails] == [("ann@example.org", "webhook-disabled")]
    assert mails[0].sent is not None
    assert mails[0].data["path"] == local(made["deliveries_url"])


def test_teams_and_the_site_are_told_too(app, ann, hook, receiver, work, accounts, database):
    root, bob = accounts.bearer("root", admin=True), accounts.bearer("bob")
    app.post_json("/api/v4/teams/", {"name": "makers", "title": "Makers"}, headers=bob, status=201)
    site = hook("/api/v4/webhooks/", root, url=f"{receiver.url}/site")
    hook("/api/v4/teams/makers/webhooks/", bob, url=f"{receiver.url}/team")
    hook(url=f"{receiver.url}/extension")
    work()
    assert site["webhook_url"].endswith(f"/api/v4/webhooks/{site['id']}/")

    def change(state):
        def work(session):
            extension = session.scalars(select(Extension).where(Extension.name == shelf.PUBLIC)).one()
            states.set_state(session, extension, state, reason="a test", actor_id=None)

        database.write(work)

    change(ExtensionState.UNLISTED)
    work()
    assert sorted(path for path, _, _ in receiver.heard[3:]) == ["/hook/extension", "/hook/site"]
    app.put_json(f"/api/v4/extensions/{shelf.PUBLIC}/owners/team:makers/", {"role": "owner"}, headers=ann)
    change(ExtensionState.ACTIVE)
    work()
    assert sorted(path for path, _, _ in receiver.heard[5:]) == [
        "/hook/extension",
        "/hook/site",
        "/hook/team",
    ]
    body = json.loads(receiver.heard[-1][2])
    assert body["data"]["url"] == f"http://127.0.0.1:6543/api/v4/extensions/{shelf.PUBLIC}/"


def test_nobody_can_have_others_asked_without_end(app, ann, hook, receiver, work, accounts, later, local):
    receiver.echo = False
    for _ in range(webhooks.MOST_ASKED // 2):
        made = hook(url=f"{receiver.url}/victim")
        app.delete(local(made["webhook_url"]), headers=ann, status=204)
    made = hook()
    here = local(made["webhook_url"])
    for number in range(webhooks.MOST_ASKED // 2 - 2):
        app.patch_json(here, {"url": f"{receiver.url}/{number}"}, headers=ann)
    challenge = app.get(local(made["deliveries_url"]), headers=ann).json["results"][0]["url"]
    app.post(f"{local(challenge)}redeliver/", headers=ann, status=202)
    body = {"url": receiver.url, "events": ["version.signed"]}
    app.patch_json(here, {"enabled": False}, headers=ann)
    for answer in (
        app.post_json(HOOKS, body, headers=ann, status=409),
        app.patch_json(here, {"enabled": True}, headers=ann, status=409),
    ):
        assert answer.json["code"] == "TOO_MANY"
    assert app.get(here, headers=ann).json["state"] == "disabled"
    root = accounts.bearer("root", admin=True)
    app.post_json("/api/v4/webhooks/", body, headers=root, status=201)
    with later(hours=1, minutes=1):
        app.patch_json(here, {"enabled": True}, headers=ann)


def test_only_who_rules_it_may(app, ann, hook, accounts):
    made = hook()
    body = {"url": "https://example.org/", "events": ["version.signed"]}
    stranger, root = accounts.bearer("stranger"), accounts.bearer("root", admin=True)
    reader = accounts.bearer(shelf.OWNER, scopes=["read"])
    app.post_json("/api/v4/teams/", {"name": "makers", "title": "Makers"}, headers=ann, status=201)
    for path in (HOOKS, "/api/v4/teams/makers/webhooks/"):
        for headers in (stranger, root, reader):
            app.get(path, headers=headers, status=403)
            app.post_json(path, body, headers=headers, status=403)
    app.get("/api/v4/webhooks/", headers=ann, status=403)
    for path in (
        f"{HOOKS}{made['id']}/",
        f"{HOOKS}{made['id']}/deliveries/",
        f"{HOOKS}{made['id']}/deliveries/1/",
    ):
        app.get(path, headers=stranger, status=403)
        app.get(path, status=401)
    # It is found where it belongs only.
    app.get(f"/api/v4/extensions/{shelf.PRIVATE}/webhooks/{made['id']}/", headers=ann, status=404)
    app.get(f"/api/v4/webhooks/{made['id']}/", headers=root, status=404)
    app.get(f"{HOOKS}{made['id']}/deliveries/999/", headers=ann, status=404)


def test_what_is_refused(app, ann, hook):
    for fields in ({"events": []}, {"events": ["x"]}, {"events": "version.signed"}, {"url": 7}, {"more": 1}):
        body = {"url": "https://example.org/", "events": ["version.signed"]} | fields
        answer = app.post_json(HOOKS, body, headers=ann, status=400)
        assert list(answer.json) == list(fields)
    for _ in range(10):
        hook()
    body = {"url": "http://127.0.0.1:1/", "events": ["version.signed"]}
    assert app.post_json(HOOKS, body, headers=ann, status=409).json["code"] == "TOO_MANY"


def test_what_was_delivered_is_forgotten_after_a_month(app, ann, hook, work, later, database, local):
    made = hook()
    work()
    app.delete(local(made["webhook_url"]), headers=ann, status=204)
    for days, left in ((29, 1), (31, 0)):
        with later(days=days):
            database.write(deliveries.forget)
        with database.read() as connection:
            for column in (
                Delivery.id,
                Webhook.id,
                select(Job.id).where(Job.kind == "webhook").subquery().c.id,
            ):
                assert len(connection.scalars(select(column)).all()) == left


def test_a_deleted_account_has_nothing_told(app, ann, hook, accounts, work, local):
    hook()
    work()
    key = accounts.jwt(shelf.OWNER)
    (mine,) = app.get("/api/v4/users/me/export/", headers=key).json["webhooks"]
    assert "secret" not in mine
    assert mine["state"] == "active"
