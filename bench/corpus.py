"""A catalogue of any size, always the same for the same size: for benchmarks, without a single package.

    python bench/corpus.py URL COUNT        fill the database at URL (migrated and empty) with COUNT extensions

Names and texts come from a word model of ours: topics that people look for, each about as often as the next but
one is rarer (Zipf), and made-up words for the long tail. Every extension has versions, signed files as rows only
(nothing is in the store), an owner, downloads, ratings, ranges and one event.
"""

import datetime
import hashlib
import itertools
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, text

from registry import migrations, search
from registry.domain import events, tallies
from registry.models import (
    Artifact,
    Blob,
    Compatibility,
    Database,
    Detail,
    Event,
    Extension,
    Ownership,
    User,
    Version,
    VersionState,
    table,
)
from registry.packages.versions import semver_key

TOPICS = (
    "theme code editor dark file highlight syntax color git html css javascript snippet preview format "
    "tab search php json python live server react vue node lint icon tree panel project ruby sass less "
    "markdown xml jquery angular beautify minify comment bracket emmet debug terminal diff merge branch "
    "commit remote ftp upload image svg font palette cursor select replace regex indent align sort fold "
    "minimap scroll split session backup todo task note timer focus zen spell translate locale emoji "
    "clipboard history bookmark shortcut macro toolbar status sidebar outline symbol jump hover tooltip "
    "docs reference template scaffold build bundle gulp grunt webpack typescript coffee haskell rust go "
    "swift kotlin scala lua perl sql mongo redis docker cloud deploy test coverage mocha jasmine karma "
    "profile memory network proxy cookie cache offline sync share chat review "
).split()
SYLLABLES = ("ka lo mi tra ven so pel dri nu fa gor bel ti ran qui mo sta ler do wix ").split()
CATEGORIES = (
    "appearance editing formatting languages linting navigation preview productivity project snippets "
    "testing version-control "
).split()
LANGUAGES = ("en de fr es pt-BR ja zh-CN ru it pl nl sv ko tr fi ").split()
LICENSES = ("MIT", "MIT", "MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "ISC", "MPL-2.0", None)
OWNERS = 500
BATCH = 2000
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


class Words:
    """``one()`` is a word, common ones often; ``many(n)`` are n of them."""

    def __init__(self, numbers: random.Random):
        self._numbers = numbers
        made_up = ("".join(numbers.choices(SYLLABLES, k=numbers.choice((2, 3, 3, 4)))) for _ in range(20_000))
        self.all = list(dict.fromkeys([*TOPICS, *made_up]))
        self._weights = list(itertools.accumulate(1 / (rank + 4) for rank in range(len(self.all))))

    def one(self) -> str:
        return self.many(1)[0]

    def many(self, count: int) -> list[str]:
        return self._numbers.choices(self.all, cum_weights=self._weights, k=count)


def fill(database: Database, count: int, *, seed: int = 1) -> None:
    """Put ``count`` extensions into an empty database."""
    numbers = random.Random(seed)
    database.write(_owners)
    ranges = database.write(_ranges)
    made = _extensions(numbers, count)
    seq, previous = 0, events.GENESIS
    while batch := list(itertools.islice(made, BATCH)):
        seq, previous = database.write(_store, batch, ranges, numbers, seq, previous)
    database.write(lambda session: tallies.change(session.connection(), tallies.LISTED, count))
    if not database.sqlite:
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for name in ("extension", "version"):  # whose ids were not given out by the database
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                    )
                )
            connection.execute(text("VACUUM ANALYZE"))


def _owners(session: Any) -> None:
    session.connection().execute(
        insert(table(User)), [{"username": f"owner{number}"} for number in range(OWNERS)]
    )


def _ranges(session: Any) -> list[int]:
    ranges = [f">={major}.{minor}.0" for major in (0, 1) for minor in range(30)]
    rows = [{"host": "brackets", "range": item} for item in [*ranges, "<=1.14.0 >=0.40.0", "<0.40.0"]]
    connection = session.connection()
    return [connection.execute(insert(table(Compatibility)), row).inserted_primary_key[0] for row in rows]


