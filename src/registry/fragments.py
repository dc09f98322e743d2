"""What lists show of single extensions, as finished JSON.

Searches differ far more than what they find: a search that nobody has made before mostly finds what others have
found. So each process keeps what it has rendered last, for strangers, each until its extension changes, by the
rule of `finished`.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from registry.lookout import LONGEST, Changes

ENVIRON = "registry.fragments"
MOST = 10_000
LARGEST = 4000  # bytes of one


class _Kept(NamedTuple):
    seq: int
    until: float
    json: orjson.Fragment


class Fragments:
    """At most MOST pieces of JSON by extension."""

    def __init__(self, changes: Changes):
        self._changes = changes
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def load(
        self, ids: Sequence[int], make: Callable[[Sequence[int]], dict[int, Any]]
    ) -> dict[int, orjson.Fragment]:
        """The JSON of these extensions; ``make`` is asked for what is not kept, and leaves out what is not there."""
        seq, moment = self._changes.generation(), time.monotonic()
        found = {}
        for which in ids:
            kept = self._kept.get(which)
            if kept is not None and kept.until > moment and not self._changes.since(kept.seq, which):
                found[which] = kept.json
        made = make([which for which in ids if which not in found]) if len(found) < len(ids) else {}
        for which, shown in made.items():
            text = orjson.dumps(shown)
            found[which] = orjson.Fragment(text)
            if len(text) <= LARGEST:
                self._keep(which, _Kept(seq, moment + LONGEST, found[which]))
        return found

    def _keep(self, which: int, kept: _Kept) -> None:
        with self._lock:
            self._kept.pop(which, None)
            self._kept[which] = kept
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
