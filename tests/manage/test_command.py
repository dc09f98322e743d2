"""`registry admin`, against a server; and the record of it all as a file."""

import hashlib
import json

import pytest
from sqlalchemy import update
from webtest.http import StopableWSGIServer

from registry.models import Event
from support.samples import brackets

from .conftest import EXTENSIONS, NAME

WHY = ("--code", "policy", "--reason", "It breaks a rule.")


@pytest.fixture
def before_changes():
    """Functions that are called once each, when the server gets the next PATCH, before it looks at it."""
    return []


@pytest.fixture
def address(config, before_changes):
    application = config.make_wsgi_app()

    def serve(environ, start_response):
        while environ["REQUEST_METHOD"] == "PATCH" and before_changes:
            before_changes.pop()()
        return application(environ, start_response)

    server = StopableWSGIServer.create(serve, host="127.0.0.1")
    yield server.application_url.rstrip("/")
    server.shutdown()


@pytest.fixture
def admin(site, address, accounts, cli, monkeypatch):
    """`admin("state", …)`: exit code and what was said, as root unless another `token` is given."""
    monkeypatch.setenv("REGISTRY_URL", address)

    def admin(*arguments, token=None):
        monkeypatch.setenv("REGISTRY_TOKEN", token or accounts.token("root", admin=True, scopes=["manage"]))
        done = cli("admin", *arguments)
        return done.exit_code, done.output.splitlines()

    return admin


def test_one_by_one(admin, accounts):
    assert admin("state", NAME, "unlisted", *WHY) == (0, [f"{NAME} is unlisted; it was active."])
    code, (line,) = admin("state", NAME, "unlisted", *WHY)
    assert (code, line) == (2, f"registry: {NAME} is unlisted already.")
    assert admin("limit", NAME, "1.14.0", *WHY)[1] == [
        f"{NAME} is offered up to 1.14.0; it was up to any version."
    ]
    assert admin("show", NAME) == (
        0,
        [f"{NAME}  unlisted  version 1.1.0  at most 1.14.0  owners ann", "policy: It breaks a rule."],
    )
    assert admin("limit", NAME, "--lift", *WHY)[0] == 0
    assert admin("limit", NAME, *WHY)[0] == 2
    code, (line,) = admin("limit", NAME, "x", *WHY)
    assert code == 2
    assert line.startswith("registry: api_max: BAD_API_LIMIT: ")
    assert admin("yank", NAME, "1.1.0", *WHY)[1] == [f"1.1.0 of {NAME} is yanked; the latest is 1.0.0."]
    assert admin("unyank", NAME, "1.1.0", *WHY)[1] == [
        f"1.1.0 of {NAME} is not yanked any more; the latest is 1.1.0."
    ]
    assert admin("state", NAME, "active", "--code", "nonsense", "--reason", "x")[0] == 2
    code, (line,) = admin("state", NAME, "active", *WHY, token=accounts.token("ann"))
    assert (code, line) == (2, "registry: This account may not do that here.")
    assert admin("show", "../nothing")[0] == 2
    code, (line,) = admin("show", NAME, "--url", "http://extensions.example.org")
    assert code == 2
    assert "https" in line


def test_many(admin, site, ann, work):
    for name in ("spam-one", "spam-two", "ham"):
        site.post(EXTENSIONS, brackets(name), headers=ann)
    work()
    spam = ("bulk", "--filter", "name=spam-*", "--filter", "owner=ann", "--state", "disabled", *WHY)
    code, lines = admin(*spam, "--dry-run")
    assert code == 0
    assert lines == ["spam-one: active -> disabled", "spam-two: active -> disabled", "2 would change."]
    assert admin(*spam, "--most", "1")[0] == 2
    assert len(site.get(EXTENSIONS).json["results"]) == 4
    admin("state", "spam-two", "disabled", *WHY)
    assert admin(*spam) == (0, ["spam-one: active -> disabled", "1 of 1 changed."])
    assert admin(*spam) == (0, ["0 of 0 changed."])
    names = [entry["name"] for entry in site.get(EXTENSIONS).json["results"]]
    assert names == ["ham", NAME]
    for filters in ("colour=red", "name", "name=", "state=gone", "updated-before=soon"):
        assert admin("bulk", "--filter", filters, "--state", "disabled", *WHY)[0] == 2
    twice = ("--filter", "name=a", "--filter", "name=b")
    assert admin("bulk", *twice, "--state", "disabled", *WHY)[0] == 2


