"""``registry user`` and ``registry jwt``: accounts and what proves them."""

import time

import click
import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.domain import credentials
from registry.models import User
from registry.serving.ini import IniFile

JWT_SECONDS = 300


@click.group()
def user() -> None:
    """Make accounts, API keys and personal tokens."""


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="A member of the registry's own team.")
@ini_argument
def add(name: str, admin: bool, ini: IniFile) -> None:
    """Make an account."""
    with opened(ini) as database:
        database.write(lambda session: credentials.create_user(session, name, admin=admin) and None)
    click.echo(f"{name} has an account{' and is in the team' if admin else ''}.")


@user.command("key")
@click.argument("name")
@ini_argument
def key_command(name: str, ini: IniFile) -> None:
    """Make an API key, for tools that sign JWTs."""
    with opened(ini) as database:
        key, secret = database.write(
            lambda session: credentials.create_key(session, _user(session, name), ini.sealer)
        )
    click.echo(f"key     {key}\nsecret  {secret}")
    click.echo("The secret is not shown again.", err=True)


@user.command()
@click.argument("name")
@click.option("--name", "label", default="command line", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(credentials.SCOPES),
    help="What it may do, may be repeated; everything if left out.",
)
@click.option(
    "--extension",
    "extensions",
    multiple=True,
    help="Only for this extension, may be repeated; any if left out.",
)
@click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=credentials.DEFAULT_DAYS,
    show_default=True,
    help="How long it holds; 0 for ever.",
)
@ini_argument
def token(
    name: str, label: str, scopes: tuple[str, ...], extensions: tuple[str, ...], days: int, ini: IniFile
) -> None:
    """Make a personal token."""
    with opened(ini) as database:
        text = database.write(
            lambda session: credentials.create_token(
                session,
                _user(session, name),
                label,
                scopes=scopes or credentials.SCOPES,
                extensions=extensions or None,
                days=days or None,
            )
        )
    click.echo(text)
    click.echo("It is not shown again.", err=True)


@click.command("jwt")
@click.argument("key", envvar="REGISTRY_KEY")
@click.argument("secret", envvar="REGISTRY_SECRET")
def jwt_command(key: str, secret: str) -> None:
    """Sign a JWT with an API key, for `curl -H "Authorization: JWT …"`; it holds for five minutes.

    KEY and SECRET may also be in the environment, as REGISTRY_KEY and REGISTRY_SECRET.
    """
    now = int(time.time())
    click.echo(jwt.encode({"iss": key, "iat": now, "exp": now + JWT_SECONDS}, secret, algorithm="HS256"))


def _user(session: Session, name: str) -> User:
    found = session.scalars(select(User).where(User.username == name)).one_or_none()
    if found is None:
        raise Fault(f"There is no user {name}. Run: registry user add {name}")
    return found
