"""Tokens of this registry that somebody has packed by mistake: found in every file, whatever it is.

Only their form is known here (`reg_`, or `regrun_` of a test run, and 49 letters and digits, in ASCII, UTF-16 or
UTF-32); whether one holds is asked elsewhere. What is compressed once more inside a package is not looked into. A
package with more look-alikes than could be asked for is refused: a token would hide among them.
"""

import re

from registry.packages.faults import Faults
from registry.packages.inflate import Entry

# The zero bytes between two letters are as many everywhere; whether they stand before or behind does not matter.
FORM = re.compile(rb"r(\0{0,3})e\1g\1(?:r\1u\1n\1)?_(?:\1[0-9A-Za-z]){49}(?!\1[0-9A-Za-z])")
MARKS = tuple(
    (b"\0" * zeros).join(map(str.encode, beginning))
    for zeros in (0, 1, 3)
    for beginning in ("reg_", "regrun_")
)
LONGEST = (7 + 49 + 1) * 4
MOST = 10_000


class TokenScan:
    """Is fed every file once, in chunks; ``found`` has the path for everything that looks like a token.

    Raises PackageRefused when there are more than MOST of them.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._name, self._tail = "", b""

    def begin(self, entry: Entry) -> None:
        self._name, self._tail = entry.name, b""

    def feed(self, chunk: bytes) -> None:
        window = self._tail + chunk
        if any(mark in window for mark in MARKS):
            for match in FORM.finditer(window):
                self.found.setdefault(match[0].replace(b"\0", b"").decode(), self._name)
                if len(self.found) > MOST:
                    Faults().stop(
                        "TOO_MANY_TOKENS",
                        f"More than {MOST} texts in this package look like tokens of this registry; "
                        "whether one of them is cannot be told.",
                        self._name,
                    )
        self._tail = window[-LONGEST:]
