"""The command line of the runner."""

import os
import sys
from pathlib import Path

import click
from cryptography import x509

from registry.logs import escape
from registry.runner import command, running
from registry.runner.command import MIB, Command
from registry.runner.faults import RunFault
from registry.runner.reporting import Reporter

TOKEN = "REGISTRY_RUN_TOKEN"  # noqa: S105 - the name of a variable


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", required=True, envvar="REGISTRY_URL", help="The registry.")
@click.option(
    "--run", "run_id", required=True, type=click.IntRange(1), envvar="REGISTRY_RUN", help="The run."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True),
    help=f"A file with the run's token, - for standard input; without it, the variable {TOKEN} has it.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A PEM file with the root certificates to trust; may be repeated.",
)
@click.option("--id", "identity", help="The id of the extension that the package must be signed for.")
@click.option(
    "--results",
    multiple=True,
    default=[running.STDOUT],
    show_default=True,
    help="A file that the command writes its results to, in the package's folder; - is its standard output. "
    "May be repeated.",
)
@click.option(
    "--time-limit",
    type=click.IntRange(1, 24 * 3600),
    default=3600,
    show_default=True,
    help="Seconds that the command may take.",
)
@click.option(
    "--output-limit",
    type=click.IntRange(1, 1024),
    default=64,
    show_default=True,
    help="MiB that it may write to standard output, and to standard error.",
)
@click.option("--env", "passed_on", multiple=True, help="A variable that the command gets; may be repeated.")
@click.option(
    "--every",
    type=click.FloatRange(0.1, 600),
    default=30,
    show_default=True,
    help="Seconds between two signs of life.",
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def runner(
    url: str,
    run_id: int,
    token_file: Path | None,
    roots: tuple[Path, ...],
    identity: str | None,
    results: tuple[str, ...],
    time_limit: int,
    output_limit: int,
    passed_on: tuple[str, ...],
    every: float,
    arguments: tuple[str, ...],
) -> None:
    """Run the tests of one test run with COMMAND, and send their results.

    COMMAND is run in a folder with the unpacked package, once its signature has been checked. Its environment has
    PATH, a HOME of its own, REGISTRY_PACKAGE (the folder), REGISTRY_MINICONF (a JSON file with the run's
    configuration) and what --env names. The registry has no say in what is run.

    \b
    The exit code is
      0  all tests passed
      1  the results have been sent, and not all is well
      2  the command line is wrong
      3  the command did not start, did not end in time, wrote too much, or gave no results
      4  the package is not what the registry signed for this run
      5  the registry cannot be reached, or refused something
      6  the run was cancelled, or had ended before
    and 128 and its number for a signal that the runner was stopped by.
    """
    if TOKEN in passed_on:
        raise click.UsageError(f"The command must not know the token; --env {TOKEN} cannot be.")
    command.guard()
    order = running.Order(
        command=Command(
            arguments=arguments, seconds=time_limit, output=output_limit * MIB, passed_on=passed_on
        ),
        roots=[certificate for path in roots for certificate in _roots(path)],
        identity=identity,
        results=results,
        every=every,
    )
    try:
        reporter = Reporter(url, run_id, _token(token_file))
    except RunFault as fault:
        raise click.UsageError(str(fault)) from None
    sys.exit(running.run(reporter, order, lambda text: click.echo(escape(text))))


def _token(path: Path | None) -> str:
    text = os.environ.get(TOKEN, "") if path is None else click.open_file(str(path)).read(1000)
    token = text.strip()
    if not token.isascii() or not token.isprintable() or not token:
        where = TOKEN if path is None else path
        raise click.UsageError(f"There is no token in {where}.")
    return token


def _roots(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise click.UsageError(f"{path}: no certificate in PEM form.") from None


def main() -> None:
    runner(prog_name="registry-runner")
