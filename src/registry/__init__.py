"""The extension registry: a tree of resources spoken to over JSON, and a worker that signs what comes in."""

from typing import Any

from pyramid.config import Configurator

from registry import settings as ini_settings


def main(global_config: Any, **ini: str) -> Any:
    """The WSGI application of an ini file's ``[app:main]`` (a ``paste.app_factory``).

    For development the tables are made where they are missing, so that `pserve development.ini` works at once.
    """
    config = configure(ini)
    if not config.registry["settings"].production:
        from registry import migrations  # production need not wait for it

        migrations.upgrade(ini["sqlalchemy.url"])
    return config.make_wsgi_app()


def configure(ini: dict[str, str]) -> Configurator:
    """A committed Configurator. Raises ``settings.BadSetting``.

    No module of the signing craft is part of it: the web process has no key to lose.
    """
    config = Configurator(settings={**ini, "handle_exceptions": "false"})
    config.registry["settings"] = ini_settings.read(ini)
    config.include("cornice")
    for part in ("backends", "rendering", "errors", "security", "edge", "cors", "services"):
        config.include(f"registry.{part}")
    config.commit()
    return config
