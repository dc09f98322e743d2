"""`registry import brackets`: rows of a registry.json, once, and nobody's who was not given them."""

import gzip
import json

import pytest
from sqlalchemy import func, select, update

from registry.domain import events, tallies
from registry.models import Event, Extension, Ownership, User, Version
from support.registry_json import entry, write
from support.samples import brackets


@pytest.fixture
def load(cli, tmp_path):
    """Imports entries, and gives the answer with what was reported."""

    def run(*entries, **more):
        path = write(tmp_path / "registry.json", *entries, **more)
        answer = cli("import", "brackets", path, "--report", tmp_path / "report.jsonl")
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.output
        lines = (tmp_path / "report.jsonl").read_text().splitlines()
        return answer, [json.loads(line) for line in lines]

    return run


def rows(database):
    """All that was written, but for the events."""
    with database.read() as connection:
        columns = [column for column in Extension.__table__.columns if column.name != "changed"]
        return (
            connection.execute(select(*columns).order_by(Extension.id)).all(),
            connection.execute(select(Version.__table__).order_by(Version.id)).all(),
            tallies.value(connection, tallies.LISTED),
        )


def last_event(database):
    with database.read() as connection:
        return connection.scalar(select(func.max(Event.seq))), events.verify(connection)


def test_what_is_loaded_is_offered_without_a_package(load, app, database):
    answer, notes = load(
        entry("word-tally", "1.0.0", "1.10.0", "1.9.0", keywords=["count"], i18n=["fr"], license="MIT"),
        entry("night", theme={"file": "night.less"}),
    )

    assert (answer.exit_code, [note["field"] for note in notes]) == (0, ["versions"])
    assert "2 extensions added, 0 changed, 0 not loaded; 4 versions added" in answer.output
    listed = app.get("/api/v4/extensions/").json["results"]
    assert [(each["name"], each["theme"]) for each in listed] == [("night", True), ("word-tally", False)]
    detail = app.get("/api/v4/extensions/word-tally/").json
    assert detail["version"] == "1.10.0"
    assert detail["title"] == {"en": "Word-Tally"}
    assert (detail["license"], detail["languages"], detail["keywords"]) == ("MIT", ["fr"], ["count"])
    assert (detail["owner_label"], detail["downloads_total"]) == ("github:ada", 30)
    assert (detail["created"], detail["updated"]) == ("2014-03-01T10:00:00Z", "2014-03-02T10:00:00Z")
    versions = app.get("/api/v4/extensions/word-tally/versions/").json["results"]
    assert [each["version"] for each in versions] == ["1.10.0", "1.9.0", "1.0.0"]
    assert {(each["state"], each["package"], each["api_min"]) for each in versions} == {
        ("signed", None, "0.40.0")
    }
    refused = app.get("/api/v4/extensions/word-tally/versions/latest/download", status=404)
    assert refused.json["code"] == "NO_PACKAGE"
    with database.read() as connection:
        kinds = connection.execute(
            select(Event.kind, Event.data["versions"].as_integer()).order_by(Event.seq)
        ).all()
        changed = connection.scalars(select(Extension.changed).order_by(Extension.id)).all()
    assert ([tuple(kind) for kind in kinds], changed) == (
        [("extension.imported", 3), ("extension.imported", 1)],
        [1, 2],
    )


def test_again_it_changes_nothing(load, database):
    given = [entry(f"extension-{number}", "1.0.0", "2.0.0") for number in range(60)]
    load(*given)
    before, seq = rows(database), last_event(database)
    assert before[2] == seq[0] == 60

    answer, _ = load(*given)

    assert "0 extensions added, 0 changed, 0 not loaded; 0 versions added" in answer.output
    assert (rows(database), last_event(database)) == (before, seq)


def test_what_is_new_is_added_and_counts_are_never_lowered(load, app, database):
    load(entry("word-tally", "1.0.0", "1.1.0"))
    database.write(lambda session: session.execute(update(Extension).values(downloads_total=90)) and None)
    newer = entry("word-tally", "1.0.0", "1.1.0", "1.2.0", title="Count words", brackets=">=1.0")
    newer["owner"] = "github:bob"
    newer["versions"][0]["downloads"], newer["versions"][1]["downloads"] = 3, 30

    answer, _ = load(newer)

    assert "0 extensions added, 1 changed, 0 not loaded; 1 versions added" in answer.output
    detail = app.get("/api/v4/extensions/word-tally/").json
    assert (detail["version"], detail["title"], detail["owner_label"]) == (
        "1.2.0",
        {"en": "Count words"},
        "github:bob",
    )
    assert detail["downloads_total"] == 90
    with database.read() as connection:
        found = connection.execute(
            select(Version.downloads, Version.api_range).order_by(Version.order_key)
        ).all()
    assert [tuple(row) for row in found] == [(10, ">=1.0"), (30, ">=1.0"), (10, ">=1.0")]


