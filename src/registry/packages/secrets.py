"""Tokens of this registry that somebody has packed by mistake: found in every file, whatever it is.

Only their form is known here (`reg_` and 49 letters and digits); whether one holds is asked elsewhere. What
is compressed once more inside a package is not looked into.
"""

import re

from registry.packages.inflate import Entry

FORM = re.compile(rb"reg_[0-9A-Za-z]{49}(?![0-9A-Za-z])")
MARK = b"reg_"
LENGTH = len(MARK) + 49
MOST = 100


class TokenScan:
    """Is fed every file once, in chunks; ``found`` are pairs of a path and what looks like a token in it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._name, self._tail = "", b""

    def begin(self, entry: Entry) -> None:
        self._name, self._tail = entry.name, b""

    def feed(self, chunk: bytes) -> None:
        window = self._tail + chunk
        if MARK in window:
            for match in FORM.finditer(window):
                if len(self.found) < MOST:
                    self.found.setdefault(match[0].decode(), self._name)
        self._tail = window[-LENGTH:]
