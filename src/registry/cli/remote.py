"""What commands share that speak to the API of a registry anywhere."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import click

from registry.client import Client

API = "/api/v4"


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command a ``client``: where the registry is, and with what token, or whose login."""

    @click.option("--url", default="http://127.0.0.1:6543", envvar="REGISTRY_URL", help="The registry.")
    @click.option(
        "--token",
        envvar="REGISTRY_TOKEN",
        help="A token with the scope manage, better in REGISTRY_TOKEN; without one your login counts.",
    )
    @wraps(command)
    def with_client(url: str, token: str | None, **options: Any) -> Any:
        return command(client=Client(url, token=token and token.strip()), **options)

    return with_client


def extension(name: str) -> str:
    """The path of an extension."""
    return f"{API}/extensions/{quote(name, safe='')}/"


def pages(client: Client, path: str, asked: Mapping[str, str]) -> Iterator[Any]:
    """All pages of a list, as the answers to ``asked`` have them."""
    question = urlencode(asked)
    while True:
        page = client.get(f"{path}?{question}")
        yield page
        if page["next"] is None:
            return
        question = urlsplit(page["next"]).query
