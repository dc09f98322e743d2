"""The application of an ini file, in a hundredth of the time.

What a Configurator makes of 600 views is the same for every ini file, and takes it half a second. So each process
has it made once, by `registry.wsgi.configure`; every test gets it with its own database, settings and other parts. Only
keys that Pyramid itself reads (``pyramid.…``) have no effect here.
"""

import functools
import tempfile
from typing import Any

from pyramid.config import Configurator
from pyramid.config.settings import Settings
from pyramid.registry import Registry

from registry import wsgi

SECRET = "a-secret-for-tests-only-of-forty-characters"


def configure(ini: dict[str, str]) -> Configurator:
    """As `registry.wsgi.configure`, with a queue in memory. Raises ``settings.BadSetting``."""
    ini = {**ini, "huey.class": "huey.MemoryHuey"}
    made: Any = Registry.__new__(Registry)
    vars(made).update(vars(_made_once()))
    made._settings = Settings(ini)
    wsgi.furnish(made, ini)
    return Configurator(registry=made)


@functools.cache
def _made_once() -> Registry:
    with tempfile.TemporaryDirectory() as folder:
        config = wsgi.configure(
            {
                "sqlalchemy.url": f"sqlite:///{folder}/none.sqlite",
                "registry.secret": SECRET,
                "registry.storage": f"file:{folder}/store",
                "huey.class": "huey.MemoryHuey",
            }
        )
        config.registry["downloads"].close()
        config.registry["database"].dispose()
    return config.registry
