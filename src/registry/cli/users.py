"""``registry user`` and ``registry jwt``: accounts and what proves them."""

import time

import click
import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.domain import admins, credentials
from registry.logs import escape
from registry.models import Token, User
from registry.serving.ini import IniFile

JWT_SECONDS = 300
LONGEST_NUMBER = 18  # digits, so that it fits the column


@click.group()
def user() -> None:
    """Accounts, API keys and personal tokens; the registry's own team."""


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


@user.command("admin")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take them out of it; the last one stays.")
@ini_argument
def admin_command(name: str, remove: bool, ini: IniFile) -> None:
    """Take somebody into the registry's own team."""
    with opened(ini) as database:
        database.write(lambda session: admins.set_admin(session, _user(session, name).id, not remove, None))
    click.echo(f"{name} is {'not ' if remove else ''}in the team.")


@user.command()
@click.argument("name")
@ini_argument
def tokens(name: str, ini: IniFile) -> None:
    """List an account's tokens that have not been revoked, the newest first."""
    with opened(ini) as database, database.reading_session() as session:
        rows = select(Token).where(Token.user_id == _user(session, name).id, Token.revoked.is_(None))
        for row in session.scalars(rows.order_by(Token.id.desc())):
            click.echo(_line(row))


@user.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("which", metavar="TOKEN_ID|--all")
@ini_argument
def revoke(name: str, which: str, ini: IniFile) -> None:
    """Revoke a token by its number, or, with --all, whatever speaks for an account: tokens, keys, sessions."""
    with opened(ini) as database:
        if which == "--all":
            tokens, keys = database.write(_revoke_everything, name)
            click.echo(f"{name} is logged out everywhere; {tokens} tokens and {keys} keys are revoked.")
        elif database.write(_revoke, name, which):
            click.echo(f"Token {which} is revoked.")
        else:
            raise Fault(f"Token {which} has been revoked before.")


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


def _revoke_everything(session: Session, name: str) -> tuple[int, int]:
    return credentials.revoke_everything(session, _user(session, name).id, None)


def _revoke(session: Session, name: str, token_id: str) -> int:
    user_id = _user(session, name).id
    row = (
        session.get(Token, int(token_id))
        if token_id.isdecimal() and len(token_id) <= LONGEST_NUMBER
        else None
    )
    if row is None or row.user_id != user_id:
        raise Fault(f"{name} has no token {token_id}; `registry user tokens {name}` shows them.")
    return credentials.revoke_token(session, row.id, None, user=user_id)


def _line(row: Token) -> str:
    expires, used = (f"{time:%Y-%m-%d}" if time else "never" for time in (row.expires, row.used))
    only = "" if row.extensions is None else f"  only {' '.join(row.extensions)}"
    return (
        f"{row.id:>6}  expires {expires:10}  used {used:10}  {' '.join(row.scopes)}{only}  {escape(row.name)}"
    )
