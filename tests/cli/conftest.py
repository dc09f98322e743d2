from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.cli import registry


@pytest.fixture
def ini_file(ini: dict[str, str], tmp_path: Path) -> Path:
    path = tmp_path / "registry.ini"
    keys = [f"{key} = {value.replace('%', '%%')}" for key, value in ini.items()]
    path.write_text("\n".join(["[app:main]", "use = egg:extension-registry", *keys, ""]))
    return path


@pytest.fixture
def cli(ini_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``cli("user", "add", "ann")``: the command with the ini file of this test."""
    monkeypatch.setenv("REGISTRY_INI", str(ini_file))
    return lambda *arguments: CliRunner().invoke(registry, [str(argument) for argument in arguments])
