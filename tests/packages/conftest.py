"""`read` and `refused`: what the registry makes of the files of a package."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.packages import Finding, Limits, Options, Package, PackageRefused, read_package
from support.archives import build_zip
from support.extensions import Files


def readable(findings: tuple[Finding, ...]) -> None:
    """Whatever a package holds, what is said of it are whole sentences without tricks of their own."""
    for finding in findings:
        assert finding.message.endswith("."), finding
        assert f"{finding.message}{finding.path}".isprintable(), finding
        assert len(finding.message) < 500, finding


@pytest.fixture
def pack(tmp_path: Path) -> Callable[[Files], Path]:
    def pack(files: Files) -> Path:
        path = tmp_path / "package.zip"
        path.write_bytes(build_zip(files))
        return path

    return pack


@pytest.fixture
def read(pack: Callable[[Files], Path]) -> Callable[..., Package]:
    def read(files: Files, limits: Limits = Limits(), **options) -> Package:  # noqa: B008 (frozen)
        package = read_package(pack(files), limits, Options(**options))
        readable(package.warnings)
        return package

    return read


@pytest.fixture
def refused(read: Callable[..., Package]) -> Callable[..., dict[str, Finding]]:
    """The errors by code. That there are two of one code is a fault of the test that uses this."""

    def refused(files: Files, limits: Limits = Limits(), **options) -> dict[str, Finding]:  # noqa: B008
        with pytest.raises(PackageRefused) as caught:
            read(files, limits, **options)
        found = caught.value.findings
        readable(found)
        assert {finding.severity for finding in found} == {"error"}
        by_code = {finding.code: finding for finding in found}
        assert len(by_code) == len(found), found
        return by_code

    return refused
