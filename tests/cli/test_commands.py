"""The command line as a whole, and the texts it makes."""

import json

import pytest
from openapi_spec_validator import validate

from registry.cli import COMMANDS
from support.serving import ROOT


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(cli, name):
    answer = cli(name, "--help")

    assert answer.exit_code == 0
    assert answer.output.startswith("Usage: ")


def test_no_such_command(cli):
    assert cli("nonsense").exit_code == 2


def test_what_the_documentation_says_of_the_code_is_true(cli, tmp_path):
    for page in ("settings.md", "api.md"):
        (tmp_path / page).write_bytes((ROOT / "docs" / page).read_bytes())

    assert cli("docs", "update", tmp_path).exit_code == 0
    for page in ("settings.md", "api.md"):
        assert (tmp_path / page).read_text() == (ROOT / "docs" / page).read_text(), "run: make docs"


def test_a_page_without_a_place_for_the_codes(cli, tmp_path):
    (tmp_path / "api.md").write_text("# API")

    answer = cli("docs", "update", tmp_path)

    assert (answer.exit_code, answer.output.count("\n")) == (2, 1)
    assert (tmp_path / "api.md").read_text() == "# API"


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_the_description_of_the_api(cli, version):
    validate(json.loads(cli("openapi", "--version", version).output))
