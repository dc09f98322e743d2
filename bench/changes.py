"""How many bytes and how much time the change feed and update checks take, on a generated catalogue.

    python bench/changes.py [COUNT]         COUNT extensions, 10,000 unless told

A day is one in a hundred extensions changed: most by a new version, a third of which says something new
of itself, some by reviews, a few by their state. What travels is measured as clients get it, compressed.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from isal import igzip
from sqlalchemy import select

from corpus import _version, fill
from registry import migrations
from registry.catalogue import changes, updates
from registry.domain import compatibility, events, reviews, states, visibility
from registry.models import Artifact, Blob, Database, Extension, ExtensionState, User, Version

BASE = "https://extensions.example.org"
HOST = ("brackets", "1.14")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/registry.sqlite"
        migrations.upgrade(url)
        database = Database(url)
        fill(database, count)
        with database.read() as connection:
            before = changes.feed(connection, BASE, 0, 1)
            everything = connection.execute(select(Extension.name).order_by(Extension.name)).scalars().all()
        newest = count  # one event for each
        numbers = random.Random(7)
        for name in numbers.sample(everything, count // 100):
            database.write(_happens, name, numbers)
        with database.read() as connection:
            _sizes("delta of 1 %", changes.feed(connection, BASE, newest, 1000))
            _sizes("whole, by the feed", changes.feed(connection, BASE, 0, count))
            seq = changes.feed(connection, BASE, newest, 1000)["seq"]
            _times("delta of 1 %", lambda: changes.feed(connection, BASE, newest, 1000))
            _times("nothing new (where it is not kept)", lambda: changes.feed(connection, BASE, seq, 1000))
            for size in (10, 100, 1000):
                installed = dict.fromkeys(numbers.sample(everything, size), "1.0.0")
                _times(f"updates for {size}", lambda asked=installed: _updates(connection, asked))
        assert before["after"]
        database.dispose()


def _happens(session: Any, name: str, numbers: random.Random) -> None:
    row = session.scalars(select(Extension).where(Extension.name == name)).one()
    what = numbers.random()
    if what < 0.75:
        _publish(session, row, numbers)
    elif what < 0.95:
        user = session.scalars(select(User.id).where(User.id != row.id % 500 + 1)).first()
        reviews.write_review(session, row.id, user, numbers.randint(1, 5))
    else:
        to = numbers.choice([ExtensionState.DISABLED, ExtensionState.UNLISTED])
        states.set_state(session, row, to, reason="It sends what is typed to a stranger.", actor_id=None)


def _publish(session: Any, row: Extension, numbers: random.Random) -> None:
    columns = {column.name: getattr(row, column.name) for column in Extension.__table__.columns}
    if numbers.random() < 1 / 3:
        summary = f"{row.summary['en']} and more"
        columns |= {"summary": {"en": summary}, "description": {"en": f"{row.description['en']} and more"}}
    session.execute(
        Version.__table__.insert().values(
            _version(columns, 9, 1)
            | {"version": "2.0.0", "order_key": b"\0" * 7 + b"\2" + b"\0" * 16 + b"\xff"}
        )
    )
    sha256 = f"{row.id:064x}"
    session.execute(Blob.__table__.insert().values(sha256=sha256, size=1))
    artifact = {"version_id": row.id * 10 + 9, "sha256": sha256, "size": 1, "key_id": "", "serial": sha256}
    session.execute(Artifact.__table__.insert().values(artifact | {"content_digest": ""}))
    compatibility.assign(session, row.id, row.id * 10 + 9)
    extension_id = row.id
    shown = visibility.refresh(session, extension_id)
    events.record(session, "version.signed", extension_id=extension_id, public=True, shown=shown)


def _updates(connection: Any, installed: dict[str, str]) -> bytes:
    fitting = compatibility.matching(connection, *HOST)
    return orjson.dumps(updates.results(connection, BASE, installed, fitting))


def _sizes(what: str, answer: Any) -> None:
    body = orjson.dumps(answer)
    zipped = len(igzip.compress(body, 3))
    print(f"{what:36} {len(answer['changes']):>6} items {len(body):>9} bytes {zipped:>8} compressed")


def _times(what: str, work: Callable[[], Any], rounds: int = 20) -> None:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    print(f"{what:36} {sorted(spent)[rounds // 2] * 1000:>8.2f} ms CPU")


if __name__ == "__main__":
    main()
