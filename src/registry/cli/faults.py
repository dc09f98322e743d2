"""What a person can get wrong, said in one line."""

import contextlib
from collections.abc import Iterator

import click

from registry.client import ClientError
from registry.domain.errors import RuleError
from registry.serving.preparation import NotReady
from registry.settings import BadSetting
from registry.signing import KeyUnusable


class Fault(click.ClickException):
    """One line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"registry: {self.message}", err=True)


@contextlib.contextmanager
def reported() -> Iterator[None]:
    try:
        yield
    except (BadSetting, ClientError, KeyUnusable, NotReady, RuleError) as error:
        raise Fault(str(error)) from error
    except BrokenPipeError:
        raise  # click ends quietly when nobody reads on
    except OSError as error:
        if error.filename is None:
            raise
        raise Fault(f"{error.filename}: {error.strerror}.") from error
