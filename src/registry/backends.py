"""What a request can reach: settings, the database, the store, the alarm clock of the jobs.

``request.read`` is a connection for reading that lives as long as the request; writing is
``request.database.write``.
"""

import threading
from typing import Any

from pyramid.request import Request
from sqlalchemy import Connection

from registry.alarm import Alarm
from registry.models import Database
from registry.oidc import Pipelines, open_providers
from registry.sealing import Sealer
from registry.settings import read
from registry.storage import open_storage
from registry.webhooks import system


def _read(request: Request) -> Connection:
    connection: Connection = request.database.read()
    request.add_finished_callback(lambda _: connection.close())
    return connection


def furnish(registry: Any, ini: dict[str, str]) -> None:
    """Open what everything else is made of. Raises ``settings.BadSetting``."""
    settings = registry["settings"] = read(ini)
    registry["database"] = Database(ini["sqlalchemy.url"])
    registry["storage"] = open_storage(settings.storage)
    registry["resolver"] = system
    registry["sealer"] = Sealer(settings.secret)
    registry["alarm"] = Alarm(ini)
    registry["providers"] = open_providers(settings.providers, settings.public_url)
    registry["pipelines"] = Pipelines(settings.trusted_issuers)
    registry["waiters"] = threading.BoundedSemaphore(settings.long_poll_waiters)


def includeme(config: Any) -> None:
    for name in ("settings", "database", "storage", "sealer"):
        config.add_request_method(lambda request, name=name: request.registry[name], name, property=True)
    config.add_request_method(lambda request: request.settings.public_url, "public_url", property=True)
    config.add_request_method(_read, "read", reify=True)
