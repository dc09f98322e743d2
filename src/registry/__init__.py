"""The extension registry: a tree of resources spoken to over JSON, and a worker that signs what comes in."""

import gc
from typing import Any


def main(global_config: Any, **ini: str) -> Any:
    """The WSGI application of an ini file's ``[app:main]`` (a ``paste.app_factory``).

    For development the tables are made where they are missing, so that `pserve development.ini` works at once.
    """
    # Imported here, since every command imports this package, and few of them need all that the application does.
    from registry import wsgi

    config = wsgi.configure(ini)
    if not config.registry["settings"].production:
        from registry import migrations  # production need not wait for it

        migrations.upgrade(ini["sqlalchemy.url"])
    made = wsgi.application(config)
    # All of this stays as long as the process; the collector would go through it again and again.
    gc.collect()
    gc.freeze()
    return made
