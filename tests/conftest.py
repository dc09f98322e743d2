"""Fixtures every test may use.

`database_url`  a migrated database without rows, of this test alone; SQLite, or PostgreSQL when the
                environment variable TEST_DATABASE_URL names a server where databases may be created
`template`      the URL of a migrated database, made once by each test process
`blank_url`     a database without tables, for tests of the schema itself; `blank_database(folder)` for other scopes
`database`      the `Database` behind `database_url`
`chain`         the files of a development signing chain
`ini`           the [app:main] section of an ini file over `database_url` and folders in `tmp_path`
`config`        the application of `ini`, configured
`app`           that application, for WebTest
`accounts`      users and their credentials
`work`          a worker, to be called when the jobs are to be done
`ini_file`      an ini file with `ini`
`cli`           the command line with that ini file
`at_once`       calls functions in a thread each
"""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import webtest
from click.testing import CliRunner, Result
from pyramid.config import Configurator

from registry import settings
from registry.cli import registry
from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.models import Database
from registry.signing import ChainPaths, create_development_chain
from registry.wsgi import application
from support import databases, disk, engines
from support.accounts import Accounts
from support.application import configure

engines.share()
disk.hurry()
USE_A_DATABASE = {"database_url", "blank_database"}


@pytest.fixture(scope="session")
def blank_database() -> Callable[[Path], AbstractContextManager[str]]:
    return databases.blank


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with databases.migrated(tmp_path_factory.mktemp("template")) as url:
        yield url


@pytest.fixture
def database_url(template: str, tmp_path: Path) -> str:
    return databases.fresh(template, tmp_path)


@pytest.fixture
def blank_url(blank_database: Callable[[Path], AbstractContextManager[str]], tmp_path: Path) -> Iterator[str]:
    with blank_database(tmp_path) as url:
        yield url


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has been imported stays. Going through it again and again took the collector longer than a test its work."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL the tests that use a database run; the others have nothing to do with it."""
    if databases.SERVER:
        wanted = [item for item in items if not USE_A_DATABASE.isdisjoint(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> ChainPaths:
    return create_development_chain(tmp_path_factory.mktemp("chain") / "signing")


@pytest.fixture
def ini(database_url: str, chain: ChainPaths, tmp_path: Path) -> dict[str, str]:
    return {
        "sqlalchemy.url": database_url,
        "registry.secret": "a-secret-for-tests-only-of-forty-characters",
        "registry.storage": f"file:{tmp_path}/store",
        "limits.login": "100000/minute",
        "limits.publish": "100000/minute",
        "limits.write": "100000/minute",
        "limits.review": "100000/minute",
        "limits.report": "100000/minute",
        "limits.export": "100000/minute",
        "limits.failure": "100000/minute",
        "login.developer": "true",
        "registry.look_every": "0.000001",
        "mail.folder": f"{tmp_path}/mail",
        "signing.issuer": chain.url,
        "huey.filename": f"{tmp_path}/queue.sqlite",
    }


@pytest.fixture
def config(ini: dict[str, str]) -> Iterator[Configurator]:
    """The application's Configurator; `config.registry` holds its database, store and alarm clock."""
    config = configure(ini)
    yield config
    config.registry["downloads"].close()
    config.registry["database"].dispose()


@pytest.fixture
def app(config: Configurator) -> webtest.TestApp:
    """The application, to be spoken to over WSGI."""
    return webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})


@pytest.fixture
def accounts(config: Configurator, ini: dict[str, str]) -> Accounts:
    """Users, and the headers that speak for them."""
    return Accounts(config.registry["database"], ini["registry.secret"])


@pytest.fixture
def work(ini: dict[str, str]) -> Iterator[Callable[[], int]]:
    """A worker in this process: a call does all the jobs that are due, and returns their number."""
    context = open_context(ini, settings.read(ini))
    yield lambda: runner.run_due(context)
    context.database.dispose()


@pytest.fixture
def ini_file(ini: dict[str, str], tmp_path: Path) -> Path:
    path = tmp_path / "registry.ini"
    keys = [f"{key} = {value.replace('%', '%%')}" for key, value in ini.items()]
    path.write_text("\n".join(["[app:main]", "use = egg:extension-registry", *keys, ""]))
    return path


@pytest.fixture
def cli(ini_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``cli("user", "add", "ann")``: the command with the ini file of this test."""
    monkeypatch.setenv("REGISTRY_INI", str(ini_file))
    return lambda *arguments: CliRunner().invoke(registry, [str(argument) for argument in arguments])


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Call each of the functions in a thread of its own; their results, in no order."""

    def run(functions) -> list[Any]:
        results = []
        threads = [threading.Thread(target=lambda f=f: results.append(f())) for f in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
