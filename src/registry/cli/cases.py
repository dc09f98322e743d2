"""``registry admin reports`` and ``registry admin appeals``: what waits for the team, claimed and decided."""

from typing import Any

import click

from registry.cli.remote import API, connected, extension, pages
from registry.client import Client, ClientError, said
from registry.logs import escape

_NUMBER = click.IntRange(1)
_reason = click.option("--reason", required=True, help="For the reporter and the owners to read.")


@click.group()
def reports() -> None:
    """Look into reports of abuse."""


@reports.command("list")
@click.option("--state", help="open (which it is if left out), dismissed, upheld or any.")
@click.option("--reason", help="Only those for this reason.")
@click.option("--extension", "name", help="Only those of this extension.")
@click.option(
    "--claimed", type=click.Choice(["true", "false", "me"]), help="Only those that somebody looks into."
)
@click.option(
    "--appeal", type=click.Choice(["true", "false"]), help="Only those of extensions with an open appeal."
)
@connected
def list_reports(client: Client, name: str | None, **wanted: str | None) -> None:
    """List reports, the oldest first, with what is said in them."""
    for one in _all(client, f"{API}/reports/", {**wanted, "extension": name}):
        claimed = f"  claimed by {one['claimed_by']}" if one["claimed_by"] else ""
        _line(one, f"{one['reason']}  by {one['reporter'] or 'nobody any more'}{claimed}")
        for more in (one, *one["evidence"]):
            _comment(more["comment"])


@reports.command()
@click.argument("name")
@click.argument("number", type=_NUMBER)
@connected
def claim(client: Client, name: str, number: int) -> None:
    """Look into report NUMBER of the extension NAME, so that no other admin does."""
    _send(client, "PUT", f"{extension(name)}reports/{number}/claim/")
    click.echo(f"You look into report {number} of {name}.")


@reports.command()
@click.argument("name")
@click.argument("number", type=_NUMBER)
@connected
def release(client: Client, name: str, number: int) -> None:
    """Leave report NUMBER of the extension NAME to others."""
    _send(client, "DELETE", f"{extension(name)}reports/{number}/claim/")
    click.echo(f"Nobody looks into report {number} of {name}.")


@reports.command()
@click.argument("name")
@click.argument("number", type=_NUMBER)
@click.argument("decision", type=click.Choice(["dismiss", "uphold"]))
@click.option("--all", "together", is_flag=True, help="Decide all open reports of the extension so.")
@_reason
@connected
def resolve(client: Client, name: str, number: int, decision: str, together: bool, reason: str) -> None:
    """Dismiss report NUMBER of the extension NAME, or uphold it, which disables the extension."""
    body = {"decision": decision, "reason": reason, "all": together}
    found = _send(client, "PUT", f"{extension(name)}reports/{number}/decision/", body)
    click.echo(f"Report {number} is {found['state']}; {name} is {found['extension_state']}.")


@click.group()
def appeals() -> None:
    """Look into what owners say against a decision."""


@appeals.command("list")
@click.option("--state", help="open (which it is if left out), granted, refused or any.")
@connected
def list_appeals(client: Client, state: str | None) -> None:
    """List appeals, the oldest first, with what is said in them."""
    for one in _all(client, f"{API}/appeals/", {"state": state}):
        _line(one, f"by {one['user'] or 'nobody any more'}")
        _comment(one["comment"])


@appeals.command("resolve")
@click.argument("name")
@click.argument("number", type=_NUMBER)
@click.argument("decision", type=click.Choice(["grant", "refuse"]))
@_reason
@connected
def resolve_appeal(client: Client, name: str, number: int, decision: str, reason: str) -> None:
    """Grant appeal NUMBER of the extension NAME, or refuse it."""
    body = {"decision": decision, "reason": reason}
    found = _send(client, "PUT", f"{extension(name)}appeals/{number}/decision/", body)
    click.echo(f"Appeal {number} is {found['state']}; {name} is {found['extension_state']}.")


def _all(client: Client, path: str, wanted: dict[str, str | None]) -> Any:
    asked = {key: value for key, value in wanted.items() if value is not None}
    return (one for page in pages(client, path, {"page_size": "50", **asked}) for one in page["results"])


def _line(one: dict[str, Any], who: str) -> None:
    about = f"{one['extension']} ({one['extension_state']})"
    click.echo(f"{one['id']:>6}  {one['created']}  {one['state']}  {about}  {who}")


def _comment(text: str | None) -> None:
    for line in (text or "").splitlines():
        click.echo(f"        {escape(line)}")


def _send(client: Client, method: str, path: str, body: Any = None) -> Any:
    response = client.request(method, path, body)
    if response.status_code not in (200, 204):
        raise ClientError(said(response))
    return response.json() if response.content else None
