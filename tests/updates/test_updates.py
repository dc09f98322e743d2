"""Update checks: installed versions in, and for each what there is, in two statements, for anybody."""

import orjson
import pytest
from sqlalchemy import select

from registry.domain import compatibility, states, visibility
from registry.models import Extension, ExtensionState, Version, now
from registry.schemas.updates import MOST, MOST_IN_ADDRESS
from support import rows
from support.samples import webextension
from support.statements import heard

UPDATES = "/api/v4/updates/"
HOST = {"host": "brackets", "host_version": "1.14"}


@pytest.fixture
def add(database, accounts):
    """Makes an extension with these versions, each with its range."""
    owner = accounts.user("ann")

    def make(name, **versions):
        def work(session):
            row = rows.extension(session, name, owner)
            for number, api_range in versions.items():
                rows.version(session, row, number, api_range=api_range)
            compatibility.assign(session, row.id)

        database.write(work)

    return make


@pytest.fixture
def change(database):
    def work(session, name, what):
        what(session, session.scalars(select(Extension).where(Extension.name == name)).one())

    return lambda name, what: database.write(work, name, what)


def ask(app, installed, **host):
    answer = app.post_json(UPDATES, HOST | host | {"installed": installed})
    assert [result["name"] for result in answer.json["results"]] == list(installed)
    return answer.json["results"]


def state(to):
    return lambda session, extension: states.set_state(
        session, extension, to, reason="steals data", actor_id=None
    )


def flag(number, what):
    def work(session, extension):
        version = session.scalars(
            select(Version).where(Version.extension_id == extension.id, Version.version == number)
        ).one()
        setattr(version, what, now())
        visibility.refresh(session, extension.id)

    return work


def test_what_is_installed_is_a_version_of_that_extension_alone(app, add, change):
    add("word", **{"1.0.0": ">=1.0"})
    add("word-tally", **{"1.0.0": ">=1.0"})
    change("word-tally", flag("1.0.0", "blocked"))
    (result,) = ask(app, {"word": "tally-1.0.0"})
    assert (result["installed_state"], result["reason"]) == ("unknown", None)


@pytest.mark.parametrize("which", ["host", "host_version"])
def test_what_is_no_text_is_said_to_be_none(app, which):
    answer = app.post_json(UPDATES, HOST | {"installed": {}} | {which: 1.14}, status=400)
    assert answer.json == {which: ["This must be a string."]}


def test_the_newest_version_for_the_host(app, add):
    add("kits", **{"1.0.0": ">=1.0", "1.1.0": ">=1.0", "2.0.0-rc.1": ">=1.0", "2.0.0": ">=2.0"})
    update, current, newer, odd = (
        ask(app, {"kits": version})[0] for version in ("1.0.0", "1.1.0", "2.0.0", "first")
    )
    assert (update["status"], update["installed_state"], update["code"]) == ("update", "offered", None)
    assert update["update"] == {
        "version": "1.1.0",
        "download_url": "http://127.0.0.1:6543/api/v4/extensions/kits/versions/1.1.0/download",
        "sha256": update["update"]["sha256"],
        "size": 1,
        "requires_restart": False,
        "published": None,
        "compatibility": {"brackets": ">=1.0"},
    }
    assert len(update["update"]["sha256"]) == 64
    later = {"version": "2.0.0", "compatibility": {"brackets": ">=2.0"}}
    assert update["incompatible_update"] == current["incompatible_update"] == later
    assert (current["status"], current["update"]) == ("up_to_date", None)
    assert (newer["status"], newer["incompatible_update"]) == ("up_to_date", None)
    assert (odd["status"], odd["installed_state"]) == ("update", "unknown")
    on_two = ask(app, {"kits": "1.0.0"}, host_version="2.1")[0]
    assert (on_two["update"]["version"], on_two["incompatible_update"]) == ("2.0.0", None)
    elsewhere = ask(app, {"kits": "1.0.0"}, host="firefox", host_version="128.0")[0]
    assert (elsewhere["status"], elsewhere["incompatible_update"]) == ("up_to_date", later)


def test_a_guid_is_a_name_too(app, work, accounts):
    owner = accounts.bearer("ann")
    for version in ("1.0", "1.1"):
        app.post("/api/v4/extensions/", webextension(version=version), headers=owner)
    work()
    by_guid = "tab-notes@example.org"
    found = ask(app, {by_guid: "1.0", "tab-notes": "1.1"}, host="firefox", host_version="128.0")
    assert [result["status"] for result in found] == ["update", "up_to_date"]
    assert found[0]["update"]["published"].endswith("Z")
    assert found[0]["update"]["compatibility"] == {"firefox": "*"}
    address = f"{UPDATES}?host=firefox&host_version=128.0&installed={by_guid}@1.0&installed=tab-notes@1.1"
    assert app.get(address).json["results"] == found
    assert app.get(found[0]["update"]["download_url"].partition(":6543")[2]).status_int == 200


