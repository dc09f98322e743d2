"""``registry serve`` and the two kinds of processes it runs."""

import sys

import click

from registry.cli.common import ini_argument, opened
from registry.serving import lifeline, preparation
from registry.serving import web as web_process
from registry.serving.ini import IniFile
from registry.serving.supervisor import Child, Supervisor

supervised = click.option(
    "--lifeline", "supervised", is_flag=True, hidden=True, help="End when standard input does."
)


@click.command()
@ini_argument
def serve(ini: IniFile) -> None:
    """Run the registry, web and workers, until Ctrl-C.

    For development (registry.production = false) tables, a signing key and two accounts are made first
    where they are missing. The section [serve] of the ini file says how many workers there are.
    """
    ini.setup_logging()
    preparation.prepare(ini)
    place = web_process.address(ini)
    if place is not None:
        preparation.check_address(*place)
    count = ini.number("serve", "workers", 1)
    children = [Child("web", _command("web", ini))]
    children += [Child(f"worker {number}", _command("worker", ini)) for number in range(1, count + 1)]
    stop = lifeline.LONG_GRACE if ini.settings.production else lifeline.GRACE
    supervisor = Supervisor(children, lambda: web_process.answers(place), lambda: _ready(ini), stop)
    sys.exit(supervisor.run())


@click.command()
@supervised
@ini_argument
def web(ini: IniFile, supervised: bool) -> None:
    """Run the web server alone, as `pserve` does."""
    if supervised:
        lifeline.hold()
    web_process.run(ini)


@click.command()
@supervised
@ini_argument
def worker(ini: IniFile, supervised: bool) -> None:
    """Run one worker; any number of them may run at once."""
    from registry.jobs.worker import run_worker

    if supervised:
        lifeline.hold()
    ini.setup_logging()
    preparation.check_schema(ini)
    preparation.check_issuer(ini.settings)
    sys.exit(run_worker(ini.app, ini.settings))


def _command(name: str, ini: IniFile) -> list[str]:
    return [sys.executable, "-m", "registry.cli", name, "--lifeline", str(ini.path.absolute())]


def _ready(ini: IniFile) -> None:
    from registry.cli.welcome import welcome
    from registry.serving.accounts import create_first

    with opened(ini) as database:
        made = None if ini.settings.production else create_first(database, ini.sealer)
    click.echo(welcome(ini, made))
