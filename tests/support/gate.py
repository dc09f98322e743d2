"""What the gate says of bytes: the codes it refuses them for, or the files it sees in them."""

from pathlib import Path

import pytest

from registry.packages.archive import open_archive
from registry.packages.findings import Finding, PackageRefused
from registry.packages.limits import DEFAULT_LIMITS, Limits


def refusal(
    path: Path, data: bytes, limits: Limits = DEFAULT_LIMITS, *, unpack: bool = True
) -> tuple[Finding, ...]:
    """The errors for which ``data`` is refused; fails if it is not.

    Without ``unpack`` it must be refused before any packed byte is looked at.
    """
    path.write_bytes(data)
    with pytest.raises(PackageRefused) as caught:
        _pass(path, limits, unpack)
    for finding in caught.value.findings:
        assert finding.severity == "error"
        assert finding.code.replace("_", "").isalnum()
        assert finding.code.isupper()
        assert finding.message.endswith(".")
        assert f"{finding.message}{finding.path}".isprintable()
    return caught.value.findings


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def contents(path: Path, data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, bytes]:
    """Name to bytes of every file of an accepted archive, in order, earlier signatures included."""
    path.write_bytes(data)
    with open_archive(path, limits) as archive:
        archive.check_contents()
        files = archive.entries + archive.signature_entries
        return {entry.name: b"".join(archive.inflate(entry)) for entry in files}


def _pass(path: Path, limits: Limits, unpack: bool) -> None:
    with open_archive(path, limits) as archive:
        if unpack:
            archive.check_contents()
