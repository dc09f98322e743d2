"""``registry docs`` and ``registry openapi``: reference texts made from the code."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import click

from registry.cli.faults import Fault
from registry.settings import PROVIDER_OPTIONS, Settings

_HEAD = """\
# Settings

<!-- Written by `make docs` from the code; do not edit. -->

The registry reads an ordinary paste ini file. The keys below belong into its section `[app:main]`. A key
that begins like one of them but is not listed is refused at start. Sizes are in bytes, times in seconds.
"""
_TAIL = """\
## Keys of other programs

| key | meaning |
| --- | --- |
| `sqlalchemy.url` | The database: `sqlite:////srv/registry.sqlite` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`. |
| `huey.class` | The queue that wakes workers: `huey.SqliteHuey` (default) or `huey.RedisHuey`. |
| `huey.*` | Its options: `huey.filename` for SQLite, `huey.url` for Redis. |

## Other sections

| section, key | meaning |
| --- | --- |
| `[serve]` `workers` | How many worker processes `registry serve` runs (1). |
| `[server:main]` `use` | `egg:waitress#main`, or `call:registry.serving.granian_server:factory` for production. |
| `[server:main]` `host`, `port` | Where the server listens. |
| `[server:main]` `threads` | Threads of each web process; `registry.long_poll_waiters` must be at most half of them. |
| `[server:main]` `workers` | Web processes (granian only). |
| `[server:main]` `trusted_proxy` | Proxies whose `X-Forwarded-*` are believed; further options are waitress's own. |
| `[loggers]` … | As in Python's `logging.config`; formatters `registry.logs.OneLine` and `registry.logs.Readable`. |
"""


_PERMISSIONS_HEAD = """\
# Permissions

<!-- Written by `make docs` from the rights that the tree grants; do not edit. -->

Who may use which verb at which address, by what one is to the node there. A *co-publisher* publishes an extension
without owning it. The *publisher team* is one that owns or publishes the extension, or the team at the address itself;
the admins of a team that only publishes have its members' rights. *Site admins* are the registry's own team; they
manage and do not publish for others; an owner they name only for an extension whose owners have all deleted their
accounts, or that never had one. *Oneself* is the account that the address is about.

The part of a permission before the colon is the scope that a personal token needs for it: `public` needs none, and
`login` can be given to no token, only to a login or an API key. A token that is limited to some extensions can do
nothing elsewhere but read what is public. What is private to others (an extension of which nothing is signed yet, an
unsigned version, somebody else's rows) is 404 for them, whatever the table says. What is sent to the address of an
add-on that is not there yet (`/addons/{guid}/…`) makes whoever is logged in its owner.
"""
_VARIABLE = re.compile(r"{(\w+):(?:[^{}]|{[^}]*})*}")


@click.group()
def docs() -> None:
    """Write reference texts."""


@docs.command("settings")
def settings_command() -> None:
    """All settings, as Markdown."""
    click.echo(settings(), nl=False)


@docs.command()
@click.argument("folder", type=click.Path(path_type=Path))
def update(folder: Path) -> None:
    """Write settings.md, permissions.md, and the tables of codes and reasons in api.md, in FOLDER."""
    page = folder / "api.md"
    for name, table in (("codes", codes), ("reasons", reasons)):
        _put(page, name, table())
    (folder / "settings.md").write_text(settings(), encoding="utf-8")
    (folder / "permissions.md").write_text(permissions(), encoding="utf-8")


def settings() -> str:
    rows = [
        f"| `{item.metadata['key']}` | {_default(item.default)} | {item.metadata['help']} |"
        for item in dataclasses.fields(Settings)
    ]
    options = [f"| `login.NAME.{name}` | {text} |" for name, text in PROVIDER_OPTIONS.items()]
    return "\n".join(
        [
            *(_HEAD, "| key | default | meaning |", "| --- | --- | --- |", *rows, ""),
            *("## Login providers", "", "| key | meaning |", "| --- | --- |", *options, "", _TAIL),
        ]
    )


def permissions() -> str:
    """Every service and verb, and who may use it."""
    from registry import rights, services  # noqa: F401 - the latter defines what is described
    from registry.permissions import Role

    head = ["address", "verb", "permission", *Role]
    rows = [
        [f"`{_template(right.path)}`", right.verb, f"`{right.permission}`"]
        + ["yes" if role in right.roles else "" for role in Role]
        for right in rights.table()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([_PERMISSIONS_HEAD, *(f"| {' | '.join(line)} |" for line in lines), ""])


def _template(path: str) -> str:
    return _VARIABLE.sub(r"{\1}", path)


def codes() -> str:
    from registry.errors import CODES

    rows = [
        f"| `{code}` | {text.partition(': ')[0]} | {text.partition(': ')[2]} |"
        for code, text in CODES.items()
    ]
    return "\n".join(["", "| code | status | meaning |", "| --- | --- | --- |", *rows, "", ""])


def reasons() -> str:
    from registry.domain.decisions import CODES

    rows = [f"| `{code}` | {text} |" for code, text in CODES.items()]
    return "\n".join(["", "| code | meaning |", "| --- | --- |", *rows, "", ""])


def _put(page: Path, name: str, table: str) -> None:
    """Write a table where the page says that it belongs."""
    opening = f"<!-- {name}: written by `make docs` -->\n"
    before, begin, rest = page.read_text(encoding="utf-8").partition(opening)
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not end:
        raise Fault(f"{page}: the place for the {name} is not marked.")
    page.write_text(before + begin + table + end + after, encoding="utf-8")


@click.command()
@click.option(
    "--version", type=click.Choice(["v3", "v4"]), default="v4", show_default=True, help="Of the API."
)
def openapi(version: str) -> None:
    """The OpenAPI 3.1 description of the API, as JSON."""
    from registry import openapi as description
    from registry import services  # noqa: F401 - defines what is described

    click.echo(json.dumps(description.document(version), indent=2))


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value)
    return f"`{value}`" if value not in ("", None) else ""
