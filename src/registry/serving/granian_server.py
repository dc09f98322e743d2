"""granian as the server of an ini file: ``use = call:registry.serving.granian_server:factory``.

    host, port      where to listen
    workers         processes that answer requests
    threads         threads of each of them
    trusted_proxy   addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed

Each process builds an application of its own from the ini file, so none shares a connection or a lock
with another. A process that dies is replaced.
"""

import functools
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from registry.serving.lifeline import LONG_GRACE
from registry.settings import BadSetting

# The ini file says how to log; granian would set up handlers of its own beside it.
_NO_LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}


@dataclass(frozen=True)
class GranianServer:
    path: str
    host: str = "127.0.0.1"
    port: int = 6543
    workers: int = 2
    threads: int = 8
    trusted_proxy: tuple[str, ...] = ()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        # Imported here, before the processes part, the code is read once and its memory shared.
        importlib.import_module("registry.services")
        _end_while_starting()
        Granian(
            "registry",
            address=self.host,
            port=self.port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            websockets=False,
            workers=self.workers,
            blocking_threads=self.threads,
            log_dictconfig=_NO_LOGGING,
            # Below that it tells how it starts and stops, and advises on numbers that the ini file has chosen.
            log_level=LogLevels.error,
            respawn_failed_workers=True,
            workers_kill_timeout=round(LONG_GRACE) - 2,
        ).serve(
            target_loader=functools.partial(_application, self.path, self.trusted_proxy), wrap_loader=False
        )

    def __call__(self, _app: Any) -> None:
        """As `pserve` calls it, with an application that this process has no use for."""
        self.run()


def factory(global_config: dict[str, str], **options: str) -> GranianServer:
    """A ``paste.server_factory``. Raises BadSetting."""
    numbers = {name: options.pop(name) for name in ("port", "workers", "threads") if name in options}
    texts = {name: options.pop(name) for name in ("host",) if name in options}
    proxies = tuple(options.pop("trusted_proxy", "").split())
    if options:
        raise BadSetting(f"[server:main] {min(options)} is not an option of this server.")
    for name, text in numbers.items():
        if not text.isdecimal() or int(text) < 1:
            raise BadSetting(f"[server:main] {name} is {text!r}; it must be a whole number above 0.")
    counts = {name: int(text) for name, text in numbers.items()}
    return GranianServer(global_config["__file__"], trusted_proxy=proxies, **texts, **counts)  # type: ignore[arg-type]


def _application(path: str, trusted_proxy: tuple[str, ...]) -> Callable[..., Any]:
    """In a process of its own: the application of the ini file."""
    from pyramid.paster import get_app, setup_logging

    threading.Thread(target=_follow_parent, name="lifeline", daemon=True).start()
    setup_logging(path)
    app: Callable[..., Any] = get_app(path, "main")
    if trusted_proxy:
        app = wrap_wsgi_with_proxy_headers(app, list(trusted_proxy))
    return app


def _end_while_starting() -> None:
    """See to it that a process that is asked to end before it serves does so.

    From its parent it has handlers that only take note of the signal, and it would begin to serve after that.
    """
    ends = (signal.SIGTERM, signal.SIGINT)

    def heed() -> None:
        for number in ends:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ends) and None,
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ends) and None,
        after_in_child=heed,
    )


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
