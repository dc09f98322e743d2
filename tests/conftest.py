"""Fixtures every test may use.

`database_url`  a migrated database without rows, of this test alone; SQLite, or PostgreSQL when the
                environment variable TEST_DATABASE_URL names a server where databases may be created
`blank_url`     a database without tables, for tests of the schema itself
`database`      the `Database` behind `database_url`
`ini`           the [app:main] section of an ini file over `database_url` and folders in `tmp_path`
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import migrations
from registry.models import Database
from support import databases

SERVER = os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database, made once by each test process."""
    if SERVER:
        with databases.created(SERVER) as url:
            migrations.upgrade(url)
            yield url
    else:
        url = _sqlite(tmp_path_factory.mktemp("template"))
        migrations.upgrade(url)
        yield url


@pytest.fixture
def database_url(_template: str, tmp_path: Path) -> str:
    if SERVER:
        # Emptying takes a hundredth of the time that a new database takes.
        databases.empty(_template)
        return _template
    url = _sqlite(tmp_path)
    shutil.copyfile(_template.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
    return url


@pytest.fixture
def blank_url(tmp_path: Path) -> Iterator[str]:
    if SERVER:
        with databases.created(SERVER) as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path}/blank.sqlite"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def ini(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "sqlalchemy.url": database_url,
        "registry.secret": "a-secret-for-tests-only-of-forty-characters",
        "registry.storage": f"file:{tmp_path}/store",
        "signing.issuer": f"pem:{tmp_path}/signing",
    }


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/registry.sqlite"
