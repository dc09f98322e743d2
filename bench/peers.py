"""How fast others are read, beside the registry and nginx in the same run, with the same packages in each.

    python bench/peers.py install     fetch verdaccio and devpi, to run here only; needs npm
    python bench/peers.py [--sizes 1000 10000] [--seconds 3] [--rounds 3] [--patience 1800] [--json]

A catalogue is made as for ``read.py`` and put into each peer by its own means (``verdaccio.py``, ``devpi.py``) in at
most ``--patience`` seconds. Then all are asked in turn, and again in each round; figures are medians of the rounds.

kept        one address over and over: wrk over 8 connections, or one request after another where one takes over 50 ms
cold        each request another package or another, rare, word, one after another
cpu_of_us   CPU for each request, as so many times what the registry needs

detail      one package with its texts; the registry shows the newest version, the others list all of them
search      the best 25 for a word; each has its own idea of what that is, and devpi answers with a page in HTML
list        the document of everything: with texts, but devpi's has names only
download    a file of 20 KB
"""

import argparse
import contextlib
import functools
import http.client
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

sys.path.append(str(Path(__file__).parents[1] / "tools"))

import corpus
import devpi
import read
import verdaccio
from instance import Instance, Server, running
from rows import Clock, Package, TookTooLongError, packages

PEERS = {"verdaccio": verdaccio, "devpi": devpi}
OURS = {
    "detail": read.KEPT["detail"],
    "search": read.KEPT["search"],
    "list": read.KEPT["listing"],
    "download": "{address}download",
}
COLD = ("detail", "search")
SLOW = 0.05

Figures = dict[str, float]


@dataclass
class System:
    server: Server
    addresses: dict[str, str]
    facts: dict[str, str]
    accepts: dict[str, str] = field(default_factory=dict)

    def path(self, what: str, **facts: str) -> str:
        return self.addresses[what].format_map(self.facts | facts)

    def accept(self, what: str) -> str:
        return self.accepts.get(what, read.ANY)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", nargs="?", choices=["install"])
    options.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--patience", type=float, default=1800)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    if chosen.what == "install":
        for name, peer in PEERS.items():
            if peer.version() is None:
                peer.install()
            print(f"{name}: {peer.version()}")
        return
    if not (shutil.which("wrk") and shutil.which("nginx")):
        sys.exit("This needs wrk and nginx; on Debian and Ubuntu: apt install wrk nginx-light")
    results = {}
    for size in chosen.sizes:
        notes, figures = bench(size, chosen)
        results[size] = {"notes": notes, "figures": figures}
        if not chosen.json:
            print(
                "\n".join([f"\n{size} packages", *(f"  {note}" for note in notes), *table(figures)]),
                flush=True,
            )
    if chosen.json:
        print(json.dumps(results, indent=2))


def bench(size: int, chosen: argparse.Namespace) -> tuple[list[str], dict[str, dict[str, Figures]]]:
    with (
        running(server=read.GRANIAN, prepare=functools.partial(read.fill, count=size)) as instance,
        contextlib.ExitStack() as stack,
    ):
        read.wait_for_documents(instance, size)
        rows = packages(instance.database)
        systems = {"registry": ours(instance)}
        notes = []
        for name, peer in PEERS.items():
            if peer.version() is None:
                notes.append(f"{name}: not installed (python bench/peers.py install)")
                continue
            began = time.monotonic()
            try:
                systems[name] = stack.enter_context(filled(peer, rows, chosen.patience))
                notes.append(f"{name}: {peer.version()}, filled in {time.monotonic() - began:.0f} s")
            except TookTooLongError as error:
                notes.append(f"{name}: {peer.version()}, not measured: {error}")
        return notes, measure(systems, rows, chosen.seconds, chosen.rounds, notes)


def ours(instance: Instance) -> System:
    address = read.publish(instance, "bench-of-peers")
    return System(instance, OURS, {"address": address})


@contextlib.contextmanager
def filled(peer: ModuleType, rows: list[Package], patience: float):
    with (
        tempfile.TemporaryDirectory(prefix="registry-bench-peer-") as folder,
        peer.running(Path(folder), rows, Clock(patience)) as server,
    ):
        yield System(server, peer.ADDRESSES, peer.facts(rows[0]), peer.ACCEPTS)


