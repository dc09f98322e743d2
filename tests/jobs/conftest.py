"""A worker's context over a fresh database, and versions that wait for their signature."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from registry import settings as reading
from registry.jobs import WorkerContext
from registry.jobs.worker import open_context
from registry.models import Database
from registry.settings import Settings
from support.publishing_rows import Publisher


@pytest.fixture
def ini(ini: dict[str, str]) -> dict[str, str]:
    return {"jobs.lease": "60"} | ini


@pytest.fixture
def settings(ini: dict[str, str]) -> Settings:
    return reading.read(ini)


@pytest.fixture
def context(ini: dict[str, str], settings: Settings, database: Database) -> WorkerContext:
    return dataclasses.replace(open_context(ini, settings), database=database)


@pytest.fixture
def publisher(context: WorkerContext) -> Publisher:
    return Publisher(context.database, context.storage)


@pytest.fixture
def row(database: Database) -> Callable[[type, int], Any]:
    """``row(Job, 7)``: that row as it is in the database now."""

    def read(model: type, key: int) -> Any:
        with database.reading_session() as session:
            found = session.get_one(model, key)
            session.expunge(found)
            return found

    return read
