"""Collects what is wrong with a package, so that its author learns all of it at once."""

from collections.abc import Iterable
from typing import NoReturn

from registry.packages.findings import Finding, PackageRefused

MOST_FAULTS = 20
SHOWN_CHARACTERS = 120


def shown(name: str) -> str:
    """A name from a package as it may stand in a message: one line, printable, not too long."""
    if not name.isprintable():
        name = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in name)
    return name if len(name) <= SHOWN_CHARACTERS else name[: SHOWN_CHARACTERS - 1] + "…"


class Faults:
    """The errors found so far; beyond MOST_FAULTS they are counted, not kept."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.unlisted = 0

    def add(self, code: str, message: str, path: str | None = None) -> None:
        self.extend([Finding(code, message, path=None if path is None else shown(path))])

    def extend(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if len(self.found) < MOST_FAULTS:
                self.found.append(finding)
            else:
                self.unlisted += 1

    def stop(self, code: str, message: str, path: str | None = None) -> NoReturn:
        """For a fault after which nothing further can be believed."""
        self.add(code, message, path)
        raise self.refusal()

    def refusal(self) -> PackageRefused:
        found = list(self.found)
        if self.unlisted:
            message = f"{self.unlisted} more faults were found than are listed here."
            found.append(Finding("MORE_FAULTS", message))
        return PackageRefused(found)

    def raise_if_any(self) -> None:
        if self.found:
            raise self.refusal()
