"""``registry maintenance``: nobody changes anything for a while."""

import datetime
from typing import Any

import click

from registry.cli.common import ini_argument, opened
from registry.serving.ini import IniFile


class _Time(click.ParamType[datetime.datetime]):
    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime.datetime:
        if isinstance(value, datetime.datetime):
            return value
        try:
            time = datetime.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-01-31T12:00Z.", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


@click.group()
def maintenance() -> None:
    """Refuse changes (503) and go on answering reads; workers finish what was accepted."""


@maintenance.command()
@click.option("--message", help="What those are told who wanted to change something.")
@click.option(
    "--until", type=_Time(), help="When it should be over: ISO 8601, in UTC unless it says otherwise."
)
@ini_argument
def on(message: str | None, until: datetime.datetime | None, ini: IniFile) -> None:
    """Begin, in all processes within a second. It ends with `registry maintenance off`."""
    from registry.domain import maintenance as rules

    with opened(ini) as database:
        database.write(rules.begin, message, until)
    click.echo("Maintenance has begun: changes are refused.")


@maintenance.command()
@ini_argument
def off(ini: IniFile) -> None:
    """End it."""
    from registry.domain import maintenance as rules

    with opened(ini) as database:
        ended = database.write(rules.end)
    click.echo("Maintenance is over." if ended else "There was no maintenance.")


@maintenance.command()
@ini_argument
def status(ini: IniFile) -> None:
    """Say whether there is maintenance."""
    from registry.domain import maintenance as rules

    with opened(ini) as database, database.read() as connection:
        state = rules.state(connection)
    if state is None:
        click.echo("There is no maintenance.")
        return
    until = f" until {state.until:%Y-%m-%dT%H:%M:%SZ}" if state.until else ""
    click.echo(f"There is maintenance{until}{': ' + state.message if state.message else '.'}")
