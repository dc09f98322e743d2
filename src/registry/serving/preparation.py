"""What has to be there before web and worker processes start.

For development it is made; for production it is only looked for, because tables, keys and folders of a
public registry are somebody's decision. Whatever is wrong is a NotReady, one sentence for the operator.
"""

import contextlib
import errno
import shlex
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from registry import migrations
from registry.serving.ini import IniFile
from registry.settings import Settings
from registry.signing import IssuerKey, KeyUnusable, create_development_chain, is_development, open_issuer
from registry.storage import open_storage


class NotReady(Exception):
    """Something is missing or in the way; the text says what, and what to do."""


def prepare(ini: IniFile) -> None:
    """Make, or for production check, all that web and worker need. Raises NotReady or BadSetting."""
    settings = ini.settings
    if not settings.production:
        make_development_chain(settings)
    check_issuer(settings)
    check_folders(ini)
    if settings.production:
        check_schema(ini)
    else:
        upgrade_schema(ini)


def check_folders(ini: IniFile) -> None:
    """The folders of the store, of a SQLite database and of the queue: made, and able to take new files."""
    url = ini.settings.storage
    try:
        open_storage(url)
    except ValueError as error:
        raise NotReady(f"{ini.path}: {error}.") from None
    except OSError as error:
        raise _unwritable(Path(url.partition(":")[2]), error) from None
    for folder in {file.absolute().parent for file in _database_files(ini)}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise _unwritable(folder, error) from None


def upgrade_schema(ini: IniFile) -> None:
    """Bring the tables to what this code was written for."""
    if _revision(ini) != migrations.head():
        with database_faults(ini):
            migrations.upgrade(ini.database_url)


def check_schema(ini: IniFile) -> None:
    """The tables must be those this code was written for."""
    found, wanted = _revision(ini), migrations.head()
    if found != wanted:
        state = "has no tables" if found is None else f"is at revision {found}, not {wanted}"
        raise NotReady(f"The database {state}. Run: registry db upgrade {shlex.quote(str(ini.path))}")


def _revision(ini: IniFile) -> str | None:
    with database_faults(ini):
        found = migrations.current(ini.database_url)
    if found is not None and not migrations.is_known(found):
        raise NotReady(
            f"The database is at revision {found}, which this version of the registry does not know: "
            "a newer one has upgraded it."
        )
    return found


@contextlib.contextmanager
def database_faults(ini: IniFile) -> Iterator[None]:
    """Turns what a database that cannot be used raises into NotReady."""
    try:
        url = make_url(ini.database_url)
    except ArgumentError:
        raise NotReady(f"{ini.path}: sqlalchemy.url is not the URL of a database.") from None
    try:
        yield
    except (NoSuchModuleError, ImportError) as error:
        raise NotReady(
            f"{ini.path}: sqlalchemy.url asks for a driver that is not installed: {error}."
        ) from None
    except DBAPIError as error:
        text = " ".join(str(error.orig).split())
        raise NotReady(f"The database {url.render_as_string()} cannot be used: {text}") from error


def make_development_chain(settings: Settings) -> None:
    """A root and an issuer for development where `signing.issuer` names a folder that is not there yet."""
    scheme, _, location = settings.issuer.partition(":")
    if scheme != "pem" or Path(location).exists():
        return
    try:
        create_development_chain(Path(location))
    except OSError as error:
        raise _unwritable(Path(location), error) from None


def check_issuer(settings: Settings) -> IssuerKey:
    """The key that signs. Raises NotReady when it cannot be used here."""
    if not settings.issuer:
        raise NotReady(
            "signing.issuer is not set; it names the key that signs, such as pem:/etc/registry/issuer."
        )
    try:
        key = open_issuer(settings.issuer)
    except KeyUnusable as error:
        raise NotReady(f"signing.issuer: {error}") from None
    if settings.production and is_development(key):
        raise NotReady(
            f"signing.issuer: {settings.issuer} is a key for development, which nobody should trust. "
            "Production needs an intermediate of your own root."
        )
    return key


def check_address(host: str, port: int) -> None:
    """Nobody else may listen there: servers that share ports would quietly share ours with them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise NotReady(
                f"{host}:{port} is taken: another program listens there. "
                "Stop it, or choose another port in [server:main]."
            ) from None
        raise NotReady(f"{host}:{port} cannot be listened at: {error.strerror}.") from None


def _database_files(ini: IniFile) -> Iterator[Path]:
    with database_faults(ini):
        url = make_url(ini.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        yield Path(url.database)
    if name := ini.app.get("huey.filename"):
        yield Path(name)


def _unwritable(folder: Path, error: OSError) -> NotReady:
    return NotReady(f"The folder {folder} cannot be written to: {error.strerror}.")
