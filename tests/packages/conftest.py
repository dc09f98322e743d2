"""`read` and `refused`: what the registry makes of the files of a package."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.packages import Finding, Limits, Options, Package, PackageRefused, read_package
from support.archives import build_zip
from support.extensions import Files


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
        return read_package(pack(files), limits, Options(**options))

    return read


@pytest.fixture
def refused(read: Callable[..., Package]) -> Callable[..., dict[str, Finding]]:
    """The errors by code. That there are two of one code is a fault of the test that uses this."""

    def refused(files: Files, limits: Limits = Limits(), **options) -> dict[str, Finding]:  # noqa: B008
        with pytest.raises(PackageRefused) as caught:
            read(files, limits, **options)
        found = caught.value.findings
        assert {finding.severity for finding in found} == {"error"}
        by_code = {finding.code: finding for finding in found}
        assert len(by_code) == len(found), found
        return by_code

    return refused
