"""What the commands share."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.serving.ini import IniFile
from registry.serving.preparation import check_schema, database_faults

if TYPE_CHECKING:
    from registry.models import Database


class _Ini(click.ParamType[IniFile]):
    name = "ini"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> IniFile:
        return value if isinstance(value, IniFile) else IniFile(Path(value))


def ini_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The last argument of a command: the ini file."""
    return click.argument("ini", type=_Ini(), default="development.ini", envvar="REGISTRY_INI")(command)


@contextlib.contextmanager
def opened(ini: IniFile) -> Iterator["Database"]:
    """The ini file's database, with the tables this code expects."""
    # Takes a third of a second to import, which `registry serve` spends after its children have started.
    from registry.domain import events
    from registry.models import Database

    check_schema(ini)
    database = Database(ini.database_url)
    try:
        with database_faults(ini), events.caused_by(request="command line"):
            yield database
    finally:
        database.dispose()
