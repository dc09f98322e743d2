"""The signed head of the chain of events tells that its newest ones are gone, which the chain itself cannot."""

import logging

import orjson
import pytest
from sqlalchemy import delete, func, select

from registry.jobs.clerk import CHECK_SECONDS, HEAD_SECONDS
from registry.models import Document, Event

CUT = "it ends with event 2, and the head was signed for event 3"


@pytest.fixture
def signed(catalogue, clerk):
    """Three events, and a head."""
    for name in ("one", "two", "three"):
        catalogue.add(name)
    clerk.turn()


@pytest.fixture
def execute(database):
    return lambda statement: database.write(lambda session: session.execute(statement) and None)


@pytest.fixture
def newest_is_gone(signed, execute):
    execute(delete(Event).where(Event.seq == 3))


def test_a_chain_is_compared_with_its_signed_head(cli, clerk, signed, catalogue, clock):
    answer = cli("audit", "verify")
    assert answer.exit_code == 0
    assert answer.output.splitlines() == [
        "The chain of events is whole: 3 events.",
        "The newest head that it was compared with is of event 3.",
    ]
    catalogue.add("four")
    assert "4 events" in cli("audit", "verify").output
    clock.move(HEAD_SECONDS)
    clerk.turn()
    assert "event 4." in cli("audit", "verify").output


def test_newest_events_that_are_gone(cli, newest_is_gone, execute, tmp_path):
    for command in (("verify",), ("export", tmp_path / "events.jsonl")):
        answer = cli("audit", *command)
        assert answer.exit_code == 1
        assert CUT in answer.output
    execute(delete(Event))
    assert "event 0" in cli("audit", "verify").output


def test_others_in_their_place(cli, newest_is_gone, catalogue):
    catalogue.add("not-three")
    answer = cli("audit", "verify")
    assert answer.exit_code == 1
    assert "event 3 is not the one that the head was signed for" in answer.output


def test_a_head_that_was_kept_elsewhere(cli, signed, catalogue, execute, tmp_path):
    """For when who has cut events off could take the registry's own head away too."""
    head = tmp_path / "head.json"
    head.write_bytes(catalogue.bytes("head"))
    assert cli("audit", "verify", "--head", head).exit_code == 0
    execute(delete(Document).where(Document.name == "head"))
    execute(delete(Event).where(Event.seq == 3))
    answer = cli("audit", "verify")
    assert answer.exit_code == 0
    assert "nobody knows whether the newest events are there" in answer.output
    answer = cli("audit", "verify", "--head", head)
    assert answer.exit_code == 1
    assert CUT in answer.output
    for nonsense in (b"{}", b"[]", b"no", b'{"seq": 3, "hash": null}', b'{"seq": "x", "hash": "00"}'):
        head.write_bytes(nonsense)
        assert cli("audit", "verify", "--head", head).exit_code == 2


def test_nothing_is_signed_that_would_hide_it(cli, clerk, newest_is_gone, catalogue, clock, database, caplog):
    before = catalogue.bytes("head")
    for _ in range(3):
        catalogue.add(f"later-{clock.seconds:.0f}")
        clock.move(CHECK_SECONDS)
        with caplog.at_level(logging.ERROR):
            clerk.turn()
    with database.read() as connection:
        assert connection.scalar(select(func.max(Event.seq))) == 5
    assert catalogue.bytes("head") == before
    assert orjson.loads(before)["seq"] == 3
    assert [record.levelname for record in caplog.records] == [
        "ERROR",
        "ERROR",
    ]  # with as many as there were, none
    assert "registry audit verify" in caplog.text
    assert "later-60" in catalogue.json("registry.json"), "the rest goes on"
    assert cli("audit", "verify").exit_code == 1
