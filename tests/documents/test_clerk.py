"""The clerk: what changes is in the documents soon, made once, by one; killed at any time, nothing is lost."""

import threading

import pytest
from sqlalchemy import delete, select

from registry.catalogue import documents
from registry.catalogue.documents import NAMES, WHOLE, Issue
from registry.jobs import clerk as module
from registry.jobs.clerk import Lost
from registry.models import Blob, CatalogueEntry, Document, Job, JobState, table
from support.workers import eventually

PAUSE = 10


def test_an_empty_registry_has_every_document(clerk, catalogue):
    assert clerk.turn()
    assert {name: catalogue.json(name) for name in NAMES[:2]} == {"registry.json": {}, "popularity.json": {}}
    assert catalogue.json("list") == catalogue.json("extension_takedown.json") == []
    assert catalogue.json("registry_version.json") == {"version": 1}
    assert catalogue.json("listing")["extensions"] == catalogue.json("blocklist")["entries"] == []
    assert catalogue.json("head")["hash"] is None


def test_changes_are_taken_in(clerk, catalogue, clock):
    catalogue.add("one")
    catalogue.add("two", "1.0.0", "1.1.0")
    clerk.turn()
    assert list(catalogue.json("registry.json")) == ["one", "two"]
    catalogue.change("one", title={"en": "The First"})
    catalogue.disable("two")
    catalogue.add("three")
    clock.move(PAUSE)
    clerk.turn()
    registry = catalogue.json("registry.json")
    assert registry["one"]["metadata"]["title"] == "The First"
    assert list(registry) == ["one", "three"]
    assert catalogue.json("extension_takedown.json") == ["two"]
    assert [(entry["name"], entry["disabled"]) for entry in catalogue.json("list")] == [
        ("one", False),
        ("two", True),
        ("three", False),
    ]
    listed = catalogue.json("listing")["extensions"][1]
    assert (listed["disabled"], listed["download_url"], listed["versions"]) == (True, None, [])
    assert catalogue.json("blocklist")["entries"][0]["reason"]["text"] == "harmful"


def test_step_by_step_is_the_same_as_from_scratch(clerk, catalogue, clock, context):
    for number in range(5):
        catalogue.add(f"extension-{number}", f"1.{number}.0")
        clock.move(PAUSE)
        clerk.turn()
    catalogue.disable("extension-1")
    catalogue.change("extension-2", hidden_by_owner=True, listed=False)
    catalogue.download("extension-3", 7)
    clock.move(1000)
    clerk.turn()
    base = context.settings.public_url
    with context.database.read() as connection:
        for name in (*(name for name in WHOLE if name != "listing"), "extension_takedown.json"):
            assert catalogue.bytes(name) == documents.from_rows(connection, base, name), name
        entries = table(CatalogueEntry)
        kept = connection.execute(select(entries).order_by(entries.c.extension_id)).all()
    context.database.write(lambda session: session.connection().execute(delete(entries)))
    clerk.release()
    clock.move(1000)
    clerk.turn()
    with context.database.read() as connection:
        assert connection.execute(select(entries).order_by(entries.c.extension_id)).all() == kept


def test_many_changes_are_one_building(clerk, catalogue, clock, monkeypatch):
    clerk.turn()
    built = []
    write = module.files.write
    monkeypatch.setattr(module.files, "write", lambda *arguments: built.append(1) or write(*arguments))
    for number in range(10):
        catalogue.add(f"extension-{number}")
        clerk.turn()
    # The pause is not over; only the head, at most once a second, would have been made.
    assert built == []
    clock.move(module.SHORTEST_PAUSE)
    clerk.turn()
    assert len(built) == len(WHOLE)
    assert len(catalogue.json("registry.json")) == 10
    clock.move(PAUSE)
    clerk.turn()
    clerk.turn()
    assert len(built) == len(WHOLE) + 2  # the head, and the version


def test_small_documents_do_not_wait(clerk, catalogue):
    catalogue.add("one")
    clerk.turn()
    catalogue.disable("one")
    clerk.turn()
    assert catalogue.json("extension_takedown.json") == ["one"]
    assert len(catalogue.json("blocklist")["entries"]) == 1
    assert "one" in catalogue.json("registry.json")  # in its pause


def test_the_version_follows_what_it_speaks_of(clerk, catalogue, clock):
    catalogue.add("one")
    clerk.turn()
    first = catalogue.json("registry_version.json")["version"]
    clock.move(PAUSE)
    catalogue.add("two")
    clerk.turn()
    assert len(catalogue.json("registry.json")) == 2
    assert catalogue.json("registry_version.json")["version"] == first
    clock.move(module.SHOWN_SECONDS + 10)
    clerk.turn()
    second = catalogue.json("registry_version.json")["version"]
    assert type(second) is int
    assert second > first == 1
    assert second == catalogue.row("registry.json").serial


def test_counts_leave_the_version_alone(clerk, catalogue, clock, context):
    catalogue.add("one")
    clerk.turn()
    version = catalogue.row("registry.json").serial
    catalogue.download("one", 41)
    clock.move(PAUSE)
    clerk.turn()
    assert catalogue.json("popularity.json")["one"]["totalDownloads"] == 0
    clock.move(context.settings.counters)
    clerk.turn()
    assert catalogue.json("popularity.json")["one"]["totalDownloads"] == 41
    assert catalogue.json("registry.json")["one"]["totalDownloads"] == 41
    clock.move(PAUSE)
    clerk.turn()
    assert catalogue.json("registry_version.json")["version"] == version