def test_what_is_no_longer_offered(app, add, change, accounts, database):
    for name in ("active", "unlisted", "pending_disable", "disabled", "withdrawn"):
        add(name, **{"1.0.0": None, "1.1.0": None})
        if name in ("unlisted", "pending_disable", "disabled"):
            change(name, state(ExtensionState(name)))
    for number in ("1.0.0", "1.1.0"):
        change("withdrawn", flag(number, "yanked"))
    add("private")
    names = ("active", "unlisted", "pending_disable", "disabled", "withdrawn", "private", "nothing")
    found = {result["name"]: result for result in ask(app, dict.fromkeys(names, "1.0.0"))}
    assert {name: (result["status"], result["code"]) for name, result in found.items()} == {
        "active": ("update", None),
        "unlisted": ("update", None),  # who has it already keeps it
        "pending_disable": ("removed", "NOT_OFFERED"),
        "disabled": ("disabled", "STATE_DISABLED"),
        "withdrawn": ("removed", "NOT_OFFERED"),
        "private": ("unknown", "UNKNOWN_EXTENSION"),
        "nothing": ("unknown", "UNKNOWN_EXTENSION"),
    }
    assert found["disabled"]["reason"] == {"code": "other", "text": "steals data"}
    assert [result["reason"] for name, result in found.items() if name != "disabled"] == [
        {"code": "other", "text": ""} if name == "withdrawn" else None for name in names if name != "disabled"
    ]
    for name in ("pending_disable", "disabled"):
        assert found[name]["update"] is found[name]["incompatible_update"] is None


@pytest.mark.parametrize(
    ("column", "said"), [("yanked", "yanked"), ("held", "blocked"), ("deleted", "deleted")]
)
def test_an_installed_version_that_was_withdrawn_is_told_so(app, add, change, column, said):
    add("kits", **{"1.0.0": None, "1.1.0": None, "1.2.0": None})
    change("kits", flag("1.1.0", column))
    for version, update in (("1.1.0", "1.2.0"), ("1.2.0", None)):
        result = ask(app, {"kits": version})[0]
        assert result["installed_state"] == (said if version == "1.1.0" else "offered")
        assert (result["update"] and result["update"]["version"]) == update
    change("kits", flag("1.2.0", column))
    newest_gone = ask(app, {"kits": "1.2.0"})[0]
    assert (newest_gone["status"], newest_gone["installed_state"]) == ("up_to_date", said)


def test_a_thousand_are_asked_about_in_few_statements_and_counted_as_one_read(app, add):
    for number in range(5):
        add(f"ext-{number}", **{"1.0.0": None, "2.0.0": ">=1.2"})
    installed = {f"ext-{number}": "1.0.0" for number in range(MOST)}
    with heard() as sent:
        answer = app.post_json(UPDATES, HOST | {"installed": installed})
    assert len([sql for sql, _ in sent if sql.startswith("SELECT") and "version" in sql]) == 2
    assert [result["status"] for result in answer.json["results"]] == ["update"] * 5 + ["unknown"] * (
        MOST - 5
    )
    # As for any other GET, and not for writes, of which the test's settings allow more.
    reading = app.get("/api/v4/extensions/absent/", status=404).headers["RateLimit-Limit"]
    assert answer.headers["RateLimit-Limit"] == reading != "100000"


BAD = [
    ({"installed": []}, "installed"),
    ({"installed": None}, "installed"),
    ({"installed": {"a": 1}}, "installed"),
    ({"installed": {"": "1.0.0"}}, "installed"),
    ({"installed": {"a" * 256: "1.0.0"}}, "installed"),
    ({"installed": {"a": "1" * 101}}, "installed"),
    ({"installed": {"a\0": "1.0.0"}}, "installed"),
    ({"installed": {str(number): "1.0.0" for number in range(MOST + 1)}}, "installed"),
    ({"host": "emacs"}, "host"),
    ({"host": 7}, "host"),
    ({"host_version": "newest"}, "host_version"),
    ({"host_version": "9" * 101}, "host_version"),
    ({"host_version": None}, "host_version"),
    ({"channel": "beta"}, "channel"),
]


@pytest.mark.parametrize(("spoiled", "field"), BAD)
def test_bad_questions_are_answered_with_what_is_wrong(app, spoiled, field):
    body = orjson.dumps(HOST | {"installed": {}} | spoiled)
    answer = app.post(UPDATES, body, content_type="application/json", status=400)
    assert list(answer.json) == [field]
    assert answer.json[field][0]


@pytest.mark.parametrize(
    "query",
    [
        "host=brackets&host_version=1.14",
        "installed=a@1.0.0",
        "host=brackets&host_version=1.14&installed=a",
        "host=brackets&host_version=1.14&installed=@1",
        "host=brackets&host_version=1.14&installed=a@",
        "host=brackets&host_version=1.14&installed=a%00@1",
        "host=brackets&host_version=1.14" + "&installed=a@1" * (MOST_IN_ADDRESS + 1),
    ],
)
def test_bad_addresses_are_answered_with_what_is_wrong(app, query):
    assert app.get(f"{UPDATES}?{query}", status=400).json


def test_a_question_may_be_long_but_not_endless(app):
    body = b'{"installed": {' + b'"a":"1",' * 200_000 + b'"b":"1"}}'
    assert (
        app.post(UPDATES, body, content_type="application/json", status=413).json["code"] == "ERROR_TOO_LARGE"
    )
    assert app.post_json(UPDATES, HOST | {"installed": {}}).json["results"] == []
