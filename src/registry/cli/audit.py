"""``registry audit``: the chain of events."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click
import orjson
from sqlalchemy import Connection

from registry.catalogue import documents
from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.domain import events
from registry.serving.ini import IniFile
from registry.storage import open_storage

NO_HEAD = "No head has been signed for it, so nobody knows whether the newest events are there."


@click.group()
def audit() -> None:
    """Check and export the record of what happened."""


_of_heads = click.option(
    "--head",
    "heads",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A head of the chain that somebody has kept, as /api/v4/changes/head/ gives it; may be repeated.",
)


@audit.command()
@_of_heads
@ini_argument
def verify(heads: tuple[Path, ...], ini: IniFile) -> None:
    """Check that no event was altered, removed or put in; exit code 1 when one was.

    That the newest ones are gone shows only by a head that speaks of them: the one that the registry signed last is
    looked at, and each --head, whose own signature `registry verify --index` checks.
    """
    with opened(ini) as database, database.read() as connection:
        known = _known(connection, heads, ini)
        try:
            count = events.verify(connection, known)
        except events.BrokenChain as error:
            click.echo(f"The chain of events is broken: {error}.")
            sys.exit(1)
    last = max((head.seq for head in known), default=None)
    click.echo(f"The chain of events is whole: {count} events.")
    click.echo(f"The newest head that it was compared with is of event {last}." if last else NO_HEAD)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@ini_argument
def export(file: Path, ini: IniFile) -> None:
    """Write all events to FILE, one JSON object a line, the oldest first.

    Only its owner may read the file, which is there when all of it is. Each line has what the hash of its event
    seals, so the chain can be checked without the registry. Exit code 1 when it is broken; all that is there is
    written all the same.
    """
    faults: list[str] = []
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with opened(ini) as database, database.read() as connection, _created(draft) as out:
            known = _known(connection, (), ini)
            count = sum(1 for line in _lines(connection, faults, known) if out.write(line))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(f"{count} events are in {file}.")
    if faults:
        click.echo(f"The chain of events is broken: {faults[0]}.")
        sys.exit(1)


def _created(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _known(connection: Connection, files: Iterable[Path], ini: IniFile) -> list[events.Head]:
    """The head that was signed last, and those in the files. Asked for before the events: it is never ahead of them."""
    found = [documents.signed_head(connection, open_storage(ini.settings.storage))]
    for file in files:
        try:
            found.append(documents.head_in(file.read_bytes()))
        except ValueError:
            raise Fault(f"{file}: not the head of a chain of events.") from None
    return [head for head in found if head is not None]


def _lines(connection: Connection, faults: list[str], heads: Iterable[events.Head]) -> Iterator[bytes]:
    """The events; what is wrong with them is added to ``faults``."""
    for row in events.walk(connection, faults, heads):
        event = {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "kind": row.kind,
            "actor_id": row.actor_id,
            "extension_id": row.extension_id,
            "data": row.data,
            "previous": row.previous.hex(),
            "hash": row.hash.hex(),
        }
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
