"""``registry issuer``: the key that signs."""

from pathlib import Path

import click

from registry.cli.faults import Fault
from registry.signing import ChainPaths, create_chain

MOST_CHARACTERS = 40  # a common name may have 64


@click.group()
def issuer() -> None:
    """Make the keys that signatures lead back to."""


@issuer.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Whose registry this is; stands in the certificates.")
def create(folder: Path, name: str) -> None:
    """Make a root and an issuer in FOLDER, for `signing.issuer = pem:FOLDER`.

    Give root.pem to whoever verifies; take root.key away from the machine and keep it: it makes the next issuer.
    """
    if not name.isprintable() or not 0 < len(name.strip()) <= MOST_CHARACTERS:
        raise Fault(f"--name takes 1 to {MOST_CHARACTERS} printable characters.")
    if ChainPaths(folder).complete():
        raise Fault(f"{folder} holds a chain already; it is left as it is.")
    paths = create_chain(folder.absolute(), name.strip())
    click.echo(f"{paths.root}: give it to whoever verifies")
    click.echo(f"{paths.root_key}: take it off this machine and keep it safe; it makes the next issuer")
    click.echo(f"{paths.intermediate_key}: for the workers' user only")
    click.echo(f"signing.issuer = {paths.url}")