def test_what_is_somebodys_is_left_alone(load, app, accounts, work, database):
    ann = accounts.bearer("ann")
    app.post("/api/v4/extensions/", brackets("word-tally", "1.0.0"), headers=ann)
    load(entry("kite"))
    with database.read() as connection:
        ann_id = connection.scalar(select(User.id).where(User.username == "ann"))
        kite = connection.scalar(select(Extension.id).where(Extension.name == "kite"))
    database.write(lambda session: session.add(Ownership(extension_id=kite, user_id=ann_id, role="owner")))
    before, seq = rows(database), last_event(database)

    answer, notes = load(entry("word-tally", "1.0.0", "2.0.0"), entry("kite", "1.0.0", "2.0.0"))

    assert answer.exit_code == 1
    assert [(note["extension"], note["done"]) for note in notes] == [
        ("word-tally", "not loaded"),
        ("kite", "skipped"),
    ]
    assert (rows(database), last_event(database)) == (before, seq)


def test_nobody_publishes_to_it_or_beside_it(load, app, accounts):
    load(entry("word-tally"), entry("w0rd-tally"))
    ann = accounts.bearer("ann")

    def publish(name):
        return app.post("/api/v4/extensions/", brackets(name, "9.0.0"), headers=ann, expect_errors=True)

    assert (publish("word-tally").status_int, publish("word-tally").json["code"]) == (403, "NOT_OWNER")
    assert publish("wordtally").json["code"] == "NAME_LOOKS_ALIKE"
    assert app.post("/api/v4/extensions/word-tally/versions/", brackets(), headers=ann, status=403)


def test_what_cannot_be_loaded_does_not_hold_up_the_rest(load, app):
    answer, notes = load(entry("word-tally"), constructor=entry("constructor"), broken=[1], Upper={})

    assert answer.exit_code == 1
    assert {note["extension"] for note in notes if note["done"] == "not loaded"} == {
        "constructor",
        "broken",
        "Upper",
    }
    assert "1 extensions added, 0 changed, 3 not loaded" in answer.output
    assert app.get("/api/v4/extensions/").json["count"] == 1


def test_a_file_name_that_stands_for_another_version(load):
    answer, notes = load(
        entry("kite", "1.0.0-2", "1.0.0"), entry("kite-1.0.0", "2.0.0"), entry("kite-1.0.0-2", "3.0.0")
    )
    assert (answer.exit_code, notes) == (0, [])

    _, notes = load(entry("tool", "1.0.0-1.0.0"), entry("tool-1.0.0", "1.0.0"))

    assert [(note["extension"], note["done"]) for note in notes] == [
        ("tool-1.0.0", "left out"),
        ("tool-1.0.0", "not loaded"),
    ]


def test_only_prereleases_are_not_offered(load, app):
    load(entry("word-tally", "1.0.0-beta.1"))

    assert app.get("/api/v4/extensions/").json["count"] == 0
    assert app.get("/api/v4/extensions/word-tally/").json["version"] is None


def test_popularity_and_gzip(cli, app, tmp_path):
    registry, popularity = tmp_path / "registry.json.gz", tmp_path / "popularity.json"
    registry.write_bytes(gzip.compress(json.dumps({"kite": entry("kite")}).encode()))
    popularity.write_text(json.dumps({"kite": {"totalDownloads": 77, "gihubStars": 5}, "gone": {}}))

    answer = cli("import", "brackets", registry, "--popularity", popularity)

    assert (answer.exit_code, answer.output.count("popularity")) == (0, 1)
    assert app.get("/api/v4/extensions/kite/").json["downloads_total"] == 77


@pytest.mark.parametrize(("text", "said"), [("[]", "Expecting '{'"), ("{", "line 1"), ("{}", "")])
def test_a_file_that_is_no_registry(cli, tmp_path, text, said):
    (tmp_path / "registry.json").write_text(text)

    answer = cli("import", "brackets", tmp_path / "registry.json")

    assert (answer.exit_code, said in answer.output) == (2 if said else 0, True)
    assert cli("import", "brackets", tmp_path / "none.json").exit_code == 2
    assert cli("import", "brackets", "http://example.org/registry.json").exit_code == 2
