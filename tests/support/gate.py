"""What the gate says of bytes: the codes it refuses them for, or the files it sees in them."""

from pathlib import Path

import pytest

from registry.packages.archive import Limits, open_archive
from registry.packages.findings import Finding, PackageRefused


def refusal(path: Path, data: bytes, limits: Limits = Limits()) -> tuple[Finding, ...]:  # noqa: B008
    """The errors for which ``data`` is refused, by its structure or its contents; fails if it is not."""
    path.write_bytes(data)
    with pytest.raises(PackageRefused) as caught, open_archive(path, limits) as archive:
        archive.check_contents()
    for finding in caught.value.findings:
        assert finding.severity == "error"
        assert finding.code.replace("_", "").isalnum()
        assert finding.code.isupper()
        assert finding.message.endswith(".")
        assert f"{finding.message}{finding.path}".isprintable()
    return caught.value.findings


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def contents(path: Path, data: bytes, limits: Limits = Limits()) -> dict[str, bytes]:  # noqa: B008
    """Name to bytes of every file of an accepted archive, in order, earlier signatures included."""
    path.write_bytes(data)
    with open_archive(path, limits) as archive:
        archive.check_contents()
        files = archive.entries + archive.signature_entries
        return {entry.name: b"".join(archive.inflate(entry)) for entry in files}
