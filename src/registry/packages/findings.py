"""What is wrong with a package, in words its author can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or remark.

    ``code`` is stable and upper-case, for programs; ``message`` is one sentence or two that say what
    is wrong and what would be right; ``path`` is the file inside the package, where one is to blame.
    """

    code: str
    message: str
    field: str = "file"
    path: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class PackageRefused(Exception):
    """A package that may not be stored, with every error that was found in it (at least one)."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))