def _extensions(numbers: random.Random, count: int) -> Iterator[dict[str, Any]]:
    words, taken = Words(numbers), set()
    for number in range(count):
        topics = words.many(numbers.choice((1, 2, 2, 3)))
        name = "-".join(topics)
        if name in taken:
            name = f"{name}-{number}"
        taken.add(name)
        languages = ["en", *numbers.sample(LANGUAGES[1:], numbers.choice((0, 0, 0, 1, 3)))]
        popularity = int(numbers.paretovariate(0.6) * 5)
        age = min(numbers.expovariate(1 / 700), 4000.0)
        rated = [min(popularity, 10**7) * share // 10_000 for share in (2, 1, 3, 8, 20)]
        yield {
            "id": number + 1,
            "name": name,
            "guid": name,
            "skeleton": name,
            "format": "brackets",
            "listed": True,
            "ever_shown": True,
            "title": {language: " ".join(topics).title() for language in languages[:2]},
            "summary": {"en": " ".join(words.many(numbers.randint(6, 14)))},
            "description": {"en": " ".join(words.many(numbers.randint(30, 120)))},
            "homepage": {"en": f"https://example.org/{name}"},
            "support_url": {},
            "categories": numbers.sample(CATEGORIES, numbers.choice((1, 1, 2))),
            "keywords": words.many(numbers.randint(1, 5)),
            "author": {"name": f"{words.one()} {words.one()}".title()},
            "languages": languages,
            "theme": "theme" in topics,
            "license": numbers.choice(LICENSES),
            "rating_counts": rated,
            "rating_score": round(3 + numbers.random() * 2, 3) if sum(rated) else 0.0,
            "downloads_total": min(popularity, 10**8),
            "downloads_recent": min(popularity, 10**8) // numbers.randint(20, 400),
            "created": NOW - datetime.timedelta(days=age + numbers.randint(0, 900)),
            "updated": NOW - datetime.timedelta(days=age),
        }


def _store(
    session: Any,
    batch: list[dict[str, Any]],
    ranges: list[int],
    numbers: random.Random,
    seq: int,
    previous: bytes,
) -> tuple[int, bytes]:
    connection = session.connection()
    versions, blobs, artifacts, log = [], [], [], []
    for row in batch:
        for minor in range(numbers.choice((1, 1, 2, 3, 5))):
            version = _version(row, minor, numbers.choice(ranges))
            versions.append(version)
            sha256 = hashlib.sha256(version["flat_name"].encode()).hexdigest()
            blobs.append({"sha256": sha256, "size": 20_000})
            artifacts.append(
                {
                    "version_id": version["id"],
                    "sha256": sha256,
                    "size": 20_000,
                    "key_id": "bench",
                    "serial": sha256,
                    "content_digest": sha256,
                }
            )
        row["latest"] = versions[-1]["id"]
        seq += 1
        event = events._Event(seq, row["updated"], "version.signed", None, row["id"], {}, previous)
        previous = events._hash(event)
        log.append(event._asdict() | {"public": True, "hash": previous})
        row["changed"] = seq
    latest = [{"which": row["id"], "latest": row.pop("latest")} for row in batch]
    connection.execute(insert(table(Extension)), batch)
    connection.execute(
        insert(table(Ownership)),
        [{"extension_id": row["id"], "user_id": row["id"] % OWNERS + 1, "role": "owner"} for row in batch],
    )
    connection.execute(insert(table(Blob)), blobs)
    connection.execute(insert(table(Version)), versions)
    connection.execute(insert(table(Artifact)), artifacts)
    connection.execute(text("UPDATE extension SET latest_id = :latest WHERE id = :which"), latest)
    connection.execute(insert(table(Event)), log)
    connection.execute(insert(table(Detail)), [_detail(row) for row in batch])
    for row in batch:
        search.index(connection, row["id"])
    return seq, previous


def _detail(row: dict[str, Any]) -> dict[str, Any]:
    html = {language: f"<p>{text}</p>" for language, text in row["description"].items()}
    empty: dict[str, Any] = {"changes": [], "permissions": [], "dependencies": {}, "peer_dependencies": {}}
    return {"extension_id": row["id"], "description_html": html, **empty}


def _version(row: dict[str, Any], minor: int, compatibility_id: int) -> dict[str, Any]:
    number = f"1.{minor}.0"
    facts = ("title", "summary", "description", "homepage", "support_url", "categories", "keywords", "author")
    return {
        "id": row["id"] * 10 + minor,
        "extension_id": row["id"],
        "version": number,
        "order_key": semver_key(number),
        "flat_name": f"{row['name']}-{number}",
        "state": VersionState.SIGNED,
        "api_range": ">=0.40.0",
        "compatibility_id": compatibility_id,
        "published": row["updated"],
        "downloads": row["downloads_total"] // (minor + 1),
        "facts": {name: row[name] for name in (*facts, "languages")} | {"default_locale": "en"},
    }


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    url, count = sys.argv[1], int(sys.argv[2])
    migrations.upgrade(url)
    began = time.process_time()
    database = Database(url)
    fill(database, count)
    database.dispose()
    print(f"{count} extensions in {time.process_time() - began:.1f} s of CPU")


if __name__ == "__main__":
    main()
