"""`registry import brackets --zips`: packages are gated as any upload is, and signed by the worker."""

import json

import pytest
from sqlalchemy import select

from registry.models import Event, Job, Version
from support.archives import build_zip
from support.registry_json import entry, write
from support.samples import brackets
from support.site import Answer, site

GIVEN = (
    entry("kite", "1.0.0", "1.1.0", homepage=None),
    entry("word-tally", "2.0.0"),
    entry("broken"),
    entry("other"),
    entry("missing"),
)
FILES = {
    "kite/kite-1.0.0.zip": brackets("kite", "1.0.0", {"README.md": b"# Old\n"}),
    "kite-1.1.0.zip": brackets(
        "kite",
        "1.1.0",
        {"README.md": b"# Fly\n"},
        engines={"brackets": ">=1.0"},
        homepage="https://example.org/k",
    ),
    "word-tally-2.0.0.zip": brackets("word-tally", "2.0.0"),
    "broken-1.0.0.zip": build_zip({"package.json": b"null"}),
    "other/other-1.0.0.zip": brackets("other", "1.0.1"),
}


@pytest.fixture
def load(cli, tmp_path):
    def run(source):
        path = write(tmp_path / "registry.json", *GIVEN)
        answer = cli("import", "brackets", path, "--zips", source, "--report", tmp_path / "report.jsonl")
        notes = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
        return answer, {(n["extension"], n["version"], n["done"]) for n in notes if n["field"] == "package"}

    return run


@pytest.fixture
def folder(tmp_path):
    for name, data in FILES.items():
        path = tmp_path / "zips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "zips"


def listed(app):
    return {each["name"]: each["version"] for each in app.get("/api/v4/extensions/").json["results"]}


def test_packages_from_a_folder(load, folder, app, work, database):
    answer, notes = load(folder)

    assert (answer.exit_code, "3 packages on their way" in answer.output) == (0, True)
    assert notes == {
        ("kite", "1.1.0", "noted"),  # its range
        ("broken", "1.0.0", "left out"),
        ("other", "1.0.0", "left out"),
        ("missing", "1.0.0", "noted"),
    }
    everything = {
        "kite": "1.1.0",
        "word-tally": "2.0.0",
        "broken": "1.0.0",
        "other": "1.0.0",
        "missing": "1.0.0",
    }
    assert listed(app) == everything
    detail = app.get("/api/v4/extensions/kite/").json
    assert (detail["description"], detail["homepage"]) == ({"en": "# Fly\n"}, {"en": "https://example.org/k"})

    assert work() == 3

    assert listed(app) == everything
    version = app.get("/api/v4/extensions/kite/versions/1.1.0/").json
    assert (version["state"], version["api_range"]) == ("signed", ">=0.40.0")
    assert version["created"] == "2014-03-02T10:00:00Z"
    assert (
        app.get("/api/v4/extensions/kite/versions/latest/download").headers["ETag"]
        == f'"{version["package"]["sha256"]}"'
    )
    assert app.get("/api/v4/extensions/kite/versions/1.0.0/download")
    assert (
        app.get("/api/v4/extensions/other/versions/1.0.0/download", status=404).json["code"] == "NO_PACKAGE"
    )
    with database.read() as connection:
        before = [
            connection.execute(select(table)).all()
            for table in (Version.__table__, Event.__table__, Job.__table__)
        ]

    again, notes_again = load(folder)

    assert "0 changed" in again.output
    assert notes_again == notes - {("kite", "1.1.0", "noted")}
    with database.read() as connection:
        assert before == [
            connection.execute(select(table)).all()
            for table in (Version.__table__, Event.__table__, Job.__table__)
        ]


def test_a_version_whose_signing_fails_stays_listed(load, folder, app, work, config):
    load(folder)
    with config.registry["database"].read() as connection:
        digest = connection.scalar(select(Version.upload_sha256).where(Version.version == "2.0.0"))
    config.registry["storage"].path(digest).write_bytes(b"damaged")

    work()

    assert listed(app)["word-tally"] == "2.0.0"
    assert app.get("/api/v4/extensions/word-tally/versions/2.0.0/").json["package"] is None


@pytest.mark.parametrize("shape", ["", "/files/{0}/{0}-{1}.zip", "/files/{0}-{1}.zip"])
def test_packages_from_a_site(load, app, work, shape):
    asked = []

    def answer(path, headers):
        asked.append(headers)
        found = {name.rpartition("/")[2]: data for name, data in FILES.items()}.get(path.rpartition("/")[2])
        return Answer(found) if found and path.startswith("/files/") == bool(shape) else Answer(status=404)

    with site(answer) as url:
        result, notes = load(f"{url}{shape}")

    assert ("missing", "1.0.0", "noted") in notes
    assert (result.exit_code, work()) == (0, 3)
    assert not any({"authorization", "cookie"} & headers.keys() for headers in asked)


def test_a_site_that_leads_elsewhere_or_sends_too_much_or_stops(load, app, ini_file):
    ini_file.write_text(f"{ini_file.read_text()}package.max_bytes = 2000\n")

    def answer(path, headers):
        if "kite" in path:
            return Answer(b"moved", 302, {"Location": "/word-tally-2.0.0.zip"})
        if "word-tally" in path:
            return Answer(b"x" * 5000)
        if "broken" in path:
            return Answer(b"short", headers={"Content-Length": "500"})
        return Answer(b"busy", 503)

    with site(answer) as url:
        result, notes = load(url)

    assert {done for _, _, done in notes} == {"left out"}
    assert len(notes) == 6
    assert result.exit_code == 0
    assert len(listed(app)) == 5


def test_a_site_that_is_away(load, tmp_path, monkeypatch):
    monkeypatch.setattr("registry.cli.import_.MOST_FAILURES", 3)
    with site(lambda path, headers: Answer(status=500)) as url:
        answer, _ = load(url)

    assert (answer.exit_code, "goes on where it stopped" in answer.output) == (2, True)
    assert load(tmp_path / "nowhere")[0].exit_code == 2
