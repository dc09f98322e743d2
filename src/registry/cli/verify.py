"""``registry verify``: check the signature of a package or of an index, far from any registry."""

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
from registry.signing import SignatureInvalid, Verified, VerifiedIndex, verify_index
from registry.signing import verify as check


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="Check a listing, blocklist or head of the event chain instead of a package; needs --signature.",
)
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    help="The index's detached signature, as the registry serves it beside the index.",
)
@click.option(
    "--newer-than",
    type=click.IntRange(0),
    metavar="SERIAL",
    help="Refuse an index that is not newer than the one with this serial, which is known already.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A PEM file with the root certificates to trust; may be repeated.",
)
@click.option("--id", "identity", help="The id of the extension that this must be; of an index: its kind.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def verify(
    file: Path | None,
    index: Path | None,
    signature: Path | None,
    newer_than: int | None,
    roots: tuple[Path, ...],
    identity: str | None,
    as_json: bool,
) -> None:
    """Check the signatures of a package (FILE), or the signature of an index (--index).

    The exit code is 0 when they hold, 1 when they do not and 2 when the file or a root cannot be read. An index
    that has expired, or is no newer than one that is known, counts as one whose signature does not hold.
    """
    if (file is None) == (index is None):
        raise click.UsageError("Name a package, or an index with --index.")
    if (index is None) != (signature is None) or (index is None and newer_than is not None):
        raise click.UsageError("--index and --signature go together, and --newer-than with both.")
    trusted = [certificate for path in roots for certificate in read_roots(path)]
    try:
        if index is not None and signature is not None:
            data, detached = index.read_bytes(), signature.read_bytes()
            listed = verify_index(data, detached, trusted, kind=identity, newer_than=newer_than)
            words, answer = _index_words(index, listed), _json(listed)
        elif file is not None:
            package = check(file, trusted, identity)
            words, answer = _words(file, package, identity), _json(package)
    except SignatureInvalid as error:
        answer = {"valid": False, "code": error.code, "message": error.message, "path": error.path}
        click.echo(json.dumps(answer) if as_json else f"{file or index}: NOT valid. {escape(str(error))}")
        sys.exit(1)
    click.echo(json.dumps(answer) if as_json else words)


def read_roots(path: Path) -> list[x509.Certificate]:
    """The certificates in a PEM file. Raises Fault."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise Fault(f"{path}: no certificate in PEM form.") from None


def _json(found: Verified | VerifiedIndex) -> dict[str, Any]:
    values = {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in dataclasses.asdict(found).items()
    }
    return {"valid": True, **values}


def _index_words(file: Path, found: VerifiedIndex) -> str:
    return "\n".join(
        [
            f"{file}: valid.",
            f"  It is the registry's {escape(found.kind)}, serial {found.serial}, as of event {found.seq}.",
            f"  Issued {found.issued:%Y-%m-%d %H:%M:%S} UTC, good until {found.expires:%Y-%m-%d %H:%M:%S} UTC.",
            f"  Issuer key {found.key_id}, which leads to a trusted root.",
        ]
    )


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
