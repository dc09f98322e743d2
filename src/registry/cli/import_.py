"""``registry import``: take over what another registry has."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from registry.alarm import Alarm
from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.client import ClientError
from registry.fetching import Fetcher, Unavailable
from registry.importing import document, rows, zips
from registry.importing.document import BadDocument
from registry.importing.entries import Imported, read_entry
from registry.importing.notes import Done, Note, counted
from registry.logs import escape
from registry.models import Database
from registry.packages import Options
from registry.packages.limits import configured
from registry.packages.manifest import ManifestError
from registry.serving.ini import IniFile
from registry.storage import open_storage

BATCH = 50
# After so many packages in a row that could not be had, the source is away.
MOST_FAILURES = 5
SHOWN = 20


@click.group("import")
def import_group() -> None:
    """Take over what another registry has."""


@import_group.command()
@click.argument("file", metavar="FILE|URL")
@click.option("--popularity", metavar="FILE|URL", help="Its popularity.json, for the counts of downloads.")
@click.option(
    "--zips",
    "packages",
    metavar="DIR|URL",
    help="Where its packages are: NAME-VERSION.zip or NAME/NAME-VERSION.zip below it, or a URL with {0} and {1}.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all that was odd to this file, as lines of JSON.",
)
@ini_argument
def brackets(
    file: str, popularity: str | None, packages: str | None, report: Path | None, ini: IniFile
) -> None:
    """Load a registry.json of Brackets or Phoenix Code, which may be packed with gzip.

    Whatever in it is unfit is put right or left out field by field, and reported. Nobody owns what was loaded until
    an admin gives it an owner; extensions that somebody has here are left alone. It can be stopped and run again:
    what is loaded already is not loaded twice.

    The exit code is 0 when all of it is loaded, 1 when an entry could not be loaded at all.
    """
    options = Options(disallowed_words=ini.settings.disallowed_words)
    source = zips.open_source(packages) if packages else None
    found = _entries(file)
    popular = dict(_entries(popularity)) if popularity else {}
    with ExitStack() as stack:
        database = stack.enter_context(opened(ini))
        notes = Notes(stack.enter_context(report.open("w")) if report else None)
        for name in sorted(popular.keys() - {name for name, _ in found}):
            notes.add([Note(name, Done.LEFT_OUT, "It is in the popularity file only.", "popularity")])
        entries = _read_entries(found, popular, options, notes)
        total = _load(database, entries, notes)
        jobs = _collect(database, ini, source, entries, notes) if source else 0
    _summary(len(found), total, jobs, notes)
    sys.exit(1 if notes.not_loaded else 0)


class Notes:
    """What is reported: counted, and written to ``file`` if there is one."""

    def __init__(self, file: TextIO | None):
        self._file = file
        self.all: list[Note] = []

    def add(self, notes: Sequence[Note]) -> None:
        self.all += notes
        if self._file:
            self._file.writelines(f"{json.dumps(note.json(), ensure_ascii=False)}\n" for note in notes)

    @property
    def not_loaded(self) -> list[Note]:
        return [note for note in self.all if note.done is Done.NOT_LOADED]


def _entries(file: str) -> list[tuple[str, dict[str, Any] | ManifestError]]:
    try:
        if not file.startswith(("http://", "https://")):
            return list(document.entries(document.read(Path(file))))
        with Fetcher(file.rpartition("/")[0]) as fetcher:
            data = fetcher.data(file, document.MOST_BYTES)
        if data is None:
            raise Fault(f"There is nothing at {file}.")
        return list(document.entries(document.unpacked(data)))
    except BadDocument as error:
        raise Fault(f"{file}: {error}") from None


def _read_entries(
    found: Sequence[tuple[str, Any]], popular: Mapping[str, Any], options: Options, notes: Notes
) -> list[Imported]:
    entries = []
    for name, entry in found:
        counts = popular.get(name)
        imported, said = read_entry(name, entry, counts if isinstance(counts, dict) else None, options)
        notes.add(said)
        entries += [imported] if imported else []
    return entries


def _load(database: Database, entries: list[Imported], notes: Notes) -> rows.Loaded:
    total = rows.Loaded()
    with _progress(len(entries), "Extensions") as forward:
        for start in range(0, len(entries), BATCH):
            batch = entries[start : start + BATCH]
            loaded = database.write(rows.load, batch)
            notes.add(loaded.notes)
            total.added += loaded.added
            total.changed += loaded.changed
            total.versions += loaded.versions
            forward(len(batch))
    return total


def _collect(
    database: Database, ini: IniFile, source: zips.Source, entries: list[Imported], notes: Notes
) -> int:
    """Fetch the packages that are not there; how many there are to sign now."""
    settings = ini.settings
    collector = zips.Collector(
        database,
        open_storage(settings.storage),
        source,
        configured(settings),
        Options(disallowed_words=settings.disallowed_words),
    )
    alarm = Alarm(ini.app)
    waiting = list(collector.waiting([entry.name for entry in entries]))
    jobs = failures = 0
    with _progress(len(waiting), "Packages") as forward:
        for version in waiting:
            try:
                job_id, said = collector.collect(version)
                failures = 0
            except ClientError as error:
                job_id, said = (
                    None,
                    [Note(version.name, Done.LEFT_OUT, str(error), "package", version.version)],
                )
                failures += isinstance(error, Unavailable)
            notes.add(said)
            if job_id is not None:
                alarm.hint(job_id)
                jobs += 1
            if failures >= MOST_FAILURES:
                raise Fault(f"{said[0].message} Run it again when that is over; it goes on where it stopped.")
            forward(1)
    return jobs


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def _summary(found: int, total: rows.Loaded, jobs: int, notes: Notes) -> None:
    lost = len({note.extension for note in notes.not_loaded})
    click.echo(
        f"{found} entries: {total.added} extensions added, {total.changed} changed, {lost} not loaded; "
        f"{total.versions} versions added, {jobs} packages on their way to be signed."
    )
    for done, field, count in counted(notes.all):
        click.echo(f"  {done:10}  {field:20}  {count:6}")
    for note in notes.not_loaded[:SHOWN]:
        click.echo(f"{escape(note.extension)}: {escape(note.message)}", err=True)
    if len(notes.not_loaded) > SHOWN:
        click.echo(f"… and {len(notes.not_loaded) - SHOWN} more; --report FILE has them all.", err=True)
