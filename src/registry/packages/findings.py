"""What is wrong with a package, in words its author can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or remark.

    ``code`` is stable and upper-case, for programs; ``message`` is one sentence or two that say what
    is wrong and what would be right; ``path`` is the file inside the package, where one is to blame.
    Outside validators may also have a longer ``description``, the ``line`` and ``column`` (from 1), and a JSON
    Pointer into the manifest (``instance_path``).
    """

    code: str
    message: str
    field: str = "file"
    path: str | None = None
    severity: Severity = "error"
    description: str | None = None
    line: int | None = None
    column: int | None = None
    instance_path: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class PackageRefused(Exception):
    """A package that may not be stored, with every error that was found in it (at least one)."""

    def __init__(self, findings: Iterable[Finding]):
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))