def measure(
    systems: dict[str, System], rows: list[Package], seconds: float, rounds: int, notes: list[str]
) -> dict[str, dict[str, Figures]]:
    """What is asked -> the system -> its figures; what a peer could not answer is noted."""
    words = corpus.Words(random.Random(1)).all
    # So rare that each is in at most about 1,000 of them.
    rare = words[len(rows) // 90 :]
    find(systems, rows, words[3], notes)
    seen: dict[tuple[str, str], list[Figures]] = {}
    count = min(read.COLD, len(rows)) // rounds

    def ask(what: str, name: str, how: Callable[[], Figures]) -> None:
        try:
            seen.setdefault((what, name), []).append(how())
        except SystemExit as error:
            if name == "registry":
                raise
            notes.append(f"{name}: {what} failed in one round: {str(error)[:200]}")

    for turn in range(rounds):
        for what in OURS:
            for name, system in systems.items():
                path = system.path(what, name=rows[0].name, word=words[3])
                how = functools.partial(kept, system.server, path, seconds, system.accept(what))
                ask(f"kept: {what}", name, how)
        part = range(turn * count + 1, (turn + 1) * count)
        for what in COLD:
            for name, system in systems.items():
                paths = [system.path(what, name=rows[n].name, word=rare[n]) for n in part]
                how = functools.partial(cold, system.server, paths, seconds, system.accept(what))
                ask(f"cold: {what}", name, how)
    results: dict[str, dict[str, Figures]] = {}
    for (what, name), found in seen.items():
        if not found:
            continue
        middle = {key: statistics.median(figures[key] for figures in found) for key in found[0]}
        results.setdefault(what, {})[name] = middle
    for systems_figures in results.values():
        base = systems_figures["registry"]["cpu_ms"]
        for figures in systems_figures.values():
            figures["cpu_of_us"] = float(f"{figures['cpu_ms'] / base:.3g}") if base else float("nan")
    return results


def find(systems: dict[str, System], rows: list[Package], word: str, notes: list[str]) -> None:
    """Ends the run where the registry finds nothing, which would be quick; of a peer that is noted."""
    for name, system in systems.items():
        path, accept = system.path("search", word=word), system.accept("search")
        found = read.get(system.server.port, path, accept=accept, plain=True, status=None).decode()
        if any(row.name in found for row in rows if "-" in row.name):
            continue
        said = f"{name}: finds nothing for {word!r}, answers {found[:200]!r}"
        if name == "registry":
            raise SystemExit(said)
        notes.append(said)


def kept(server: Server, path: str, seconds: float, accept: str) -> Figures:
    read.get(server.port, path, accept=accept)
    load = in_turn if takes(server, path, accept) > SLOW else None
    return read.kept(server, path, seconds, accept=accept, load=load)


def cold(server: Server, paths: list[str], seconds: float, accept: str) -> Figures:
    """As many of the paths as fit in about three times the seconds, but five at least."""
    fit = int(seconds * 3 / takes(server, paths[0], accept))
    return read.cold(server, paths[1 : max(6, fit)], accept)


def takes(server: Server, path: str, accept: str) -> float:
    began = time.monotonic()
    read.get(server.port, path, accept=accept)
    return time.monotonic() - began


def in_turn(port: int, path: str, seconds: float, accept: str) -> tuple[float, int]:
    """One request after another, three at least; as ``read.Load``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=read.PATIENCE)
    began, count = time.monotonic(), 0
    while count < 3 or time.monotonic() - began < seconds:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Accept": accept})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} {answer.status}")
        count += 1
    return count / (time.monotonic() - began), count


def table(figures: dict[str, dict[str, Figures]]) -> list[str]:
    lines = []
    for what, systems in figures.items():
        for name, found in systems.items():
            lines.append(
                f"  {what:16}{name:10}" + "".join(f"  {key} {value:>10.6g}" for key, value in found.items())
            )
    return lines


if __name__ == "__main__":
    main()
