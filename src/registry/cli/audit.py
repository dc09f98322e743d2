"""``registry audit``: the chain of events."""

import sys

import click

from registry.cli.common import ini_argument, opened
from registry.domain import events
from registry.serving.ini import IniFile


@click.group()
def audit() -> None:
    """Check the record of what happened."""


@audit.command()
@ini_argument
def verify(ini: IniFile) -> None:
    """Check that no event was altered, removed or put in; exit code 1 when one was."""
    with opened(ini) as database, database.read() as connection:
        try:
            count = events.verify(connection)
        except events.BrokenChain as error:
            click.echo(f"The chain of events is broken: {error}.")
            sys.exit(1)
    click.echo(f"The chain of events is whole: {count} events.")
