"""What a catalogue holds, as packages for other systems: the same names, texts, versions and sizes of files."""

import contextlib
import json
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

PACKAGES = """
SELECT extension.name, extension.summary, extension.description, extension.homepage, extension.keywords,
  extension.author, extension.license, json_group_array(version.version), max(artifact.size)
FROM extension JOIN version ON version.extension_id = extension.id JOIN artifact ON artifact.version_id = version.id
GROUP BY extension.id ORDER BY extension.id
"""


class TookTooLongError(Exception):
    """A peer has not all packages in the time it was given; the text says how many it has."""


@dataclass(frozen=True)
class Package:
    name: str
    summary: str
    description: str
    homepage: str
    keywords: list[str]
    author: str
    license: str | None
    versions: list[str]
    size: int

    def file(self, version: str) -> bytes:
        """Bytes that cannot be compressed. No peer looks into them."""
        return random.Random(f"{self.name} {version}").randbytes(self.size)


class Clock:
    """How long the filling of a peer may take."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds
        self._seconds = seconds

    def left(self) -> float:
        return max(0.1, self._end - time.monotonic())

    def check(self, done: str) -> None:
        if time.monotonic() > self._end:
            raise TookTooLongError(f"{done} after {self._seconds:.0f} s")


def packages(database: Path) -> list[Package]:
    """In the order in which they came; their versions too, the newest last."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(PACKAGES).fetchall()
    found = []
    for name, summary, description, homepage, keywords, author, terms, versions, size in rows:
        texts = [json.loads(text)["en"] for text in (summary, description, homepage)]
        details = json.loads(keywords), json.loads(author)["name"], terms, sorted(json.loads(versions))
        found.append(Package(name, *texts, *details, size))
    return found
