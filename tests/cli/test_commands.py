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


def test_the_settings_in_the_documentation_are_those_of_the_code(cli):
    assert (ROOT / "docs" / "settings.md").read_text() == cli("docs", "settings").output, "run: make docs"


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_the_description_of_the_api(cli, version):
    validate(json.loads(cli("openapi", "--version", version).output))
