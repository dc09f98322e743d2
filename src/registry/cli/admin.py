"""``registry admin``: what the registry's own team decides, over the API of a registry anywhere.

Each decision is made on what was looked at just before (`If-Match`): when somebody else is faster, nothing is done.
"""

import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

import click

from registry.cli.cases import appeals, reports
from registry.cli.faults import Fault
from registry.cli.remote import API, connected, extension, pages
from registry.client import Client, ClientError, said
from registry.domain.decisions import CODES
from registry.logs import escape
from registry.models import ExtensionState

FILTERS = {
    "name": "name_like",
    "owner": "owner",
    "format": "format",
    "updated-before": "updated_before",
    "state": "state",
}
ATTEMPTS, LONGEST_PAUSE = 5, 90
_STATE = click.Choice([str(state) for state in ExtensionState])


def reasoned(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command a ``reason`` as the API takes it."""

    @click.option("--code", type=click.Choice(list(CODES)), required=True, help="The reason, for programs.")
    @click.option("--reason", "text", required=True, help="The reason, for the owners to read.")
    @wraps(command)
    def with_reason(code: str, text: str, **options: Any) -> Any:
        return command(reason={"code": code, "text": text}, **options)

    return with_reason


@click.group()
def admin() -> None:
    """Decide about extensions, as the registry's own team, over the API."""


admin.add_command(reports)
admin.add_command(appeals)


@admin.command()
@click.argument("name")
@connected
def show(client: Client, name: str) -> None:
    """Show what has been decided about the extension NAME."""
    found = client.get(_of(name))
    why = found["reason"]
    click.echo(f"{found['name']}  {found['state']}  version {found['version'] or 'none'}", nl=False)
    click.echo(f"  at most {found['api_max'] or 'any'}  owners {' '.join(found['owners']) or 'none'}")
    if why is not None:
        click.echo(f"{why['code']}: {escape(why['text'])}")


@admin.command()
@click.argument("name")
@click.argument("state", type=_STATE)
@reasoned
@connected
def state(client: Client, name: str, state: str, reason: dict[str, str]) -> None:
    """Set the state of the extension NAME."""
    before = _decide(client, _of(name), {"state": state, "reason": reason})
    click.echo(f"{before['name']} is {state}; it was {before['state']}.")


@admin.command()
@click.argument("name")
@click.argument("version", required=False)
@click.option("--lift", is_flag=True, help="Let it run on every version again.")
@reasoned
@connected
def limit(client: Client, name: str, version: str | None, lift: bool, reason: dict[str, str]) -> None:
    """Offer the extension NAME for host versions up to VERSION only, such as 1.14.0, "<2.0.0" or "128.*"."""
    if lift == (version is not None):
        raise Fault("Name the highest version of the host, or say --lift.")
    before = _decide(client, _of(name), {"api_max": version, "reason": reason})
    click.echo(
        f"{before['name']} is offered up to {version or 'any version'}; it was up to {_limit(before)}."
    )


@admin.command()
@click.argument("name")
@click.argument("version")
@reasoned
@connected
def yank(client: Client, name: str, version: str, reason: dict[str, str]) -> None:
    """Take VERSION of the extension NAME back, so that it is offered nowhere."""
    _decide(client, _of(name, version), {"yanked": True, "reason": reason})
    latest = client.get(_of(name))["version"]
    click.echo(f"{version} of {name} is yanked; the latest is {latest or 'none'}.")


@admin.command()
@click.argument("name")
@click.argument("version")
@reasoned
@connected
def unyank(client: Client, name: str, version: str, reason: dict[str, str]) -> None:
    """Offer VERSION of the extension NAME again, which `yank` has taken back."""
    _decide(client, _of(name, version), {"yanked": False, "reason": reason})
    latest = client.get(_of(name))["version"]
    click.echo(f"{version} of {name} is not yanked any more; the latest is {latest or 'none'}.")


@admin.command()
@click.option(
    "--filter",
    "filters",
    multiple=True,
    required=True,
    metavar="KEY=VALUE",
    help=f"Only these; may be repeated, all must hold. KEY: {', '.join(FILTERS)}; in a name, * is anything.",
)
@click.option("--state", type=_STATE, required=True, help="What they are to be.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--most", default=1000, show_default=True, help="Do nothing when more than that are meant.")
@reasoned
@connected
def bulk(
    client: Client, filters: tuple[str, ...], state: str, dry_run: bool, most: int, reason: dict[str, str]
) -> None:
    """Set the state of all extensions that the filters let through, one by one.

    What somebody else changes meanwhile is left alone. Exit code 1 when one of them was not changed.
    """
    found = [one for one in _matching(client, filters, most) if one["state"] != state]
    changed = 0
    for one in found:
        change = f"{one['name']}: {one['state']} -> {state}"
        fault = None if dry_run else _fault(client, one, {"state": state, "reason": reason})
        changed += fault is None
        click.echo(change if fault is None else f"{change}  NOT CHANGED: {fault}")
    if dry_run:
        click.echo(f"{len(found)} would change.")
        return
    click.echo(f"{changed} of {len(found)} changed.")
    sys.exit(1 if changed < len(found) else 0)


def _of(name: str, version: str | None = None) -> str:
    place = "" if version is None else f"versions/{quote(version, safe='')}/"
    return f"{extension(name)}{place}manage/"


def _limit(found: dict[str, Any]) -> str:
    return found["api_max"] or "any version"


def _decide(client: Client, path: str, body: dict[str, Any]) -> Any:
    """Look, then change; what there was before. Raises ClientError."""
    before = client.get(path)
    response = _patch(client, path, before, body)
    if response.status_code != 200:
        raise ClientError(said(response))
    return before


def _fault(client: Client, seen: dict[str, Any], body: dict[str, Any]) -> str | None:
    """Change one of many, waiting where the registry's limits say so; why it was not changed, None if it was."""
    for _ in range(ATTEMPTS):
        response = _patch(client, _of(seen["name"]), seen, body)
        if response.status_code != 429:
            break
        time.sleep(min(int(response.headers.get("Retry-After", "1")), LONGEST_PAUSE))
    return None if response.status_code == 200 else said(response)


def _patch(client: Client, path: str, seen: dict[str, Any], body: dict[str, Any]) -> Any:
    return client.request("PATCH", path, body, {"If-Match": f'"{seen["revision"]}"'})


def _matching(client: Client, filters: tuple[str, ...], most: int) -> list[Any]:
    """All of them before the first is changed, since pages move when what they list changes."""
    asked = {"page_size": "50"}
    for text in filters:
        key, _, value = text.partition("=")
        if key not in FILTERS or not value:
            raise Fault(f"{text}: a filter is KEY=VALUE, and KEY is one of {', '.join(FILTERS)}.")
        if FILTERS[key] in asked:
            raise Fault(f"{key} is there twice.")
        asked[FILTERS[key]] = value
    found = []
    for page in pages(client, f"{API}/manage/", asked):
        found += page["results"]
        if len(found) > most:
            raise Fault(
                f"More than {most} extensions are meant; nothing was changed. Say --most if that is right."
            )
    return found
