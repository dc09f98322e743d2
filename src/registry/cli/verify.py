"""``registry verify``: check the signature of a package, far from any registry."""

import dataclasses
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import click
from cryptography import x509

from registry.cli.faults import Fault
from registry.logs import escape
from registry.signing import SignatureInvalid, Verified
from registry.signing import verify as check


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--root",
    "roots",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A PEM file with the root certificates to trust; may be repeated.",
)
@click.option("--id", "identity", help="The id of the extension that this must be.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def verify(file: Path, roots: tuple[Path, ...], identity: str | None, as_json: bool) -> None:
    """Check the signatures of a package.

    The exit code is 0 when they hold, 1 when they do not and 2 when the file or a root cannot be read.
    """
    trusted = [certificate for path in roots for certificate in read_roots(path)]
    try:
        found = check(file, trusted, identity)
    except SignatureInvalid as error:
        answer = {"valid": False, "code": error.code, "message": error.message, "path": error.path}
        click.echo(json.dumps(answer) if as_json else f"{file}: NOT valid. {escape(str(error))}")
        sys.exit(1)
    click.echo(json.dumps(_json(found)) if as_json else _words(file, found, identity))


def read_roots(path: Path) -> list[x509.Certificate]:
    """The certificates in a PEM file. Raises Fault."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise Fault(f"{path}: no certificate in PEM form.") from None


def _json(found: Verified) -> dict[str, Any]:
    values = {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in dataclasses.asdict(found).items()
    }
    return {"valid": True, **values}


def _words(file: Path, found: Verified, identity: str | None) -> str:
    whose = "as asked for" if identity else "not compared with anything; --id says whose it must be"
    signed = f", signed {found.signed_at:%Y-%m-%d %H:%M:%S} UTC by its own word" if found.signed_at else ""
    return "\n".join(
        [
            f"{file}: valid.",
            "  Both signatures hold, PKCS#7 and COSE, and are by one certificate that leads to a trusted root.",
            f"  All {found.entries} files are as they were signed; none is missing and none was added.",
            f"  It is the extension {escape(found.identity)} ({whose}).",
            f"  Issuer key {found.key_id}, certificate {found.serial}{signed}.",
        ]
    )
