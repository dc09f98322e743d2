"""Maintenance mode: changes wait, reads go on."""

import datetime

import pytest

from registry import maintenance
from registry.domain import maintenance as rules
from registry.models import now
from registry.permissions import Permission
from support import services, shelf
from support.samples import brackets
from support.wire import send

EXTENSIONS = "/api/v4/extensions/"


@pytest.fixture
def stocked(app, accounts, work, monkeypatch):
    monkeypatch.setattr(maintenance, "LOOK_EVERY", 0)
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def begin(database):
    return lambda message=None, until=None: database.write(rules.begin, message, until)


def test_changes_are_refused_and_reads_go_on(stocked, accounts, work, begin, database):
    owner = accounts.bearer(shelf.OWNER)
    address = f"{EXTENSIONS}{shelf.PUBLIC}/"
    begin("Moving house.", now() + datetime.timedelta(minutes=10))
    answers = [
        stocked.post(EXTENSIONS, brackets("new"), headers=owner, status=503),
        stocked.patch_json(address, {"title": "x"}, headers=owner, status=503),
        stocked.post_json("/api/v4/users/me/tokens/", {}, headers=owner, status=503),
        stocked.get("/login/developer/", status=503),
        stocked.post("/oauth/token", {}, status=503),
    ]
    for answer in answers:
        assert answer.json == {"detail": "Moving house.", "code": "ERROR_MAINTENANCE"}
        assert 590 <= int(answer.headers["Retry-After"]) <= 601
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    stocked.patch_json(address, {"title": "x"}, status=401)
    for headers in (None, owner):
        assert stocked.get(address, headers=headers).json["title"] == {"en": "Word-Tally"}
        stocked.get(f"{address}versions/latest/download", headers=headers)
    # What had been accepted before is signed.
    assert work() == 3
    assert stocked.get(f"{address}versions/latest/").json["version"] == shelf.UNSIGNED
    assert database.write(rules.end)
    stocked.patch_json(address, {"title": "x"}, headers=owner)


@pytest.mark.parametrize("service", services.every(), ids=lambda service: service.name)
def test_every_change_is_one(service):
    for verb in services.verbs(service):
        permission = services.permission(service, verb)
        changes = maintenance.changes_something(Permission(permission), verb)
        assert changes == (
            (verb not in ("GET", "HEAD") and permission != Permission.READ) or permission == "public:login"
        )


def test_every_service_refuses(stocked, accounts, begin):
    """As the views were really registered."""
    owner = accounts.bearer(shelf.OWNER)
    begin()
    refused = 0
    for service in services.present():
        for verb in services.verbs(service):
            if verb not in ("GET", "HEAD") and services.permission(service, verb) in (
                "publish:edit",
                "publish:version",
            ):
                answer = send(stocked, verb, services.address(service), owner, b"")
                assert (answer.status_int, answer.json["code"]) == (503, "ERROR_MAINTENANCE")
                assert answer.headers["Retry-After"] == "60"
                refused += 1
    assert refused >= 3


def test_how_long_to_wait():
    for until, wait in ((None, "60"), (now(), "60"), (now() + datetime.timedelta(days=2), "3600")):
        assert maintenance.refusal(rules.Maintenance(None, until)).headers == [("Retry-After", wait)]


def test_reads_that_are_sent_as_a_post_go_on(stocked, begin):
    begin()
    asked = {"host": "brackets", "host_version": "1.14.0", "installed": {shelf.PUBLIC: "0.1.0"}}
    answer = stocked.post_json("/api/v4/updates/", asked)
    assert shelf.SIGNED in answer.text
