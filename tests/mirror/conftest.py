"""Two registries: `app` is the source, reached over HTTP at `source.url`; `mirror` is the other one's command.

`source.lie` may change each answer on its way. `sign` is what the source's worker does about the index.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import webtest
from click.testing import CliRunner, Result
from pyramid.config import Configurator

from registry import settings
from registry.cli import registry
from registry.jobs.base import WorkerContext
from registry.jobs.clerk import Clerk
from registry.jobs.worker import open_context
from registry.models import Database
from registry.wsgi import application
from support import databases
from support.application import configure
from support.site import Answer, site

KEPT = ("Content-Type", "Location", "Registry-Signature")


@dataclass
class Source:
    """The source on the wire; ``asked`` are the paths of its requests, with their headers."""

    app: webtest.TestApp
    url: str = ""
    lie: Callable[[str, Answer], Answer] = lambda path, answer: answer
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append((path, headers))
        given = self.app.get(path, expect_errors=True)
        kept = {key: given.headers[key] for key in KEPT if key in given.headers}
        return self.lie(path, Answer(given.body, given.status_int, kept))


@pytest.fixture
def context(ini: dict[str, str]) -> Iterator[WorkerContext]:
    context = open_context(ini, settings.read(ini))
    yield context
    context.database.dispose()


@pytest.fixture
def sign(context: WorkerContext) -> Callable[[], object]:
    """Sign the source's head and blocklist anew, if anything has changed."""
    seconds = itertools.count(step=10)
    return Clerk(context, lambda: next(seconds)).turn


@pytest.fixture
def source(app: webtest.TestApp) -> Iterator[Source]:
    source = Source(app)
    with site(lambda path, headers: source.answer(path, headers)) as url:
        source.url = url
        yield source


@pytest.fixture(scope="session")
def template_there(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second template, since on a server the first one is the database of the source."""
    if not databases.SERVER:
        yield template
        return
    with databases.migrated(tmp_path_factory.mktemp("there")) as url:
        yield url


@pytest.fixture
def there(template_there: str, tmp_path: Path) -> str:
    """The database of the mirror."""
    folder = tmp_path / "there"
    folder.mkdir()
    return databases.fresh(template_there, folder)


@pytest.fixture
def there_ini(ini: dict[str, str], there: str, tmp_path: Path) -> dict[str, str]:
    return ini | {"sqlalchemy.url": there, "registry.storage": f"file:{tmp_path}/there/store"}


@pytest.fixture
def mirror(
    source: Source, sign, there_ini: dict[str, str], chain, tmp_path: Path, monkeypatch
) -> Callable[..., Result]:
    """``mirror("--only", "kite")``: one round, with the source's root, when its index has been ``signed``.

    ``pauses`` is the event that the command waits for.
    """
    path = tmp_path / "there.ini"
    keys = [f"{key} = {value.replace('%', '%%')}" for key, value in there_ini.items()]
    path.write_text("\n".join(["[app:main]", "use = egg:extension-registry", *keys, ""]))
    monkeypatch.setattr("registry.mirroring.follow.TRIES", 1)

    def run(
        *options: object,
        root: Path | None = chain.root,
        signed: bool = True,
        pauses: threading.Event | None = None,
    ) -> Result:
        if signed:
            sign()
        trusted = ["--root", root] if root else []
        arguments = ["mirror", source.url, *trusted, *options, path]
        answer = CliRunner().invoke(registry, [str(argument) for argument in arguments], obj=pauses)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.output
        return answer

    return run


@pytest.fixture
def copy(there_ini: dict[str, str]) -> Iterator[Configurator]:
    """The application of the mirror, configured."""
    config = configure({**there_ini})
    yield config
    config.registry["downloads"].close()
    config.registry["database"].dispose()


@pytest.fixture
def copy_app(copy: Configurator) -> webtest.TestApp:
    return webtest.TestApp(application(copy), extra_environ={"REMOTE_ADDR": "127.0.0.1"})


@pytest.fixture
def copy_database(copy: Configurator) -> Database:
    database: Database = copy.registry["database"]
    return database


@pytest.fixture
def publish(app: webtest.TestApp, accounts, work) -> Callable[[bytes], None]:
    """Publishes a package at the source, by ann, and signs it."""

    def run(data: bytes) -> None:
        app.post("/api/v4/extensions/", data, headers=accounts.bearer("ann"), status=202)
        work()

    return run
