"""``registry login``, ``logout`` and ``whoami``: this user, at a registry anywhere."""

import time
from typing import Any

import click

from registry.cli.faults import Fault
from registry.client import Client, error_of, said

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT = "registry command line"

url_argument = click.argument("url", default="http://127.0.0.1:6543", envvar="REGISTRY_URL")


@click.command()
@click.option(
    "--scope", "scopes", multiple=True, help="What it may do, may be repeated; everything if left out."
)
@url_argument
def login(scopes: tuple[str, ...], url: str) -> None:
    """Log in at the registry at URL, by approving this program in a browser anywhere."""
    client = Client(url)
    response = client.post("/oauth/device_authorization", client_id=CLIENT, scope=" ".join(scopes))
    if response.status_code != 200:
        raise Fault(said(response))
    begun = response.json()
    click.echo(f"Open {begun['verification_uri_complete']} and compare the code: {begun['user_code']}")
    pause, end = begun["interval"], time.monotonic() + begun["expires_in"]
    while time.monotonic() < end:
        time.sleep(pause)
        response = client.post("/oauth/token", grant_type=DEVICE_CODE, device_code=begun["device_code"])
        if response.status_code == 200:
            client.keep(response.json())
            click.echo(f"Logged in at {client.url} as {_me(client)['username']}.")
            return
        error = error_of(response)
        if error == "slow_down":
            pause += 5
        elif error != "authorization_pending":
            break
    raise Fault(said(response))


@click.command()
@url_argument
def logout(url: str) -> None:
    """Log out at the registry at URL: there at once, and here."""
    client = Client(url)
    known = client.remembered.get(client.url)
    if known is None:
        raise Fault(f"You are not logged in at {client.url}.")
    response = client.post("/oauth/revoke", token=known["refresh_token"])
    if response.status_code != 200:
        raise Fault(said(response))
    client.remembered.put(client.url, None)
    click.echo(f"Logged out at {client.url}.")


@click.command()
@url_argument
def whoami(url: str) -> None:
    """Who one is at the registry at URL, and what this login may do."""
    me = _me(Client(url))
    scopes = me["credential"]["scopes"]
    click.echo(f"{me['username']} ({', '.join(scopes) if scopes is not None else 'everything'})")


def _me(client: Client) -> Any:
    return client.get("/api/v4/users/me/")