def test_what_changes_nothing_in_a_document_changes_nothing(clerk, catalogue, clock):
    catalogue.add("one")
    clerk.turn()
    before = catalogue.row("registry.json")
    catalogue.change("one", state_reason="said again")
    clock.move(PAUSE)
    clerk.turn()
    after = catalogue.row("registry.json")
    assert (after.sha256, after.serial, after.built) == (before.sha256, before.serial, before.built)


def test_two_clerks_one_works(new_clerk, catalogue, clock, context):
    first, second = new_clerk(), new_clerk()
    assert first.turn()
    assert not second.turn()
    first.release()
    clock.move(context.settings.lease)
    assert second.turn()
    assert not first.turn()


def test_one_who_was_thought_dead_writes_nothing(new_clerk, catalogue, clock, context):
    first, second = new_clerk(), new_clerk()
    first.turn()
    job = table(Job)
    past = clock.calendar().replace(year=2000)
    context.database.write(lambda session: session.connection().execute(job.update().values(next_at=past)))
    assert second.turn()
    catalogue.add("one")
    with pytest.raises(Lost):
        first.turn()
    clock.move(PAUSE)
    second.turn()
    assert "one" in catalogue.json("registry.json")
    with context.database.read() as connection:
        assert connection.execute(select(job.c.kind, job.c.state, job.c.attempt)).all() == [
            (module.KIND, JobState.RUNNING, 2)
        ]


@pytest.mark.parametrize("where", ["write", "show", "entries"])
def test_killed_at_any_time(new_clerk, catalogue, clock, context, monkeypatch, where):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    catalogue.add("one")
    new_clerk().turn()
    job = table(Job)
    past = clock.calendar().replace(year=2000)
    catalogue.add("two")
    clock.move(PAUSE)
    with monkeypatch.context() as patch:
        if where == "entries":
            patch.setattr(module.Entries, "_write", kill)
        else:
            patch.setattr(module.files, where, kill)
        context.database.write(
            lambda session: session.connection().execute(job.update().values(next_at=past))
        )
        with pytest.raises(Killed):
            new_clerk().turn()
    assert list(catalogue.json("registry.json")) == ["one"]
    context.database.write(lambda session: session.connection().execute(job.update().values(next_at=past)))
    clock.move(PAUSE)
    new_clerk().turn()
    assert list(catalogue.json("registry.json")) == ["one", "two"]


def test_an_error_passes(clerk, catalogue, monkeypatch):
    """A full disk, say: all is well again soon after, by the same clerk."""
    catalogue.add("one")
    write, stop, tries = module.files.write, threading.Event(), []

    def fail_twice(*arguments):
        tries.append(arguments)
        if len(tries) in (1, 3):
            raise OSError(28, "No space left on device")
        return write(*arguments)

    monkeypatch.setattr(module.files, "write", fail_twice)
    thread = threading.Thread(target=clerk.run, args=(stop,))
    thread.start()
    eventually(lambda: catalogue.row("registry_version.json"))
    stop.set()
    thread.join()
    assert "one" in catalogue.json("registry.json")
    with catalogue.database.read() as connection:
        job = table(Job)
        assert connection.execute(select(job.c.state, job.c.attempt)).all() == [(JobState.QUEUED, 1)]


def test_what_is_missing_in_the_store_is_made_again(clerk, catalogue, clock, context):
    clerk.turn()
    for name in NAMES:
        context.storage.remove(catalogue.row(name).sha256)
    clock.move(module.CHECK_SECONDS + 1)
    clerk.turn()
    for name in NAMES:
        catalogue.bytes(name)


def test_superseded_files_go_after_a_moment(clerk, catalogue, clock, context):
    clerk.turn()
    old = catalogue.row("registry.json").sha256
    shared = catalogue.row("list").sha256
    catalogue.add("one")
    clock.move(PAUSE)
    clerk.turn()
    assert old in context.storage
    with context.database.read() as connection:
        assert connection.scalar(select(Blob.sha256).where(Blob.sha256 == old)) is None
    clock.move(module.GRACE_SECONDS + 1)
    clerk.turn()
    assert old not in context.storage
    assert shared in context.storage  # the takedown list has the same bytes


def test_another_address_makes_all_anew(new_clerk, catalogue, clock, context):
    catalogue.add("one")
    clerk = new_clerk()
    clerk.turn()
    clerk.release()
    object.__setattr__(context.settings, "public_url", "https://other.example")
    clock.move(PAUSE)
    new_clerk().turn()
    assert catalogue.json("listing")["extensions"][0]["url"].startswith("https://other.example/")
    assert catalogue.json("list")[0]["download"] == "https://other.example/extension/one/latest/download"


def test_rows_that_no_client_could_read_are_left_out_and_reported(clerk, catalogue, caplog):
    catalogue.add("constructor")
    catalogue.add("sound")
    clerk.turn()
    assert list(catalogue.json("registry.json")) == ["sound"]
    assert "constructor is left out of registry.json" in caplog.text


def test_documents_have_rows_for_nothing_else(clerk, catalogue, database):
    clerk.turn()
    with database.read() as connection:
        assert set(connection.scalars(select(Document.name))) == set(NAMES)


def test_an_issue_has_its_fields_even_unsigned():
    assert Issue().fields() == {"serial": None, "seq": None, "issued": None, "expires": None}
