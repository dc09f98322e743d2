"""What an import did to what it found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Done(StrEnum):
    """What became of something odd, from best to worst."""

    NOTED = "noted"  # taken as it is, or read as what it stands for
    FIXED = "fixed"
    LEFT_OUT = "left out"
    SKIPPED = "skipped"  # the extension is somebody's here
    NOT_LOADED = "not loaded"


@dataclass(frozen=True, slots=True)
class Note:
    """One oddity: where, what was done with it, and why. ``version`` and ``field`` are None for the whole."""

    extension: str
    done: Done
    message: str
    field: str | None = None
    version: str | None = None

    def json(self) -> dict[str, Any]:
        return asdict(self)


def counted(notes: Iterable[Note]) -> list[tuple[str, str, int]]:
    """How often each field was treated in each way: ``(done, field, how many)``, the worst first."""
    counts = Counter((note.done, note.field or "entry") for note in notes)
    order = {done: place for place, done in enumerate(reversed(Done))}
    return [
        (done.value, field, count)
        for (done, field), count in sorted(counts.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]
