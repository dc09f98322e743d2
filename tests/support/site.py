"""A web site on loopback whose answers a test decides."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Answer(NamedTuple):
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}


@contextlib.contextmanager
def site(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """Its address; ``answer`` is called with the path and the headers of each request, by its threads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = answer(self.path, {key.lower(): value for key, value in self.headers.items()})
            self.send_response(given.status)
            for key, value in ({"Content-Length": str(len(given.body))} | given.headers).items():
                self.send_header(key, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(given.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
