"""``registry audit``: the chain of events."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from registry.cli.common import ini_argument, opened
from registry.domain import events
from registry.serving.ini import IniFile


@click.group()
def audit() -> None:
    """Check and export the record of what happened."""


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
            count = sum(1 for line in _lines(connection, faults) if out.write(line))
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


def _lines(connection: Any, faults: list[str]) -> Iterator[bytes]:
    """The events; what does not follow from the one before is added to ``faults``."""
    before = None
    for row in events.rows(connection):
        if not events.follows(row, before):
            faults.append(f"event {row.seq} does not follow from event {before.seq if before else 0}")
        before = row
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
