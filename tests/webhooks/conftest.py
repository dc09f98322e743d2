import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine

from registry import settings
from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.models import now
from support import shelf

HOOKS = f"/api/v4/extensions/{shelf.PUBLIC}/webhooks/"
EVENTS = ["version.signed", "version.failed", "extension.state", "review.written"]


class Receiver:
    """An endpoint on loopback. ``heard`` is what came; ``answers`` are statuses to give, or bytes to say, once each."""

    def __init__(self):
        receiver, self.heard, self.answers, self.echo = self, [], [], True

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.heard.append((self.path, headers, body))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if callable(answer):
                    answer(self)
                    return
                self.send_response(answer)
                if 300 <= answer < 400:
                    self.send_header("Location", receiver.url)
                said = json.loads(body)["data"].get("challenge", "") if receiver.echo else ""
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def types(self):
        return [json.loads(body)["type"] for _, _, body in self.heard]


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def ini(ini):
    return ini | {"webhooks.allow_local": "true"}


@pytest.fixture
def context(ini):
    context = open_context(ini, settings.read(ini))
    yield context
    context.database.dispose()


@pytest.fixture
def work(context):
    return lambda: runner.run_due(context)


@pytest.fixture
def ann(app, accounts, work):
    """The owner of an extension, as headers."""
    shelf.stock(app, accounts, work)
    work()
    return accounts.bearer(shelf.OWNER)


@pytest.fixture
def hook(app, ann, receiver):
    """Make a webhook; the answer."""

    def make(path=HOOKS, headers=None, **fields):
        body = {"url": receiver.url, "events": EVENTS, **fields}
        return app.post_json(path, body, headers=headers or ann, status=201).json

    return make


@pytest.fixture
def later():
    """A context in which it is so much later than when the test began."""
    began = now()
    return lambda **delta: time_machine.travel(began + datetime.timedelta(**delta))


@pytest.fixture
def local(app):
    """The path of an address of the registry."""
    return lambda url: url.removeprefix("http://127.0.0.1:6543")
