"""The command line: ``registry COMMAND … [INI]``.

Every command that needs a registry takes its ini file as the last argument; without one it is the
environment variable REGISTRY_INI, or ``development.ini``. What a person got wrong is said in one line
and the exit code is 2; a traceback is a fault of ours.

Commands are imported when they are called, so that none waits for what another one needs.
"""

import importlib
import sys
from typing import Any

import click

COMMANDS = {
    "serve": "registry.cli.serve:serve",
    "web": "registry.cli.serve:web",
    "worker": "registry.cli.serve:worker",
    "db": "registry.cli.db:db",
    "user": "registry.cli.users:user",
    "login": "registry.cli.login:login",
    "logout": "registry.cli.login:logout",
    "whoami": "registry.cli.login:whoami",
    "jwt": "registry.cli.users:jwt_command",
    "issuer": "registry.cli.issuer:issuer",
    "jobs": "registry.cli.jobs:jobs",
    "import": "registry.cli.import_:import_group",
    "maintenance": "registry.cli.maintenance:maintenance",
    "mirror": "registry.cli.mirror:mirror",
    "admin": "registry.cli.admin:admin",
    "audit": "registry.cli.audit:audit",
    "verify": "registry.cli.verify:verify",
    "docs": "registry.cli.docs:docs",
    "openapi": "registry.cli.docs:openapi",
}


class Registry(click.Group):
    """The commands of COMMANDS, by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        from registry.cli.faults import reported

        with reported():
            return super().invoke(ctx)


@click.group(cls=Registry, context_settings={"help_option_names": ["-h", "--help"]})
def registry() -> None:
    """A self-hosted registry of signed extensions."""


def main() -> None:
    sys.exit(registry(prog_name="registry"))