def test_what_somebody_else_changed_meanwhile_is_left_alone(admin, manage, before_changes):
    before_changes.append(lambda: manage(state="pending_disable"))
    code, lines = admin("bulk", "--filter", "format=brackets", "--state", "unlisted", *WHY)
    assert code == 1
    assert "NOT CHANGED" in lines[0]
    assert lines[-1] == "0 of 1 changed."


def test_reports_and_appeals(admin, site, accounts, ann):
    path = f"{EXTENSIONS}{NAME}/"
    for user, body in (
        ("bob", {"reason": "malware", "comment": "It sends\nmy keys away."}),
        ("carl", {"reason": "harm"}),
    ):
        site.post_json(f"{path}reports/", body, headers=accounts.bearer(user), status=201)
    code, lines = admin("reports", "list")
    assert code == 0
    assert [line.split("  ")[-2:] for line in lines if "word-tally" in line] == [
        ["malware", "by bob"],
        ["harm", "by carl"],
    ]
    assert [line.strip() for line in lines[1:3]] == ["It sends", "my keys away."]
    assert admin("reports", "claim", NAME, "1") == (0, [f"You look into report 1 of {NAME}."])
    assert admin("reports", "list", "--claimed", "me")[1][0].endswith("claimed by root")
    assert len(admin("reports", "list", "--reason", "harm", "--claimed", "false")[1]) == 1
    assert admin("reports", "release", NAME, "1")[0] == 0
    code, (line,) = admin("reports", "release", NAME, "1")
    assert (code, line) == (2, "registry: Nobody has claimed this report.")
    dismiss = ("reports", "resolve", NAME, "2", "dismiss", "--reason", "It does not.")
    assert admin(*dismiss) == (0, [f"Report 2 is dismissed; {NAME} is pending_disable."])
    assert admin(*dismiss)[0] == 2
    uphold = ("reports", "resolve", NAME, "1", "uphold", "--reason", "It does.", "--all")
    assert admin(*uphold) == (0, [f"Report 1 is upheld; {NAME} is disabled."])
    assert admin("reports", "list") == (0, [])
    assert len([line for line in admin("reports", "list", "--state", "any")[1] if NAME in line]) == 2
    site.post_json(f"{path}appeals/", {"comment": "It does not any more."}, headers=ann, status=201)
    code, (line, said) = admin("appeals", "list")
    assert (code, line.split("  ")[-1], said.strip()) == (0, "by ann", "It does not any more.")
    grant = ("appeals", "resolve", NAME, "1", "grant", "--reason", "Looked at again.")
    assert admin(*grant) == (0, [f"Appeal 1 is granted; {NAME} is active."])


def test_the_record_as_a_file(admin, cli, database, tmp_path):
    admin("state", NAME, "disabled", *WHY)
    admin("yank", NAME, "1.1.0", *WHY)
    file = tmp_path / "events.jsonl"
    done = cli("audit", "export", file)
    assert (done.exit_code, file.stat().st_mode & 0o777) == (0, 0o600)
    previous, kinds = bytes(32), []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        event = json.loads(line)
        body = [event[key] for key in ("seq", "at", "kind", "actor_id", "extension_id", "data")]
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert event["seq"] == number
        assert event["previous"] == previous.hex()
        previous = hashlib.sha256(previous + text.encode()).digest()
        assert event["hash"] == previous.hex()
        kinds.append(event["kind"])
    assert {"extension.state", "version.yanked"} <= set(kinds)
    assert cli("audit", "verify").exit_code == 0
    database.write(
        lambda session: session.execute(update(Event).where(Event.seq == 2).values(kind="x")) and None
    )
    done = cli("audit", "export", tmp_path / "broken.jsonl")
    assert (done.exit_code, len((tmp_path / "broken.jsonl").read_text().splitlines())) == (1, len(kinds))
    assert "event 2" in done.output
    assert sorted(path.name for path in tmp_path.glob("*.jsonl*")) == ["broken.jsonl", "events.jsonl"]
