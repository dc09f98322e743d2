"""The web process: the server and the application of an ini file, as `pserve` would put them together."""

import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from registry.serving.granian_server import GranianServer
from registry.serving.ini import IniFile
from registry.serving.preparation import check_address
from registry.settings import BadSetting

SERVER = "server:main"
_EVERYWHERE = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}  # noqa: S104


def run(ini: IniFile) -> None:
    """Serve until SIGTERM or SIGINT. Raises BadSetting, NotReady or OSError when it cannot."""
    ini.setup_logging()
    if (place := address(ini)) is not None:
        check_address(*place)
    server = _loaded(ini, lambda: ini.loader.get_wsgi_server("main"))
    if isinstance(server, GranianServer):
        server.run()
        return
    app = _loaded(ini, lambda: ini.loader.get_wsgi_app("main"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server(app)
    except ValueError as error:
        raise BadSetting(f"{ini.path}: [{SERVER}]: {error}") from error


def address(ini: IniFile) -> tuple[str, int] | None:
    """Where the server listens: host and port; None when it says so in some way of its own."""
    section = ini.section(SERVER)
    if "listen" in section or "unix_socket" in section:
        return None
    port = section.get("port", "")
    if not (port.isdecimal() and 0 < int(port) < 2**16):
        raise BadSetting(f"{ini.path}: [{SERVER}] port is {port!r}; it must be a number from 1 to 65535.")
    return section.get("host", "127.0.0.1"), int(port)


def answers(place: tuple[str, int] | None) -> bool:
    """Whether somebody listens there."""
    if place is None:
        return True
    host, port = place
    try:
        socket.create_connection((_EVERYWHERE.get(host, host), port), timeout=1).close()
    except OSError:
        return False
    return True


def _loaded(ini: IniFile, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (LookupError, ImportError) as error:
        text = " ".join(str(error).split())
        raise BadSetting(f"{ini.path}: {text}") from error
