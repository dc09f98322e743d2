"""``registry db``: the tables of the database."""

import click

from registry import migrations
from registry.cli.common import ini_argument
from registry.serving.ini import IniFile
from registry.serving.preparation import check_folders, database_faults, upgrade_schema


@click.group()
def db() -> None:
    """Make and upgrade the tables of the database."""


@db.command()
@ini_argument
def upgrade(ini: IniFile) -> None:
    """Bring the tables to what this version of the registry needs."""
    check_folders(ini)
    upgrade_schema(ini)
    click.echo(f"The database is at revision {migrations.head()}.")


@db.command()
@ini_argument
def current(ini: IniFile) -> None:
    """Say at which revision the tables are."""
    with database_faults(ini):
        found = migrations.current(ini.database_url)
    click.echo(f"{found or 'no tables'} (this version of the registry needs {migrations.head()})")
