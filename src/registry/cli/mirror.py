"""``registry mirror``: keep the extensions of another registry."""

import sys
import threading
from pathlib import Path

import click
from cryptography import x509

from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.cli.verify import read_roots
from registry.client import ClientError
from registry.fetching import Fetcher
from registry.logs import escape
from registry.mirroring.files import Files
from registry.mirroring.follow import MOST_NAMES, Mirror, pinned
from registry.mirroring.index import Index
from registry.mirroring.source import Refused, Source
from registry.mirroring.trust import Trust
from registry.packages import Options
from registry.packages.limits import configured
from registry.serving.ini import IniFile
from registry.storage import open_storage

LONGEST_WAIT = 3600.0
MOST_DOUBLINGS = 20
WEEK = 7 * 24 * 3600.0


@click.command()
@click.argument("url")
@click.option("--only", multiple=True, metavar="NAME", help="Only this extension; may be repeated.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A PEM file with the root certificates that its signatures must lead to; may be repeated.",
)
@click.option(
    "--trust-first-use",
    is_flag=True,
    help="Without --root: pin the authority of the first signature that comes, unchecked. Whoever is between "
    "you and that registry on that day can choose it.",
)
@click.option(
    "--unsigned-index",
    "unsigned",
    is_flag=True,
    help="Follow a registry whose head and blocklist are not signed, as older ones. Files are checked all the same; "
    "but it, and whoever is between, can then hide that something was disabled, and pass off old for new.",
)
@click.option("--once", is_flag=True, help="One round (default).")
@click.option(
    "--every",
    type=click.FloatRange(1, WEEK),
    metavar="SECONDS",
    help="Go on for ever, with such a pause between rounds.",
)
@ini_argument
def mirror(
    url: str,
    only: tuple[str, ...],
    roots: tuple[Path, ...],
    trust_first_use: bool,
    unsigned: bool,
    once: bool,
    every: float | None,
    ini: IniFile,
) -> None:
    """Take over the extensions of another registry of this kind, with its signatures, and follow its changes.

    The exit code is 0 when all is as it is there, 1 when something was refused, 2 when the registry is away or its
    signed index is not to be believed.
    """
    if once and every:
        raise Fault("Say --once or --every SECONDS, not both.")
    if len(only) > MOST_NAMES:
        raise Fault(f"--only can be given {MOST_NAMES} times; without it all is mirrored.")
    trust = Trust([root for path in roots for root in read_roots(path)], trust_first_use)
    settings = ini.settings
    stop = click.get_current_context().find_object(threading.Event) or threading.Event()
    if url.rstrip("/") == settings.public_url:
        raise Fault("This is the registry itself.")
    options = Options(disallowed_words=settings.disallowed_words)
    with opened(ini) as database, Fetcher(url) as fetcher:
        storage, limits = open_storage(settings.storage), configured(settings)
        files, index = (
            Files(Source(fetcher), storage, trust, limits, options),
            Index(fetcher, trust, unsigned),
        )
        following = Mirror(database, files, index, list(only), stop.wait)
        trust.roots = trust.roots or _pinned(following, trust_first_use)
        if every is None:
            sys.exit(1 if _round(following) else 0)
        _for_ever(following, every, stop)


def _for_ever(following: Mirror, every: float, stop: threading.Event) -> None:
    """Round after round until ``stop``; while they fail, with pauses twice as long each time."""
    failures = 0
    while True:
        try:
            _round(following)
            failures = 0
        except (Fault, ClientError) as error:
            click.echo(f"registry: {escape(str(error))}", err=True)
            failures = min(failures + 1, MOST_DOUBLINGS)
        if stop.wait(min(every * 2**failures, max(every, LONGEST_WAIT))):
            return


def _pinned(following: Mirror, trust_first_use: bool) -> list[x509.Certificate]:
    found = pinned(following.progress())
    if not found and not trust_first_use:
        raise Fault(
            "Say with --root whose signatures count: the root.pem that the registry's operator gives out. "
            "--trust-first-use would take the first one that comes."
        )
    return found


def _round(following: Mirror) -> bool:
    """One round; whether anything was refused."""

    def told(name: str, reason: str | None) -> None:
        if reason is not None:
            click.echo(f"{escape(name)}: {escape(reason)}", err=True)

    try:
        report = following.round(told)
    except Refused as error:
        raise Fault(str(error)) from None
    click.echo(
        f"{len(report.changed)} extensions changed, {report.files} files taken, "
        f"{len(report.refused)} extensions refused."
    )
    return bool(report.refused)
